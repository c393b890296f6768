"""What a fault finds at hand: the town, the load, the dice, and what a restored backup excuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from services.faults.comparing import Excused
from services.faults.load import Load
from services.faults.process import NeverCameError
from services.faults.town import Town
from services.parts import SERVICES
from shared import clock

CATCH_UP: Final = 120.0
"""Seconds after which a town that has not caught up never will, as far as this run is concerned."""


@dataclass(slots=True)
class Trial:
    """One run. ``dice`` are the seed's."""

    town: Town
    load: Load
    dice: Random
    excused: Excused = field(default_factory=Excused)
    operator: Callable[[], Awaitable[None]] | None = None
    """What a person has to do, again and again, for the town to catch up; for the fault that is on."""

    async def work(self, least: float = 0.6, most: float = 1.6) -> None:
        """Let the load go on for a moment that the dice choose."""
        await asyncio.sleep(self.dice.uniform(least, most))

    def some_service(self) -> str:
        """One of the four."""
        return self.dice.choice(SERVICES)

    async def catch_up(self) -> float:
        """Let all requests be answered and all facts arrive; after how many seconds. Raises NeverCameError."""
        self.load.pause()
        began = clock.monotonic()
        while True:
            if self.operator is not None:
                await self.operator()
            missing = f"{self.load.unanswered} answers" if self.load.unanswered else await self.town.at_rest()
            took = clock.monotonic() - began
            if missing is None:
                return took
            if took > CATCH_UP:
                raise NeverCameError(f"after {CATCH_UP:g} s it still lacks {missing}")
            await asyncio.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: what is done while the load goes on. ``skipped`` says why it can't be done on this machine."""

    kind: str
    do: Callable[[Trial], Awaitable[None]]
    skipped: Callable[[], str | None] = lambda: None
