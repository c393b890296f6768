"""procrastinate: the transaction, then ``defer``; jobs lie in the producer's PostgreSQL and Redis has no part."""

from __future__ import annotations

from typing import Any

import procrastinate

from tests.bench.spine.driving import Producer
from tests.bench.spine.systems.sessions import UPSERT_ONE, CommitThenSend, effect, sessions
from tests.bench.spine.workload import Order

_ORDER = Order.given()
_AT_ONCE = 8
_sessions = sessions(_ORDER.consumer_url)

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=_ORDER.producer_url))


async def _handle(fact: dict[str, Any]) -> None:
    async with _sessions.begin() as session:
        await session.execute(UPSERT_ONE, effect(fact))


handle = app.task(name="handle")(_handle)


class Deferring(CommitThenSend):
    """procrastinate's client."""

    async def start(self) -> None:
        """Connect, and make its tables."""
        await app.open_async()
        await app.schema_manager.apply_schema_async()

    async def stop(self) -> None:
        """Let go."""
        await app.close_async()


def producer(order: Order) -> Producer:
    """The producing side."""
    return Deferring(order.producer_url, lambda data: handle.defer_async(fact=data))


async def consume(_order: Order) -> None:
    """Its worker, with eight jobs at once."""
    async with app.open_async():
        await app.run_worker_async(concurrency=_AT_ONCE, install_signal_handlers=False)
