"""``./kasane secrets``: passwords and keys for the containers, one folder for each that mounts it.

The folder itself is closed to others (0700); what lies inside may be read by whoever a container runs as. What exists
is kept: a second run makes only what is missing. Redis is told only the hashes of its users' passwords.

``--renew`` makes a key or a partner's credential anew and lets the one before stand beside it; ``--retire`` ends that.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets as chance
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from services.commands.redis_users import acl_lines
from services.commands.trouble import Trouble, say
from services.parts import SERVICES
from shared.keys import make_key, public_of
from shared.settings import Settings

_NAME = re.compile(r"[a-z][a-z0-9-]{1,40}")


def run(
    folder: Path,
    *,
    reader: str | None = None,
    types: Sequence[str] = (),
    renew: str | None = None,
    retire: str | None = None,
) -> int:
    """Make what is missing; say where. ``reader``: a partner's system, and the types it may read from now on.

    ``renew``, ``retire``: ``signing`` (people's tokens), ``services`` (what services show each other) or a partner.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if reader is not None:
        _grant(folder, reader, types)
    if retire is not None:
        _retire(folder, retire)
    if renew is not None:
        _renew(folder, renew)
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


def _renew(folder: Path, what: str) -> None:
    """Put a key or credential aside, so that it is made anew; the one before is known for a while. Raises Trouble."""
    for file, before in _places_of(folder, what):
        if file.exists():
            secret = file.read_text()
            _write(before, public_of(secret) if before.suffix == ".pub" else secret)
            file.unlink()


def _retire(folder: Path, what: str) -> None:
    """Forget what was before. Raises Trouble."""
    for _, before in _places_of(folder, what):
        before.unlink(missing_ok=True)


def _places_of(folder: Path, what: str) -> list[tuple[Path, Path]]:
    """Where it lies, and where what was before it."""
    if what == "signing":
        return [(folder / "casework" / "kasane_signing_key", folder / "before" / "signing.pub")]
    if what == "services":
        return [(folder / name / "kasane_service_key", folder / "before" / f"{name}.pub") for name in SERVICES]
    partner = folder / "readers" / what
    if not (_NAME.fullmatch(what) and (partner / "types").exists()):
        msg = f"{what!r} can't be renewed: it is neither signing nor services nor a reader that was granted something"
        raise Trouble(msg)
    return [(partner / "feed_token", partner / "feed_token_before")]


def _fill(folder: Path) -> int:
    before = sum(1 for path in folder.rglob("*") if path.is_file())
    _once(folder / "postgres" / "superuser", chance.token_hex(24))
    passwords = {
        service: (
            _once(folder / "postgres" / service, chance.token_hex(24)),
            _once(folder / service / ".redis_password", chance.token_hex(24)),
        )
        for service in SERVICES
    }
    partners = {place.parent.name: json.loads(place.read_text()) for place in folder.glob("readers/*/types")}
    hashes = json.dumps({name: _hashes_of(folder / "readers" / name) for name in partners})
    _once(folder / "casework" / "kasane_account_key", base64.b64encode(chance.token_bytes(32)).decode())
    signing = folder / "casework" / "kasane_signing_key"
    public = _publics(signing, folder / "before" / "signing.pub")
    keys = json.dumps(
        {
            service: _publics(folder / service / "kasane_service_key", folder / "before" / f"{service}.pub")
            for service in SERVICES
        }
    )
    for service, (database, redis) in passwords.items():
        own = folder / service
        _write(
            own / "kasane_database_url",
            f"postgresql+asyncpg://kasane_{service}:{database}@postgres:5432/kasane_{service}",
        )
        _write(own / "kasane_redis_url", f"redis://{service}:{redis}@redis:6379/0")
        _write(own / "kasane_feed_token_hashes", hashes)
        _write(own / "kasane_feed_readers", json.dumps(partners))
        _write(own / "kasane_verifying_key", public)
        _write(own / "kasane_service_keys", keys)
        (own / "kasane_feed_token").unlink(missing_ok=True)  # how services read feeds before they had keys
    municipality = Settings().municipality
    users = acl_lines(municipality, {service: _sha256(redis) for service, (_, redis) in passwords.items()})
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


def _publics(private: Path, before: Path) -> str:
    """The public key of a private one, made now if there is none, and the one before it while that is known."""
    return public_of(_once(private, make_key())) + (before.read_text() if before.exists() else "")


def _hashes_of(partner: Path) -> list[str]:
    """Of a partner's credential, made now if there is none, and of the one before it while that is known."""
    tokens = [_once(partner / "feed_token", chance.token_urlsafe(32))]
    before = partner / "feed_token_before"
    return [_sha256(token) for token in (*tokens, *([before.read_text()] if before.exists() else []))]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
