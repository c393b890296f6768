"""The four services, each a process of its own, on embedded servers that note when each transaction committed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from services.faults import process
from services.faults.process import NeverCameError, Replica, free_port
from services.parts import SERVICES, migrate_all
from services.seeding import seed_ward
from services.stack import make_databases, make_settings
from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from shared import clock
from shared.embedded import EmbeddedPostgres, EmbeddedRedis
from shared.settings import Settings
from tests.bench.folder import temporary_folder

_POSTGRES = {"track_commit_timestamp": "on", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}
_PATIENCE = 90.0


@dataclass(slots=True)
class Town:
    """Where the services answer, and their databases."""

    settings: dict[str, Settings]
    ports: dict[str, int]
    folder: Path
    replicas: dict[str, Replica] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    async def start(self, service: str) -> Replica:
        """Start a service that is not running; it is well when this returns."""
        place = self.folder / "settings" / service
        log = self.folder / f"{service}.log"
        self.replicas[service] = process.start(service, self.ports[service], settings=place, log=log, extra={})
        await _well(self.replicas[service])
        return self.replicas[service]

    async def only(self, service: str) -> Replica:
        """Leave ``service`` alone on the machine, so that nobody else's work is measured with its own."""
        for replica in self.replicas.values():
            if replica.service != service:
                await replica.terminate()
        running = self.replicas[service]
        return await self.start(service) if running.gone else running

    def kill(self, service: str) -> None:
        """End a service, if it runs."""
        if service in self.replicas:
            self.replicas[service].kill()

    async def person(self, code: str) -> Person:
        """Whoever holds this post, signed in."""
        if code not in self.people:
            self.people[code] = Person(POST_BY_CODE[code], "http://127.0.0.1", transport=_Edge(self.ports))
            self.people[code].http.timeout = httpx.Timeout(_PATIENCE)  # a slow answer is a figure, not an error
            await self.people[code].sign_in()
        return self.people[code]


class _Edge(httpx.AsyncBaseTransport):
    """The way from an address to the service whose prefix it has, as the reverse proxy of a ward goes it."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        port = self._ports[request.url.path.split("/")[1]]
        there = httpx.Request(
            request.method,
            request.url.copy_with(port=port),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await self._inner.handle_async_request(there)

    async def aclose(self) -> None:
        await self._inner.aclose()


@contextlib.asynccontextmanager
async def town() -> AsyncIterator[Town]:
    """Start everything with the made-up ward's staff and no household; end it all after the block."""
    async with contextlib.AsyncExitStack() as undo:
        folder = undo.enter_context(temporary_folder())
        postgres, redis = EmbeddedPostgres(folder, options=_POSTGRES), EmbeddedRedis(folder)
        for server in (postgres, redis):
            undo.push_async_callback(asyncio.to_thread, server.stop)
            await asyncio.to_thread(server.start)
        ports = {service: free_port() for service in SERVICES}
        addresses = {service: f"http://127.0.0.1:{port}/{service}" for service, port in ports.items()}
        urls = await make_databases(postgres.url, "bench")
        settings = make_settings(folder, "http://127.0.0.1", urls, redis.url, {"urls": addresses})
        await migrate_all(settings)
        await seed_ward(settings, households=0)
        running = Town(settings, ports, folder)
        for service in SERVICES:
            _write_down(folder / "settings" / service, settings[service])
            undo.callback(running.kill, service)
            await running.start(service)
        yield running
        for person in running.people.values():
            await person.http.aclose()


def _write_down(place: Path, settings: Settings) -> None:
    place.mkdir(parents=True)
    for name, value in settings.model_dump(exclude_unset=True, exclude_none=True).items():
        file = place / f"kasane_{name}"
        file.touch(mode=0o600)
        file.write_text(value if isinstance(value, str) else json.dumps(value))


async def _well(replica: Replica) -> None:
    ends = clock.monotonic() + _PATIENCE
    while not await replica.healthy():
        if clock.monotonic() > ends:
            raise NeverCameError(f"{replica.service} is not healthy after {_PATIENCE:g} s")
        await asyncio.sleep(0.05)
