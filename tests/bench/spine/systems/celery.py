"""Celery with ``acks_late``: the transaction, then ``delay``; a worker with a child for each processor."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import celery
from celery.signals import worker_process_init
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from tests.bench.spine.driving import Producer
from tests.bench.spine.systems.sessions import UPSERT_ONE, effect
from tests.bench.spine.transaction import rows_of
from tests.bench.spine.workload import Order

_ORDER = Order.given()

app = celery.Celery("bench", broker=_ORDER.redis_url)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue=_ORDER.name,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)

_engines: dict[str, Engine] = {}


def _engine(url: str, size: int) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=size)


def _take_up(**_: Any) -> None:
    _engines["here"] = _engine(_ORDER.consumer_url, 1)


worker_process_init.connect(_take_up)


def _handle(fact: dict[str, Any]) -> None:
    with Session(_engines["here"]) as session, session.begin():
        session.execute(UPSERT_ONE, effect(fact))


handle = app.task(name="handle")(_handle)


class Delaying(Producer):
    """As many threads as the others have tasks: Celery is not asynchronous."""

    async def start(self) -> None:
        """Connect."""
        self._engine = _engine(_ORDER.producer_url, self.writers)
        self._threads = ThreadPoolExecutor(self.writers)

    def _produce(self, n: int) -> None:
        one, stated = rows_of(n)
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.add_all((one, stated))
        handle.delay(stated.data)

    async def produce(self, numbers: Any) -> None:
        """One transaction, one message."""
        for n in numbers:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._produce, n)

    async def flood(self, first: int, *, seconds: float | None = None, most: int | None = None) -> int:
        """The threads go by themselves: nothing of the event loop is on Celery's account."""
        ends = time.monotonic() + seconds if seconds is not None else float("inf")
        last = first + most if most is not None else None
        numbers = count(first)

        def write() -> int:
            made = 0
            while time.monotonic() < ends:
                n = next(numbers)
                if last is not None and n >= last:
                    break
                self._produce(n)
                made += 1
            return made

        loop = asyncio.get_running_loop()
        return sum(await asyncio.gather(*(loop.run_in_executor(self._threads, write) for _ in range(self.writers))))


def producer(_order: Order) -> Producer:
    """The producing side."""
    return Delaying()


def work(_order: Order) -> None:
    """``celery worker``, until it is terminated."""
    app.worker_main(["worker", "--loglevel=WARNING", "--without-gossip", "--without-mingle", "--queues", _ORDER.name])
