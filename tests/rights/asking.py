"""Many questions at a time, but not all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")
_AT_ONCE: Final = 8


async def at_once(works: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Do all of ``works``, eight at a time; their answers in the same order."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(work: Callable[[], Awaitable[T]]) -> T:
        async with gate:
            return await work()

    return await asyncio.gather(*(one(work) for work in works))
