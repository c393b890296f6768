"""taskiq on a Redis stream: the transaction, then ``kiq``; ``taskiq worker`` with its two processes."""

from __future__ import annotations

from typing import Any

from taskiq.cli.worker.args import WorkerArgs
from taskiq.cli.worker.run import run_worker
from taskiq_redis import RedisStreamBroker

from tests.bench.spine.driving import Producer
from tests.bench.spine.systems.sessions import UPSERT_ONE, CommitThenSend, effect, sessions
from tests.bench.spine.workload import Order

_ORDER = Order.given()
_sessions = sessions(_ORDER.consumer_url)

broker = RedisStreamBroker(_ORDER.redis_url, queue_name=_ORDER.name)


async def _handle(fact: dict[str, Any]) -> None:
    async with _sessions.begin() as session:
        await session.execute(UPSERT_ONE, effect(fact))


handle = broker.task(task_name="handle")(_handle)


class Kicking(CommitThenSend):
    """taskiq's client."""

    async def start(self) -> None:
        """Connect, which makes the consumer group."""
        await broker.startup()

    async def stop(self) -> None:
        """Let go."""
        await broker.shutdown()


def producer(order: Order) -> Producer:
    """The producing side."""
    return Kicking(order.producer_url, handle.kiq)


def work(_order: Order) -> None:
    """``taskiq worker``, until it is terminated."""
    run_worker(WorkerArgs(broker="tests.bench.spine.systems.taskiq:broker", modules=[], configure_logging=False))
