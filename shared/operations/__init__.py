"""What an operator looks at: one answer of one service for the page, ``./kasane status`` and the metrics.

``read_operations`` asks the spine and, where a service has any, its deliveries; :class:`Recent` lets many ask and the
database be asked once. Numbers, states, ids: nothing here says who somebody is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import select

from shared import clock
from shared.spine import Status
from shared.spine.parked import ParkedLine, list_heads
from shared.spine.tables import Incident, LostFact

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database

MOST_HEADS = 50
MOST_LOST = 20
MOST_INCIDENTS = 5
GOOD_FOR = 2.0
"""Seconds that an answer may be old."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeliveryCount:
    """One channel beside the inbox: what waits, since when the oldest of that, and what was given up lately."""

    channel: str
    waiting: int
    failed: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class LostLine:
    """A fact that was stated and that a restored log no longer knows."""

    source: str
    epoch: str
    position: int
    type: str
    subjects: list[str]
    found_in: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """Something that the spine has mended by itself."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Operations:
    """All there is to see of one service.

    Lists end at :data:`MOST_HEADS`, :data:`MOST_LOST`, :data:`MOST_INCIDENTS`; ``status`` has the counts of all.
    """

    status: Status
    heads: list[ParkedLine]
    lost: list[LostLine]
    incidents: list[IncidentLine]
    deliveries: list[DeliveryCount]


CountDeliveries = Callable[["AsyncSession"], Awaitable[list[DeliveryCount]]]
"""How a service that delivers tells what waits and what failed."""


async def read_operations(db: Database, status: Status, count_deliveries: CountDeliveries | None = None) -> Operations:
    """Everything beside ``status`` that an operator of this service must see. Raises database errors."""
    async with db.read() as session:
        heads = await list_heads(session, MOST_HEADS) if status.subjects else []
        lost = select(LostFact).order_by(LostFact.found_at.desc(), LostFact.source, LostFact.position)
        incidents = select(Incident).order_by(Incident.at.desc())
        return Operations(
            status=status,
            heads=heads,
            lost=[_lost(row) for row in await session.scalars(lost.limit(MOST_LOST))] if status.lost_facts else [],
            incidents=[IncidentLine(row.kind, row.at) for row in await session.scalars(incidents.limit(MOST_INCIDENTS))]
            if status.incidents
            else [],
            deliveries=await count_deliveries(session) if count_deliveries else [],
        )


def _lost(row: LostFact) -> LostLine:
    return LostLine(row.source, row.epoch, row.position, row.type, row.subjects, row.found_in, row.found_at)


class Recent(Generic[T]):
    """The last answer while it is fresh; who asks while it is being made waits for that one."""

    def __init__(self, read: Callable[[], Awaitable[T]], seconds: float = GOOD_FOR) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._last: tuple[float, T] | None = None

    async def get(self) -> T:
        """An answer at most ``seconds`` old. Raises what asking raises; the next one asks again."""
        async with self._lock:
            if self._last is None or clock.monotonic() - self._last[0] > self._seconds:
                self._last = None
                self._last = (clock.monotonic(), await self._read())
            return self._last[1]

    def forget(self) -> None:
        """Something was changed: the next one asks again."""
        self._last = None
