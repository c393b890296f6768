"""What the trials of the spine stand on: services with nothing but a spine, and a table that shows every effect."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import clock
from shared.credentials import Credentials
from shared.db import Database, SharedBase
from shared.events import SERVICES
from shared.events.intake import HouseholdChanged
from shared.keys import make_key, public_of
from shared.settings import Settings
from shared.spine import Received, Spine, SpineBase, Subscriptions, ensure_partitions, feed_router, hold, record

KEYS = {service: make_key() for service in SERVICES}
EFFECT = """
    CREATE TABLE effect (n bigserial PRIMARY KEY, source text, position bigint, event_id uuid, subject text, word text)
"""
"""No unique constraint: what is done twice must be seen."""

_INSERT = text(
    "INSERT INTO effect (source, position, event_id, subject, word) VALUES (:source, :position, :id, :subject, :word)"
)


async def furnish(url: str) -> None:
    """The tables of the spine and ``effect``, in an empty database."""
    db = Database(url, pool_size=1)
    async with db.engine.begin() as connection:
        for metadata in (SpineBase.metadata, SharedBase.metadata):
            await connection.run_sync(metadata.create_all)
        await connection.execute(text(EFFECT))
        await ensure_partitions(connection, clock.today())
    await db.close()


async def note(session: AsyncSession, heard: Received[Any], word: str | None = None) -> None:
    """Leave a trace of one application."""
    values = {
        "source": heard.source,
        "position": heard.position,
        "id": heard.id,
        "subject": heard.envelope.subjects[0],
        "word": word or getattr(heard.event, "number", heard.envelope.type),
    }
    await session.execute(_INSERT, values)


def noting(service: str = "casework") -> Subscriptions:
    """A service that notes each ``household_changed``."""
    subscriptions = Subscriptions(service)

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        await note(session, heard)

    return subscriptions


async def change(db: Database, household: UUID, word: str) -> UUID:
    """State ``household_changed``; ``word`` tells it from others."""
    async with db.transaction() as session:
        await hold(session, household)
        return (await record(session, HouseholdChanged(household=household, number=word))).id


class Showing(httpx.Auth):
    """A reader of intake's feed that shows a new credential with each question."""

    def __init__(self, settings: Settings, reader: str) -> None:
        self._credentials = Credentials(settings, reader)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["authorization"] = f"Bearer {self._credentials.for_feed('intake')}"
        yield request


class Doors(httpx.AsyncBaseTransport):
    """HTTP between services of one process: by host name to the application, without sockets."""

    def __init__(self) -> None:
        self.apps: dict[str, httpx.ASGITransport] = {}
        self.shut: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host not in self.apps or host in self.shut:
            raise httpx.ConnectError("nobody there", request=request)
        return await self.apps[host].handle_async_request(request)


@dataclass
class Books:
    """What stands in one service's database."""

    service: str
    db: Database

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.db.read() as session:
            return list((await session.execute(text(query), values)).all())

    async def one(self, query: str, **values: Any) -> Any:
        (row,) = await self.rows(query, **values)
        return row[0]

    async def run(self, statement: str, **values: Any) -> None:
        async with self.db.transaction() as session:
            await session.execute(text(statement), values)

    async def effects(self) -> list[Any]:
        return await self.rows("SELECT position, event_id, subject, word FROM effect ORDER BY n")

    async def log(self) -> list[Any]:
        return await self.rows("SELECT position, id, subject, data->>'number' FROM event_log ORDER BY position, log_id")


@dataclass
class Node(Books):
    """One replica of one service, in this process."""

    spine: Spine
    app: FastAPI


@dataclass
class Rig:
    """A made-up municipality: some services, one Redis number, feeds without sockets."""

    make_database: Callable[..., Awaitable[str]]
    redis_url: str | None
    municipality: str = field(default_factory=lambda: f"{uuid.uuid4().int % 10**6:06d}")
    doors: Doors = field(default_factory=Doors)
    urls: dict[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    async def node(self, subscriptions: Subscriptions | str, *, redis: bool = True, door: str | None = None) -> Node:
        """One more replica; the first of a service brings its database."""
        if isinstance(subscriptions, str):
            subscriptions = Subscriptions(subscriptions)
        service = subscriptions.service
        if service not in self.urls:
            self.urls[service] = await self.make_database("spine", furnish)
        db = Database(self.urls[service], pool_size=4)
        spine = Spine(self.settings(service, redis=redis), service, db, subscriptions, feed_transport=self.doors)
        app = FastAPI()
        app.state.service = SimpleNamespace(spine=spine)
        app.include_router(feed_router())
        self.doors.apps[door or service] = httpx.ASGITransport(app)
        node = Node(service, db, spine, app)
        self.nodes.append(node)
        return node

    def settings(self, service: str, *, redis: bool = True) -> Settings:
        return Settings(
            municipality=self.municipality,
            database_url=self.urls[service],
            redis_url=self.redis_url if redis else None,
            urls={name: f"http://{name}" for name in SERVICES},
            service_key=KEYS[service],
            service_keys={name: public_of(key) for name, key in KEYS.items()},
        )

    async def close(self) -> None:
        for node in self.nodes:
            await node.spine.stop()
            await node.db.close()


async def until(condition: Callable[[], Awaitable[object]], what: str, seconds: float = 60.0) -> None:
    """Wait for something that must come; fails with ``what`` when it does not."""
    ends = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < ends, f"never: {what}"
        await asyncio.sleep(0.02)


async def compare(producer: Books, consumer: Books, *, without: Iterable[str] = (), beside: Iterable[Any] = ()) -> None:
    """Nothing lost, nothing doubled, order kept for each household: the effects against the log as the model.

    ``without``: words of the log that have no effect. ``beside``: effects that have no line in the log.
    """
    lines = await producer.log()
    assert [line[0] for line in lines] == list(range(1, len(lines) + 1)), "positions have a gap"
    missing = set(without)
    promised, done = defaultdict(list), defaultdict(list)
    for _position, event_id, subject, word in lines:
        if word is not None and word not in missing:
            promised[subject].append((event_id, word))
    passed_over = {effect[1] for effect in beside}
    for _position, event_id, subject, word in await consumer.effects():
        if event_id in passed_over:
            continue
        done[subject].append((event_id, word))
    assert done == promised


async def caught_up(producer: Books, consumer: Books, seconds: float = 90.0) -> None:
    """Wait until all that was recorded is placed and followed."""

    async def there() -> bool:
        if await producer.one("SELECT count(*) FROM event_log WHERE position IS NULL"):
            return False
        heads = await producer.rows("SELECT position, event_id FROM log_head")
        at = await consumer.rows(
            "SELECT position, event_id FROM cursor WHERE source = :source", source=producer.service
        )
        return at == heads

    await until(there, f"{consumer.service} at the head of {producer.service}", seconds)


@asynccontextmanager
async def running(*nodes: Node) -> AsyncIterator[None]:
    """Let replicas live for a while."""
    for node in nodes:
        await node.spine.start()
    try:
        yield
    finally:
        for node in nodes:
            await node.spine.stop()


def households(count: int) -> list[UUID]:
    return [uuid.uuid4() for _ in range(count)]
