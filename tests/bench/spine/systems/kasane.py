"""Kasane's spine as the services use it: ``kasane`` records in an ORM session, ``kasane_bulk`` as the import does.

The producer's process runs relay and feed beside the writers, the consumer's process reader and transport, as in a
service. ``kasane`` handles one event a call, ``kasane_bulk`` a batch a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import statistics
import time
from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from sqlalchemy import column, insert, table, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database
from shared.events import HouseholdEvent
from shared.events.readers import READERS
from shared.keys import public_of
from shared.settings import Settings
from shared.spine import Fact, Received, Spine, Subscriptions, feed_router, hold, record, record_many
from tests.bench.spine.driving import Producer
from tests.bench.spine.transaction import Visit
from tests.bench.spine.workload import UPSERT, Order, event, visit

_REST = 0.02
"""Seconds; several times what a hop takes."""
_WARMING = 50_000_000
"""Numbers of visits that only warm up."""
_UPSERT = text(UPSERT.format(values=":n, :household, :kind, :planned_at"))
_UPSERT_MANY = text(
    UPSERT.replace("VALUES ({values})", "SELECT * FROM unnest({values})").format(
        values="CAST(:n AS bigint[]), CAST(:household AS uuid[]), CAST(:kind AS text[]),"
        " CAST(:planned_at AS timestamptz[])"
    )
)
_VISITS = table("visit", *(column(name) for name in visit(0)))


class VisitAsked(HouseholdEvent):
    """The event of the bench; only its own processes know it."""

    type = "intake.visit_asked_of_bench"

    n: int
    kind: str
    planned_at: datetime
    asked_by: UUID
    team: UUID
    members: list[UUID]
    concerns: list[str]
    area: str
    note_code: str


class Kasane(Producer):
    """A service with writers instead of requests."""

    def __init__(self, order: Order, *, bulk: bool) -> None:
        self._order, self._bulk = order, bulk
        self.writers, self.portion = (2, 500) if bulk else (8, 1)

    async def start(self) -> None:
        """Start relay and feed."""
        settings = _settings(self._order, self._order.producer_url)
        self._db = Database(settings.database_url, pool_size=settings.pool_size)
        self._spine = Spine(settings, "intake", self._db, Subscriptions("intake"))
        app = FastAPI()
        app.state.service = SimpleNamespace(spine=self._spine)
        app.include_router(feed_router(), prefix="/intake")
        self._server = uvicorn.Server(uvicorn.Config(app, port=self._order.port, log_level="error", access_log=False))
        self._serving = asyncio.create_task(self._server.serve())
        await self._spine.start()

    async def produce(self, numbers: Sequence[int]) -> None:
        """One transaction."""
        if self._bulk:
            await self._import(numbers)
            return
        for n in numbers:
            await self._commit(n, states=True)

    async def _import(self, numbers: Sequence[int]) -> None:
        async with self._db.transaction() as session:
            facts = [Fact(VisitAsked.model_validate(event(n))) for n in numbers]
            await hold(session, *(subject for fact in facts for subject in fact.event.subjects))
            await session.execute(insert(_VISITS), [visit(n) for n in numbers])
            await record_many(session, facts)

    async def compare(self, first: int, amount: int, *, warm: bool) -> list[float]:
        """Milliseconds of one transaction with its event and of the same without: two medians, taken in turns.

        Each begins when what the one before has set going is over: relay and reader share the processors with it.
        ``warm``: right after a transaction that counts for nothing, as on a server that has something to do.
        """
        spent: dict[bool, list[float]] = {True: [], False: []}
        for turn, n in enumerate(range(first, first + 2 * amount)):
            states = turn % 2 == 0
            await asyncio.sleep(_REST)
            if warm:
                await self._commit(n + _WARMING, states=False)
            begin = time.perf_counter()
            await self._commit(n, states=states)
            spent[states].append(time.perf_counter() - begin)
        return [statistics.median(times) * 1000 for times in spent.values()]

    async def _commit(self, n: int, *, states: bool) -> None:
        async with self._db.transaction() as session:
            if states:
                fact = VisitAsked.model_validate(event(n))
                await hold(session, fact.household)
            session.add(Visit(**visit(n)))
            if states:
                await record(session, fact)

    async def stop(self) -> None:
        """Stop as a service does."""
        await self._spine.stop()
        self._server.should_exit = True
        await self._serving
        await self._db.close()


def producer(order: Order) -> Producer:
    """The producing side."""
    return Kasane(order, bulk=order.system == "kasane_bulk")


async def consume(order: Order) -> None:
    """A service that keeps a projection."""
    settings = _settings(order, order.consumer_url)
    db = Database(settings.database_url, pool_size=settings.pool_size)
    subscriptions = Subscriptions("casework")
    (_batches if order.system == "kasane_bulk" else _one_by_one)(subscriptions)
    spine = Spine(settings, "casework", db, subscriptions)
    await spine.start()
    try:
        await asyncio.Event().wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await spine.stop()
        await db.close()


def _one_by_one(subscriptions: Subscriptions) -> None:
    @subscriptions.on(VisitAsked, projects=True)
    async def _(session: AsyncSession, heard: Received[VisitAsked]) -> None:
        await session.execute(_UPSERT, _effect(heard.event))


def _batches(subscriptions: Subscriptions) -> None:
    @subscriptions.on(VisitAsked, projects=True, batch=True)
    async def _(session: AsyncSession, heard: Sequence[Received[VisitAsked]]) -> None:
        effects = [_effect(one.event) for one in heard]
        await session.execute(_UPSERT_MANY, {name: [effect[name] for effect in effects] for name in effects[0]})


def _effect(fact: VisitAsked) -> dict[str, Any]:
    return {"n": fact.n, "household": fact.household, "kind": fact.kind, "planned_at": fact.planned_at}


def _key() -> str:
    """The reader's key: the same in each process of the bench."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the bench's reader").digest())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _settings(order: Order, database_url: str) -> Settings:
    READERS["intake"]["casework"] |= {VisitAsked.type}
    return Settings(
        municipality=order.name,
        database_url=database_url,
        redis_url=order.redis_url,
        urls={"intake": f"http://127.0.0.1:{order.port}/intake"},
        service_key=_key(),
        service_keys={"casework": public_of(_key())},
    )
