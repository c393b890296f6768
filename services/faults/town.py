"""The town of one trial: PostgreSQL, Redis, four databases, each service a process or several, and the way to them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url

from services.faults import evidence, process
from services.faults.process import NeverCameError, Replica, free_port
from services.parts import SERVICES, migrate_all
from services.seeding import seed_ward
from services.stack import make_databases, make_settings
from shared import clock
from shared.embedded import EmbeddedPostgres, EmbeddedRedis
from shared.settings import Settings
from shared.spine import Names, connect_redis

PREFIX: Final = "faults"
NEW_TYPE: Final = ("casework", "outreach.visit_started")
"""What the version that runs at the beginning does not hear yet; the trial's upgrade brings it."""

_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@dataclass(slots=True)
class Town:
    """Everything that can be broken. ``replicas`` are those started and not taken away, dead ones too."""

    folder: Path
    postgres: EmbeddedPostgres
    redis_server: EmbeddedRedis
    settings: dict[str, Settings]
    ports: dict[str, int]
    replicas: dict[str, list[Replica]] = field(default_factory=lambda: {service: [] for service in SERVICES})
    flaws: dict[str, tuple[str, ...]] = field(default_factory=lambda: {NEW_TYPE[0]: (f"without:{NEW_TYPE[1]}",)})
    """Of the version that is in use; emptied by the upgrade."""
    replayed_up_to: int = 0
    """Where the upgraded reader's cursor stood: the new type's older facts come later than their neighbours."""
    redis: Redis = field(init=False)

    def __post_init__(self) -> None:
        self.redis = connect_redis(self.redis_server.url)

    # -- processes -------------------------------------------------------------------------------------------------

    def start(
        self,
        service: str,
        *,
        port: int | None = None,
        flaws: tuple[str, ...] = (),
        extra: Mapping[str, str] | None = None,
    ) -> Replica:
        """Start a replica of the version in use; the first of a service stands where the others look for its feed."""
        replica = process.start(
            service,
            port or self.ports[service],
            settings=self.folder / "settings" / service,
            log=self.folder / f"{service}.log",
            flaws=(*self.flaws.get(service, ()), *flaws),
            extra=extra or {},
        )
        self.replicas[service] = [*(one for one in self.replicas[service] if not one.gone), replica]
        return replica

    def start_beside(self, service: str, **more: Any) -> Replica:
        """One more replica, on a port of its own."""
        return self.start(service, port=free_port(), **more)

    def main(self, service: str) -> Replica:
        """The replica whose feed the others read."""
        return next(one for one in reversed(self.replicas[service]) if one.port == self.ports[service])

    async def restart(self, service: str) -> None:
        """End the main replica as an operator would, and start it again."""
        await self.main(service).terminate()
        self.start(service)

    async def well(self, *services: str, seconds: float = 90.0) -> None:
        """Wait until every replica of these services (all, if none is named) is healthy."""
        for service in services or SERVICES:
            for replica in self.replicas[service]:
                if not replica.gone:
                    await until(replica.healthy, f"{service} is healthy", seconds)

    def kill_all(self) -> None:
        """End every process of the town."""
        for replicas in self.replicas.values():
            for replica in replicas:
                replica.kill()

    # -- servers -----------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def admin(self, database: str | None = None) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A connection of the superuser, to one service's database or to PostgreSQL's own."""
        url = make_url(self.postgres.url).set(drivername="postgresql")
        if database is not None:
            url = url.set(database=f"{PREFIX}_{database}")
        connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=30)
        try:
            yield connection
        finally:
            await connection.close()

    @property
    def names(self) -> Names:
        """What streams are called."""
        return Names(next(iter(self.settings.values())).municipality)

    async def heads(self) -> dict[str, int]:
        """The last position of each log."""
        found = {}
        for service in SERVICES:
            async with self.admin(service) as connection:
                found[service] = int(await connection.fetchval("SELECT position FROM log_head"))
        return found

    async def at_rest(self) -> str | None:
        """What still has to come, in words; None when every reader is at every head and every stream is its log."""
        try:
            heads: dict[str, Any] = {}
            cursors: dict[str, Any] = {}
            for service in SERVICES:
                async with self.admin(service) as connection:
                    heads[service] = await connection.fetchrow(_HEAD)
                    cursors[service] = await connection.fetch(_CURSORS)
            for service, head in heads.items():
                if head["state"] != "ok" or head["unplaced"] or head["replaying"]:
                    return f"{service}'s log ({head['state']}, {head['unplaced']} without position)"
                tail: Any = await self.redis.xrevrange(self.names.stream(service), count=1)
                if not tail or tail[0][0] != f"{head['position']}-0".encode():
                    return f"{service}'s stream ({tail[0][0].decode() if tail else 'empty'} of {head['position']})"
            for service, rows in cursors.items():
                for row in rows:
                    head = heads[row["source"]]
                    here = (row["position"], row["event_id"], row["state"], row["open_parked"])
                    if here != (head["position"], head["event_id"], "ok", 0):
                        state = f"{row['state']}, {row['open_parked']} parked"
                        return f"{service} at {row['source']}:{row['position']} of {head['position']} ({state})"
        except (*_ERRORS, RedisError) as error:
            return f"a server ({type(error).__name__})"
        return None


