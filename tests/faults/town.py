"""Real processes of two services around one PostgreSQL and one Redis, and a steady load whose promises are kept."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database
from shared.keys import public_of
from tests.faults.process import main
from tests.spine.rig import KEYS, Books, change, furnish, households

FORGE = get_context("forkserver")
"""Processes begin as copies of one that has imported everything: a killed one is back in a moment."""
FORGE.set_forkserver_preload(["tests.faults.process"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Replica:
    """A process of one service."""

    service: str
    process: ForkServerProcess

    @property
    def gone(self) -> bool:
        return not self.process.is_alive()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        self.process.terminate()

    def _signal(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)


@dataclass
class Load:
    """Facts about a few households, written one after the other; what was answered is promised."""

    intake: Books
    homes: list[UUID]
    promised: dict[str, list[str]] = field(default_factory=dict)
    number: int = 0
    pause: float = 0.005
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def flow(self) -> None:
        """Write until it is enough."""
        while not self.enough.is_set():
            await self.write(1)

    async def write(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            home = self.homes[self.number % len(self.homes)]
            word = str(self.number)
            while True:
                try:
                    await change(self.intake.db, home, word)
                except (SQLAlchemyError, OSError):
                    known = await self._known(word)
                    if known is None:
                        await asyncio.sleep(0.1)
                        continue
                    if not known:
                        continue
                break
            self.promised.setdefault(str(home), []).append(word)
            await asyncio.sleep(self.pause)

    async def _known(self, word: str) -> bool | None:
        """Whether a write whose answer was lost has been done (a client would send its idempotency key again)."""
        try:
            return bool(
                await self.intake.one("SELECT count(*) FROM event_log WHERE data->>'number' = :word", word=word)
            )
        except (SQLAlchemyError, OSError):
            return None

    async def kept(self) -> None:
        """Each answered write is in the log once, in its household's order."""
        found: dict[str, list[str]] = {}
        for _position, _id, subject, word in await self.intake.log():
            if word is not None:
                found.setdefault(subject, []).append(word)
        assert found == self.promised


@dataclass
class Town:
    """The municipality of one trial."""

    make_database: Callable[..., Awaitable[str]]
    redis_url: str | None
    municipality: str = field(default_factory=lambda: f"{uuid.uuid4().int % 10**6:06d}")
    ports: dict[str, int] = field(default_factory=dict)
    books: dict[str, Books] = field(default_factory=dict)
    replicas: list[Replica] = field(default_factory=list)

    async def settle(self) -> tuple[Books, Books, Load]:
        """Databases for intake and casework, and a load of eight households."""
        for service in ("intake", "casework"):
            url = await self.make_database("spine", furnish)
            self.books[service] = Books(service, Database(url, pool_size=4))
            self.ports[service] = free_port()
        await self.books["intake"].run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())")
        return self.books["intake"], self.books["casework"], Load(self.books["intake"], households(8))

    def start(
        self, service: str, *, slow: float = 0.0, die: tuple[str, int] | None = None, port: int | None = None
    ) -> Replica:
        order: dict[str, Any] = {
            "service": service,
            "port": port or self.ports[service],
            "slow": slow,
            "die": die,
            "settings": {
                "municipality": self.municipality,
                "database_url": self.books[service].db.url,
                "redis_url": self.redis_url,
                "urls": {name: f"http://127.0.0.1:{port}/{name}" for name, port in self.ports.items()},
                "service_key": KEYS[service],
                "service_keys": {name: public_of(key) for name, key in KEYS.items()},
            },
        }
        process = FORGE.Process(target=main, args=(order,), daemon=True)
        process.start()
        replica = Replica(service, process)
        self.replicas.append(replica)
        return replica

    async def close(self) -> None:
        for replica in self.replicas:
            if not replica.gone:
                replica.kill()
        for books in self.books.values():
            await books.db.close()
