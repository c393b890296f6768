"""FastStream with what a careful user adds: an outbox with a relay, a consumer group, an inbox of ids."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from faststream import AckPolicy
from faststream.redis import RedisBroker, StreamSub
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from sqlalchemy import select, text, update

from tests.bench.spine.driving import Producer
from tests.bench.spine.systems.sessions import UPSERT_ONE, effect, sessions
from tests.bench.spine.transaction import Stated, rows_of
from tests.bench.spine.workload import Order

_GROUP = "consumers"
_BATCH = 100
_TAKE = text("INSERT INTO inbox (id) VALUES (:id) ON CONFLICT DO NOTHING RETURNING id")


class Outbox(Producer):
    """Writers, and a relay that is woken after their commits."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._sessions = sessions(order.producer_url)
        self._broker = RedisBroker(order.redis_url, logger=None)  # type: ignore[arg-type] # None: be silent
        self._bell = asyncio.Event()

    async def start(self) -> None:
        """Make the group, so that nothing is said before anybody hears, and start the relay."""
        await _make_group(self._order)
        await self._broker.start()
        self._relay = asyncio.create_task(self._follow())

    async def produce(self, numbers: Sequence[int]) -> None:
        """One transaction; the relay sends."""
        for n in numbers:
            async with self._sessions.begin() as session:
                session.add_all(rows_of(n))
            self._bell.set()

    async def _follow(self) -> None:
        unsent = select(Stated).where(~Stated.sent).order_by(Stated.log_id).limit(_BATCH)
        while True:
            self._bell.clear()
            async with self._sessions.begin() as session:
                rows = (await session.scalars(unsent.with_for_update(skip_locked=True))).all()
                for row in rows:
                    await self._broker.publish({"id": str(row.id), "data": row.data}, stream=self._order.name)
                if rows:
                    ids = [row.log_id for row in rows]
                    await session.execute(update(Stated).where(Stated.log_id.in_(ids)).values(sent=True))
            if not rows:
                await self._bell.wait()

    async def stop(self) -> None:
        """Let go."""
        self._relay.cancel()
        await self._broker.stop()


def producer(order: Order) -> Producer:
    """The producing side."""
    return Outbox(order)


async def consume(order: Order) -> None:
    """Every message in a transaction of its own with its line in the inbox, acknowledged after."""
    await _make_group(order)
    made = sessions(order.consumer_url)
    broker = RedisBroker(order.redis_url, logger=None)  # type: ignore[arg-type] # as above
    stream = StreamSub(order.name, group=_GROUP, consumer="one")

    @broker.subscriber(stream=stream, ack_policy=AckPolicy.NACK_ON_ERROR)
    async def handle(message: dict[str, Any]) -> None:
        async with made.begin() as session:
            if await session.scalar(_TAKE, {"id": UUID(message["id"])}) is not None:
                await session.execute(UPSERT_ONE, effect(message["data"]))

    await broker.start()
    try:
        await asyncio.Event().wait()
    finally:
        await broker.stop()


async def _make_group(order: Order) -> None:
    async with Redis.from_url(order.redis_url) as redis:
        try:
            await redis.xgroup_create(order.name, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
