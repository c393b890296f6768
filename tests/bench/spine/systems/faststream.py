"""FastStream as its tutorial says: publish after the commit, a plain subscriber of the stream."""

from __future__ import annotations

import asyncio
from typing import Any

from faststream.redis import RedisBroker, StreamSub

from tests.bench.spine.driving import Producer
from tests.bench.spine.systems.sessions import UPSERT_ONE, CommitThenSend, effect, sessions
from tests.bench.spine.workload import Order


class Publishing(CommitThenSend):
    """The tutorial's publisher."""

    def __init__(self, order: Order) -> None:
        self._broker = RedisBroker(order.redis_url, logger=None)  # type: ignore[arg-type] # None: be silent
        super().__init__(order.producer_url, lambda data: self._broker.publish(data, stream=order.name))

    async def start(self) -> None:
        """Connect."""
        await self._broker.start()


def producer(order: Order) -> Producer:
    """The producing side."""
    return Publishing(order)


async def consume(order: Order) -> None:
    """Every message in a transaction of its own; from the stream's beginning, for a backlog is to be worked off."""
    made = sessions(order.consumer_url)
    broker = RedisBroker(order.redis_url, logger=None)  # type: ignore[arg-type] # as above

    @broker.subscriber(stream=StreamSub(order.name, last_id="0"))
    async def handle(fact: dict[str, Any]) -> None:
        async with made.begin() as session:
            await session.execute(UPSERT_ONE, effect(fact))

    await broker.start()
    try:
        await asyncio.Event().wait()
    finally:
        await broker.stop()
