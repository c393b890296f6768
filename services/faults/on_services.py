"""Faults of the services' processes: killed, ended, frozen, doubled, upgraded, with a wrong clock; and of requests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.faults.town import NEW_TYPE, until
from services.faults.trial import Trial
from services.parts import SERVICES

_FROZEN_SECONDS: Final = 12.0
"""Longer than the ten after which PostgreSQL ends a session that says nothing."""
_JUMPS: Final = (timedelta(minutes=10), timedelta(minutes=-10), timedelta(0))
_FAKETIME: Final = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
)


def killed(service: str) -> Callable[[Trial], Awaitable[None]]:
    """The service is killed, comes back, and is killed again before it has found its feet."""

    async def do(trial: Trial) -> None:
        for _ in range(2):
            await trial.work()
            trial.town.main(service).kill()
            await trial.work(0.0, 0.5)
            trial.town.start(service)
        await trial.town.well(service)

    return do


async def all_killed(trial: Trial) -> None:
    """All four at once."""
    await trial.work()
    trial.town.kill_all()
    await trial.work(0.0, 0.5)
    for service in SERVICES:
        trial.town.start(service)
    await trial.town.well()


async def ended(trial: Trial) -> None:
    """One after the other is asked to end (SIGTERM) and started again, as at an upgrade."""
    for service in trial.dice.sample(SERVICES, 2):
        await trial.work(0.2, 0.8)
        await trial.town.restart(service)
    await trial.town.well()


def killed_exactly(point: str, *services: str) -> Callable[[Trial], Awaitable[None]]:
    """The service is killed at an exact point of its relay or reader: see ``fragile``."""

    async def do(trial: Trial) -> None:
        service = trial.dice.choice(services)
        await trial.town.main(service).terminate()
        fragile = trial.town.start(service, flaws=(f"{point}:{trial.dice.randint(1, 6)}",))

        async def died() -> bool:
            return fragile.gone

        await until(died, f"{service} has been killed ({point})", 90)
        trial.town.start(service)
        await trial.town.well(service)

    return do


async def two_replicas(trial: Trial) -> None:
    """Two of one service share the work; the elder is killed, then stands beside the younger again."""
    service = trial.some_service()
    younger = trial.town.start_beside(service)
    await trial.town.well(service)
    await trial.work(1.0, 2.0)
    trial.town.main(service).kill()
    await trial.work(1.0, 2.0)
    trial.town.start(service)
    await trial.town.well(service)
    younger.kill()


async def frozen(trial: Trial) -> None:
    """A replica is stopped for longer than its place is kept; its rival takes over; it wakes and knows nothing."""
    service = trial.some_service()
    rival = trial.town.start_beside(service)
    await trial.town.well(service)
    await trial.work()
    sleeper = trial.town.main(service)
    sleeper.freeze()
    await asyncio.sleep(_FROZEN_SECONDS)
    sleeper.wake()
    await trial.work()
    await rival.terminate()
    await trial.town.well(service)


async def upgraded(trial: Trial) -> None:
    """A version that hears one type more runs beside the old one; in later rounds the old one beside the new."""
    service, type_ = NEW_TYPE
    town = trial.town
    old = (f"without:{type_}",)
    if town.flaws.pop(service, None) is None:
        elder = town.start_beside(service, flaws=old)
        await town.well(service)
        town.main(service).kill()
        await trial.work()
        town.start(service)
        await town.well(service)
        await elder.terminate()
        return
    newer = town.start_beside(service)

    async def follows() -> bool:
        async with town.admin(service) as connection:
            row = await connection.fetchrow("SELECT types, position FROM cursor WHERE source = 'outreach'")
        town.replayed_up_to = row["position"]
        return type_ in row["types"]

    await until(follows, f"{service} follows {type_}", 90)
    await trial.work()
    await town.restart(service)
    await town.well(service)
    await newer.terminate()


async def same_request_twice(trial: Trial) -> None:
    """Every request is posted two times at the same moment with one key."""
    trial.load.twice = True
    await trial.work(3.0, 4.0)
    trial.load.twice = False


async def clock_moved(trial: Trial) -> None:
    """The wall clock of one service jumps ten minutes ahead, then twenty back, then is right again."""
    service, town = trial.some_service(), trial.town
    library = faketime()
    told = town.folder / "faketime"
    told.write_text("+0s\n")
    extra = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(told),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    await town.main(service).terminate()
    town.start(service, extra=extra)
    await town.well(service)
    for jump in _JUMPS:
        told.write_text(f"{jump.total_seconds():+.0f}s\n")
        await trial.work(1.0, 2.0)
    await town.restart(service)
    await town.well(service)


def faketime() -> Path | None:
    """The library that moves one process's clock: ``KASANE_FAKETIME``, or where Debian's libfaketime lies."""
    named = os.environ.get("KASANE_FAKETIME")
    return next((Path(place) for place in ([named] if named else _FAKETIME) if place and Path(place).exists()), None)


def no_faketime() -> str | None:
    """Why no clock can be moved here."""
    if faketime() is not None:
        return None
    return "libfaketime is not installed (Debian: apt-get install libfaketime; or KASANE_FAKETIME=<its .so>)"
