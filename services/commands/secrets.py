"""``./kasane secrets``: passwords and keys for the containers, one folder for each that mounts it.

The folder itself is closed to others (0700); what lies inside may be read by whoever a container runs as. What exists
is kept: a second run makes only what is missing. Redis is told only the hashes of its users' passwords.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets as chance
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from services.commands.redis_users import acl_lines
from services.commands.trouble import Trouble, say
from services.parts import SERVICES, pem_of
from shared.settings import Settings

_NAME = re.compile(r"[a-z][a-z0-9-]{1,40}")


def run(folder: Path, *, reader: str | None = None, types: Sequence[str] = ()) -> int:
    """Make what is missing; say where. ``reader``: a partner's system, and the types it may read from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if reader is not None:
        _grant(folder, reader, types)
    made = _fill(folder)
    say(f"{made} files made in {folder.resolve()}" if made else f"{folder.resolve()} is complete")
    return 0


def _grant(folder: Path, reader: str, types: Sequence[str]) -> None:
    """Keep which types a partner may read. Raises Trouble for a name or a type that can't be."""
    if not _NAME.fullmatch(reader):
        msg = f"{reader!r} is no name for a reader: small letters, digits and hyphens"
        raise Trouble(msg)
    try:
        Settings(feed_readers={reader: list(types)})
    except ValidationError as error:
        msg = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise Trouble(msg) from None
    _write(folder / "readers" / reader / "types", json.dumps(sorted(types)))


def _fill(folder: Path) -> int:
    before = sum(1 for path in folder.rglob("*") if path.is_file())
    _once(folder / "postgres" / "superuser", chance.token_hex(24))
    passwords = {
        service: (
            _once(folder / "postgres" / service, chance.token_hex(24)),
            _once(folder / service / ".redis_password", chance.token_hex(24)),
            _once(folder / service / "kasane_feed_token", chance.token_urlsafe(32)),
        )
        for service in SERVICES
    }
    partners = {place.parent.name: json.loads(place.read_text()) for place in folder.glob("readers/*/types")}
    tokens = {service: feed for service, (_, _, feed) in passwords.items()} | {
        name: _once(folder / "readers" / name / "feed_token", chance.token_urlsafe(32)) for name in partners
    }
    hashes = json.dumps({reader: _sha256(feed) for reader, feed in tokens.items()})
    _once(folder / "casework" / "kasane_account_key", base64.b64encode(chance.token_bytes(32)).decode())
    private = _once(folder / "casework" / "kasane_signing_key", pem_of(Ed25519PrivateKey.generate())[0])
    public = pem_of(serialization.load_pem_private_key(private.encode(), None))[1]
    for service, (database, redis, _) in passwords.items():
        own = folder / service
        _write(
            own / "kasane_database_url",
            f"postgresql+asyncpg://kasane_{service}:{database}@postgres:5432/kasane_{service}",
        )
        _write(own / "kasane_redis_url", f"redis://{service}:{redis}@redis:6379/0")
        _write(own / "kasane_feed_token_hashes", hashes)
        _write(own / "kasane_feed_readers", json.dumps(partners))
        _write(own / "kasane_verifying_key", public)
    municipality = Settings().municipality
    users = acl_lines(municipality, {service: _sha256(redis) for service, (_, redis, _) in passwords.items()})
    _write(folder / "redis" / "users.acl", users)
    return sum(1 for path in folder.rglob("*") if path.is_file()) - before


def _once(file: Path, fresh: str) -> str:
    """The file's text, written now if there is none."""
    if not file.exists():
        _write(file, fresh)
    return file.read_text()


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o755)
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    file.chmod(0o644)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
