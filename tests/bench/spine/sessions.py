"""What is measured of one system in one round: a live session and the drain of a backlog, each on empty databases.

Every moment is PostgreSQL's own (``track_commit_timestamp``): when the transaction of the visit and that of its effect
committed. So nothing is measured inside the systems, and all by the same clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from redis.asyncio import Redis

from tests.bench.spine.databases import Room
from tests.bench.spine.processes import Process
from tests.bench.spine.workload import Order

_WARM = 100
_WATCH = 0.25


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done. Seconds of flood, events of backlog, events at 50 a second."""

    seconds: float = 3.0
    backlog: int = 4000
    paced: int = 500
    rate: float = 50.0
    compared: int = 300


@dataclass(frozen=True, slots=True)
class Live:
    """Figures of a live session. ``latencies`` in ms; ``doubled``: effects applied more than once."""

    latencies: list[float]
    events_per_second: float
    cpu_s_per_1000: float
    memory_mb: float
    doubled: int
    compared: dict[str, tuple[float, float]] = field(default_factory=dict)
    """warm, cold: ms of a transaction with its event, and without."""


class Ground:
    """The servers, and where each session's databases, queues and logs are."""

    def __init__(self, postgres_url: str, redis_url: str, folder: Path, python_of: dict[str, Path]) -> None:
        self._admin_url, self._redis_url = postgres_url, redis_url
        self._folder, self._python_of = folder, python_of
        self._numbers = itertools.count(1)

    async def live(self, system: str, scale: Scale) -> Live:
        """Pace, then flood; producers and consumers run together until the last effect has committed."""
        async with self._session(system) as (room, producer, consumer):
            await consumer.start()
            await producer.ask("flood", first=1, most=_WARM)
            await room.all_there(1, _WARM, consumer)
            first = 1_000
            paced = await producer.ask("pace", first=first, amount=scale.paced, rate=scale.rate)
            await room.all_there(first, paced, consumer)
            latencies = await room.latencies(first, paced)
            first = 100_000
            async with _watched(producer, consumer) as memory:
                before = _processor(producer, consumer)
                begin = await room.now()
                made = await producer.ask("flood", first=first, seconds=scale.seconds)
                end = await room.all_there(first, made, consumer)
                seconds = _processor(producer, consumer) - before
            compared = {}
            if system == "kasane" and scale.compared:
                for first, warm in ((5_000_000, True), (6_000_000, False)):
                    whole, without = await producer.ask("compare", first=first, amount=scale.compared, warm=warm)
                    compared["warm" if warm else "cold"] = (whole, without)
            return Live(
                latencies=latencies,
                events_per_second=made / (end - begin),
                cpu_s_per_1000=seconds / made * 1000,
                memory_mb=max(memory) / 1e6,
                doubled=await room.doubled(),
                compared=compared,
            )

    async def drain(self, system: str, backlog: int) -> float:
        """Effects a second while a consumer that was away works off a backlog, from its first commit to its last."""
        async with self._session(system) as (room, producer, consumer):
            await producer.ask("flood", first=1, most=backlog)
            await asyncio.sleep(0.5)  # a relay may still be at it
            await consumer.start()
            await room.all_there(1, backlog, consumer)
            return await room.drained()

    @contextlib.asynccontextmanager
    async def _session(self, system: str) -> AsyncIterator[tuple[Room, Process, Process]]:
        number = next(self._numbers)
        room = await Room.make(self._admin_url, f"bench_{os.getpid()}_{number}")
        async with Redis.from_url(self._redis_url) as redis:
            await redis.flushdb()
        order = Order(
            system, "producer", room.producer_url, room.consumer_url, self._redis_url, f"{number:06d}", _free_port()
        )
        log = self._folder / f"{system}.log"
        python = self._python_of[system]
        consumer = Process(python, replace(order, role="consumer"), log)
        try:
            async with Process(python, order, log) as producer:
                yield room, producer, consumer
        finally:
            await consumer.stop()
            await room.close()


@contextlib.asynccontextmanager
async def _watched(*processes: Process) -> AsyncIterator[list[int]]:
    """Bytes of memory of all together, looked at now and then while the block runs."""
    seen: list[int] = []

    async def watch() -> None:
        while True:
            seen.append(sum(process.used()[1] for process in processes))
            await asyncio.sleep(_WATCH)

    task = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        task.cancel()
        seen.append(sum(process.used()[1] for process in processes))


def _processor(*processes: Process) -> float:
    return sum(process.used()[0] for process in processes)


def _free_port() -> int:
    with socket.socket() as talk:
        talk.bind(("127.0.0.1", 0))
        return int(talk.getsockname()[1])
