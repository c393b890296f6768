"""Workers: who they are, what they can do, when they are away, what already takes their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.outreach.queries.access import FIELD
from services.outreach.rules.plans import Busy, Worker
from services.outreach.rules.slots import Slot
from services.outreach.rules.visits import BUSY
from services.outreach.tables import Household, Leave, Visit, VisitWorker, WorkerProfile
from shared.identity import KnownPost

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

WEEKLY_MINUTES = {"outreach_worker": 600, "outreach_lead": 240}
"""What a post gives to visits when nobody has said otherwise: a worker ten hours a week, a lead four."""


@dataclass(frozen=True, slots=True)
class Member:
    """One worker of a team, as the planner page shows them."""

    post: UUID
    role: str
    skills: tuple[str, ...]
    weekly_minutes: int
    leaves: tuple[tuple[UUID, date, date], ...]


async def team_of(session: AsyncSession, team: str, today: date) -> list[Member]:
    """The workers and leads of a team (an agency code) whose posts have not ended, leads first."""
    rows = await session.execute(
        select(KnownPost, WorkerProfile)
        .outerjoin(WorkerProfile, WorkerProfile.post == KnownPost.post)
        .where(
            KnownPost.agency == team,
            KnownPost.role.in_(sorted(FIELD)),
            KnownPost.ended.is_(False),
            KnownPost.starts_on <= today,
            (KnownPost.ends_on.is_(None)) | (KnownPost.ends_on >= today),
        )
        .order_by(KnownPost.role, KnownPost.post)
    )
    found: list[tuple[KnownPost, WorkerProfile | None]] = [(row[0], row[1]) for row in rows]
    leaves = await _leaves(session, [post.post for post, _ in found], today)
    return [
        Member(
            post=post.post,
            role=post.role,
            skills=tuple(profile.skills) if profile is not None else (),
            weekly_minutes=profile.weekly_minutes if profile is not None else WEEKLY_MINUTES[post.role],
            leaves=tuple((leave.id, leave.since, leave.until) for leave in leaves if leave.post == post.post),
        )
        for post, profile in found
    ]


async def _leaves(session: AsyncSession, posts: Sequence[UUID], today: date) -> Sequence[Leave]:
    if not posts:
        return []
    statement = select(Leave).where(Leave.post.in_(posts), Leave.until >= today).order_by(Leave.since)
    return (await session.scalars(statement)).all()


async def workers_of(session: AsyncSession, team: str, today: date, since: datetime) -> list[Worker]:
    """The team for the planner, with what takes their time from ``since`` on. A lead goes out too."""
    members = await team_of(session, team, today)
    areas = {
        row.post: frozenset(row.areas)
        for row in await session.scalars(select(KnownPost).where(KnownPost.post.in_([m.post for m in members])))
    }
    rows = await session.execute(
        select(VisitWorker.post, Visit, Household.district)
        .join(Visit, Visit.id == VisitWorker.visit)
        .outerjoin(Household, Household.id == Visit.household)
        .where(VisitWorker.post.in_([m.post for m in members]), Visit.state.in_(sorted(BUSY)), Visit.ends_at >= since)
    )
    busy: dict[UUID, list[Busy]] = {}
    for post, visit, district in rows:
        slot = Slot(visit.starts_at, visit.ends_at, visit.slot or "")
        busy.setdefault(post, []).append(Busy(slot, district, household=visit.household))
    return [
        Worker(
            post=member.post,
            team=team,
            areas=areas.get(member.post, frozenset()),
            skills=frozenset(member.skills),
            weekly_minutes=member.weekly_minutes,
            away=frozenset(days_of((since_, until) for _, since_, until in member.leaves)),
            busy=tuple(busy.get(member.post, ())),
        )
        for member in members
    ]


def days_of(stretches: Iterable[tuple[date, date]]) -> set[date]:
    """Every day of some stretches of days, both ends included; a stretch counts for a year at most."""
    days: set[date] = set()
    for since, until in stretches:
        days.update(since + timedelta(days=n) for n in range(min((until - since).days, 366) + 1))
    return days


async def clashes(
    session: AsyncSession, posts: Sequence[UUID], starts_at: datetime, ends_at: datetime, *, beside: UUID | None
) -> set[UUID]:
    """Which of ``posts`` already go somewhere at that time (other than the visit ``beside``)."""
    statement = (
        select(VisitWorker.post)
        .join(Visit, Visit.id == VisitWorker.visit)
        .where(
            VisitWorker.post.in_(posts),
            Visit.state.in_(sorted(BUSY)),
            Visit.starts_at < ends_at,
            Visit.ends_at > starts_at,
        )
    )
    if beside is not None:
        statement = statement.where(Visit.id != beside)
    return set((await session.scalars(statement)).all())
