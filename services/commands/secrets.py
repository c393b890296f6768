"""``./kasane secrets``: passwords and keys for the containers, one folder for each that mounts it.

The folder itself is closed to others (0700); what lies inside may be read by whoever a container runs as. What exists
is kept: a second run makes only what is missing. Redis is told only the hashes of its users' passwords.
"""

from __future__ import annotations

import hashlib
import json
import secrets as chance
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.commands.redis_users import acl_lines
from services.commands.trouble import say
from services.parts import SERVICES, pem_of
from shared.settings import Settings


def run(folder: Path) -> int:
    """Make what is missing; say where."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = _fill(folder)
    say(f"{made} files made in {folder.resolve()}" if made else f"{folder.resolve()} is complete")
    return 0


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
    hashes = json.dumps({service: _sha256(feed) for service, (_, _, feed) in passwords.items()})
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
