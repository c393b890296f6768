"""One service's own log of a week, looked through by the rules of ``unusual``. No name, no address: ids and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select

from shared.audit import unusual
from shared.audit.rows import AuditEntry
from shared.audit.unusual import GLASS, LOOKS, Finding, Look, Pair, Thresholds
from shared.clock import TOKYO

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncSession

    Relate = Callable[[AsyncSession, "Collection[tuple[UUID, UUID]]"], Awaitable["Relations"]]
    """Given pairs of a post and a household: which households are protected, and which pairs belong together."""

_BEFORE = timedelta(weeks=4)
"""From this long before the week a post's usual is reckoned."""
_MOST = 200_000


@dataclass(frozen=True, slots=True)
class Relations:
    """What a service knows of posts and households. ``related``: by a case, a visit, an area or an allow-list."""

    protected: frozenset[UUID] = frozenset()
    related: frozenset[tuple[UUID, UUID]] = frozenset()
    allowed: frozenset[tuple[UUID, UUID]] = frozenset()
    """Pairs that may be with protected households."""


class Week(BaseModel):
    """What one service found in its log. ``pairs``: for the rules that are asked elsewhere."""

    service: str
    findings: list[Finding]
    pairs: list[Pair] = []


async def read_week(session: AsyncSession, service: str, day: date, limits: Thresholds, relate: Relate | None) -> Week:
    """The week of ``day`` (Monday to Sunday, Tokyo)."""
    monday, sunday = unusual.week_of(day)
    begins, ends = _midnight(monday), _midnight(sunday + timedelta(days=1))
    looks = await _looks(session, begins, ends)
    usual = unusual.usual_hour(await _looks(session, begins - _BEFORE, begins))
    pairs = unusual.pairs_of(one for one in looks if one.action in LOOKS)
    known = Relations()
    if relate is not None and pairs:
        known = await relate(session, [(pair.post, pair.household) for pair in pairs])
    seen = [one for one in looks if one.action in LOOKS]
    findings = [
        *unusual.each("broken_glass", looks, GLASS),
        *unusual.of_protected(seen, known.protected, known.allowed),
        *(unusual.without_relation(seen, known.related, limits) if relate is not None else []),
        *unusual.many_in_a_row(seen, usual, limits),
        *unusual.much_taken_out(seen, limits),
        *unusual.each("with_reason", looks, {"open_with_reason"}),
        *unusual.at_odd_hours(seen, limits),
    ]
    return Week(service=service, findings=unusual.in_order(findings), pairs=pairs)


async def pairs_in(session: AsyncSession, *queries: Select[*tuple[Any, ...]]) -> frozenset[tuple[UUID, UUID]]:
    """The pairs of a post and a household that these selects give."""
    found: set[tuple[UUID, UUID]] = set()
    for query in queries:
        found.update((post, household) for post, household in await session.execute(query) if post is not None)
    return frozenset(found)


def without_households(week: Week, posts: Collection[UUID]) -> Week:
    """For who answers for posts and may not learn of households: lines of ``posts`` alone, and how often in all."""
    merged: dict[tuple[str, UUID], Finding] = {}
    for one in week.findings:
        if one.post not in posts:
            continue
        known = merged.get((one.rule, one.post))
        merged[one.rule, one.post] = one.model_copy(
            update={
                "household": None,
                "times": one.times + (known.times if known else 0),
                "first_at": min(one.first_at, known.first_at) if known else one.first_at,
                "last_at": max(one.last_at, known.last_at) if known else one.last_at,
            }
        )
    return Week(service=week.service, findings=unusual.in_order(merged.values()))


async def _looks(session: AsyncSession, begins: datetime, ends: datetime) -> list[Look]:
    rows = await session.execute(
        select(AuditEntry.at, AuditEntry.post, AuditEntry.action, AuditEntry.household)
        .where(AuditEntry.at >= begins, AuditEntry.at < ends, AuditEntry.action.in_(LOOKS | GLASS))
        .order_by(AuditEntry.at)
        .limit(_MOST)
    )
    return [Look(at=at, post=post, action=action, household=household) for at, post, action, household in rows]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time_of_day(), TOKYO)
