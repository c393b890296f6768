"""A bell: whoever waits is woken, whoever does not wait misses nothing by it.

Bells only save time. Everything that waits on one also looks by itself now and then, so a lost ring costs a
moment and never a fact.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Self


class Bell:
    """Wakes every task of this process that waits on it; rings before the wait count once."""

    def __init__(self) -> None:
        self._ears: set[Ear] = set()

    def ring(self) -> None:
        """Wake all who listen; callable from any thread."""
        for ear in tuple(self._ears):
            ear.wake()

    def listen(self) -> Ear:
        """A listener of its own: a ring between two waits is not missed."""
        return Ear(self._ears)


class Ear:
    """One listener, used as a context manager."""

    def __init__(self, ears: set[Ear]) -> None:
        self._ears = ears
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def __enter__(self) -> Self:
        self._ears.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._ears.discard(self)

    def wake(self) -> None:
        """Let the wait end."""
        if self._loop.is_closed():
            self._ears.discard(self)
        elif _running() is self._loop:
            self._rung.set()  # without the detour through the loop's own socket
        else:
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - a time-out is the normal end here
        """Wait for a ring at most ``timeout`` seconds; whether it rang."""
        try:
            async with asyncio.timeout(timeout):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


committed: defaultdict[str, Bell] = defaultdict(Bell)
"""By database URL: a transaction that recorded something has committed in this process."""