@contextlib.asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """Start everything in ``folder``, with the ward's staff and no household; end it all after the block."""
    postgres, redis = EmbeddedPostgres(folder), EmbeddedRedis(folder)
    async with contextlib.AsyncExitStack() as undo:
        for server in (postgres, redis):
            undo.push_async_callback(asyncio.to_thread, server.stop)
            await asyncio.to_thread(server.start)
        ports = {service: free_port() for service in SERVICES}
        addresses = {service: f"http://127.0.0.1:{port}/{service}" for service, port in ports.items()}
        urls = await make_databases(postgres.url, PREFIX)
        settings = make_settings(folder, "http://127.0.0.1", urls, redis.url, {"urls": addresses})
        await migrate_all(settings)
        await seed_ward(settings, households=0)
        running = Town(folder, postgres, redis, settings, ports)
        undo.push_async_callback(running.redis.aclose)
        undo.callback(running.kill_all)
        for service in SERVICES:
            async with running.admin(service) as connection:
                await evidence.install(connection, service)
                if service == NEW_TYPE[0]:  # the ward's staff came by the whole version; none of this type did
                    await connection.execute(_OLDER, NEW_TYPE[1])
            _write_settings(folder / "settings" / service, settings[service])
        for service in SERVICES:
            running.start(service)
        await running.well()
        yield running


def _write_settings(folder: Path, settings: Settings) -> None:
    """A service's settings as files, as its container has them."""
    folder.mkdir(parents=True)
    for name, value in settings.model_dump(exclude_unset=True, exclude_none=True).items():
        file = folder / f"kasane_{name}"
        file.touch(mode=0o600)
        file.write_text(value if isinstance(value, str) else json.dumps(value))


async def until(condition: Callable[[], Awaitable[object]], what: str, seconds: float = 60.0) -> None:
    """Wait for something that must come. Raises NeverCameError."""
    ends = clock.monotonic() + seconds
    while not await condition():
        if clock.monotonic() > ends:
            raise NeverCameError(f"after {seconds:g} s it is still not so that {what}")
        await asyncio.sleep(0.05)


class Edge(httpx.AsyncBaseTransport):
    """What a reverse proxy is in a real town: the way from an address to whichever replica of the service answers."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._inner = httpx.AsyncHTTPTransport()
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the next replica that takes the connection; ConnectError when none does."""
        service = request.url.path.split("/")[1]
        replicas = [replica for replica in self._town.replicas[service] if not replica.gone]
        self._turn += 1
        failure = httpx.ConnectError(f"no replica of {service} runs", request=request)
        for place in range(len(replicas)):
            replica = replicas[(self._turn + place) % len(replicas)]
            there = httpx.Request(
                request.method,
                request.url.copy_with(host="127.0.0.1", port=replica.port),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
            try:
                return await self._inner.handle_async_request(there)
            except httpx.ConnectError as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        """Give all connections back."""
        await self._inner.aclose()


_HEAD = """
    SELECT position, event_id, state, (SELECT count(*) FROM event_log AS line WHERE line.position IS NULL) AS unplaced,
           (SELECT count(*) FROM replay) AS replaying
    FROM log_head
"""
_OLDER = "UPDATE cursor SET types = array_remove(types, $1) WHERE $1 = ANY(types)"
_CURSORS = "SELECT source, position, event_id, state, open_parked FROM cursor"
