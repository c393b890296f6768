"""How a producer is driven: as fast as it goes with several writers, or at a steady pace."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from itertools import count, islice


class Producer:
    """One system's producing side. Subclasses say what one transaction is; everything else is the same for all."""

    writers = 8
    """Transactions at once while flooding, as a service has that many requests in its hands."""
    portion = 1
    """Events a transaction."""

    async def start(self) -> None:
        """Connect."""

    async def produce(self, numbers: Sequence[int]) -> None:
        """One transaction of ``len(numbers)`` visits with their events; on its way when it returns."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Let go."""

    async def flood(self, first: int, *, seconds: float | None = None, most: int | None = None) -> int:
        """As many as possible for so many seconds, or ``most``; how many were made."""
        ends = time.monotonic() + seconds if seconds is not None else float("inf")
        last = first + most if most is not None else None
        numbers = count(first)
        made = 0

        async def write() -> None:
            nonlocal made
            while time.monotonic() < ends:
                portion = list(islice(numbers, self.portion))
                if last is not None:
                    portion = [n for n in portion if n < last]
                if not portion:
                    return
                await self.produce(portion)
                made += len(portion)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.writers):
                group.create_task(write())
        return made

    async def pace(self, first: int, amount: int, rate: float) -> int:
        """``amount`` events at ``rate`` a second, none waiting for another; the moments jitter by half a step."""
        chance = random.Random(first)  # noqa: S311 - no secret
        begin = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for i in range(amount):
                await asyncio.sleep(max(0.0, begin + (i + chance.random() / 2) / rate - time.monotonic()))
                group.create_task(self.produce([first + i]))
        return amount
