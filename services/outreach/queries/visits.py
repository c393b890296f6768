"""Visits as people see them: today's, one, what waits for an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import and_, or_, select

from services.outreach.queries.access import is_lead_of, viewer_of, visible_visits
from services.outreach.rules import visits as rules
from services.outreach.rules.visits import LIVE, VisitState
from services.outreach.tables import (
    Case,
    ContactRecord,
    Household,
    MemberMeeting,
    Observation,
    Visit,
    VisitRequest,
    VisitWorker,
)
from shared.clock import TOKYO
from shared.errors import Missing
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

MOST = 100


@dataclass(frozen=True, slots=True)
class Going:
    """One worker of a visit and their answer (``accepted``, ``declined`` or none yet)."""

    post: UUID
    answer: str | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A visit with all that the page beside it needs; no name in it."""

    visit: Visit
    request: VisitRequest
    owner: UUID | None
    household: Household | None
    record: ContactRecord | None
    workers: tuple[Going, ...] = ()
    observations: tuple[str, ...] = ()

    @property
    def id(self) -> UUID:
        """The visit."""
        return self.visit.id

    @property
    def protected(self) -> bool:
        """Whether somebody there is protected."""
        return self.household is not None and self.household.protected

    @property
    def flags(self) -> list[str]:
        """Safety flags, of the household and of the request."""
        known = self.household.safety_flags if self.household is not None else []
        return sorted({*known, *self.request.safety_flags})

    @property
    def live(self) -> bool:
        """Whether somebody still counts on it."""
        return self.visit.state in LIVE

    def answer_of(self, post: UUID) -> str | None:
        """What ``post`` has answered."""
        return next((worker.answer for worker in self.workers if worker.post == post), None)

    def led_by(self, actor: Actor) -> bool:
        """Whether ``actor`` leads the team that goes."""
        return is_lead_of(actor, self.visit)

    def may_undo(self, actor: Actor, now: datetime) -> bool:
        """Whether ``actor`` may take the result back."""
        until = self.undo_until(actor)
        return until is not None and now <= until

    def undo_until(self, actor: Actor) -> datetime | None:
        """Until when ``actor`` may take the result back; None: never, or there is none."""
        return undo_until(actor, self.visit)

    def sends(self, post: UUID) -> bool:
        """Whether ``post`` goes."""
        return any(worker.post == post for worker in self.workers)


def undo_until(actor: Actor, visit: Visit) -> datetime | None:
    """Until when ``actor`` may take the result of a visit back; None: never, or there is none."""
    if visit.reported_at is None:
        return None
    return rules.undo_until(
        actor.post,
        by=visit.reported_by,
        at=visit.reported_at,
        happened_at=visit.occurred_at or visit.reported_at,
        leads=is_lead_of(actor, visit),
    )


@dataclass(frozen=True, slots=True)
class Day:
    """A worker's day: what is next, what else, what is done, what still waits for their answer."""

    next: Card | None
    later: list[Card] = field(default_factory=list)
    done: list[Card] = field(default_factory=list)
    to_answer: list[Card] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Visits of the day, done and to come."""
        return len(self.later) + len(self.done) + (1 if self.next else 0)


async def day_of(session: AsyncSession, actor: Actor, today: date) -> Day:
    """The day of a worker: visits of ``today`` (in Tokyo), those not finished before, and the next one to come."""
    start = datetime.combine(today, time(), TOKYO)
    end = start + timedelta(days=1)
    mine = select(VisitWorker.visit).where(VisitWorker.post == actor.post)
    statement = (
        _cards()
        .where(
            Visit.id.in_(mine),
            visible_visits(await viewer_of(session, actor)),
            or_(
                Visit.state.in_(sorted(LIVE)),
                and_(Visit.state == VisitState.REPORTED, Visit.occurred_at >= start, Visit.occurred_at < end),
            ),
        )
        .order_by(Visit.starts_at, Visit.id)
        .limit(MOST)
    )
    cards = await _read(session, statement)
    done = [card for card in cards if card.visit.state == VisitState.REPORTED]
    to_answer = [
        card
        for card in cards
        if card.visit.state in {VisitState.PUBLISHED, VisitState.DECLINED} and card.answer_of(actor.post) is None
    ]
    going = [
        card
        for card in cards
        if card.live and card.visit.state != VisitState.DECLINED and card.answer_of(actor.post) != "declined"
    ]
    at_the_door = [card for card in going if card.visit.state == VisitState.STARTED]
    rest = at_the_door + [card for card in going if card.visit.state != VisitState.STARTED]
    first = rest[0] if rest else None
    later = [card for card in rest[1:] if card.visit.starts_at < end]
    return Day(next=first, later=later, done=done, to_answer=[card for card in to_answer if card is not first])


async def read_visit(session: AsyncSession, actor: Actor, visit_id: UUID) -> Card:
    """One visit; Missing when ``actor`` may not see it."""
    cards = await _read(session, _cards().where(Visit.id == visit_id, visible_visits(await viewer_of(session, actor))))
    if not cards:
        raise Missing(N_("ここには何もありません。番号が変わったか、見る権限がありません。"))
    return cards[0]


async def list_visits(
    session: AsyncSession,
    actor: Actor,
    *,
    states: Iterable[str] = (),
    household: UUID | None = None,
    case: UUID | None = None,
    request: UUID | None = None,
    mine: bool = False,
    after: UUID | None = None,
    limit: int = 50,
) -> list[Card]:
    """Visits that ``actor`` sees, the latest first; ``after``: the last id of the page before."""
    statement = _cards().where(visible_visits(await viewer_of(session, actor)))
    wanted = list(states)
    if wanted:
        statement = statement.where(Visit.state.in_(wanted))
    for column, value in ((Visit.household, household), (Visit.case, case), (Visit.request, request)):
        if value is not None:
            statement = statement.where(column == value)
    if mine:
        statement = statement.where(Visit.id.in_(select(VisitWorker.visit).where(VisitWorker.post == actor.post)))
    if after is not None:
        start = select(Visit.starts_at).where(Visit.id == after).scalar_subquery()
        statement = statement.where(or_(Visit.starts_at < start, and_(Visit.starts_at == start, Visit.id < after)))
    return await _read(session, statement.order_by(Visit.starts_at.desc(), Visit.id.desc()).limit(limit))


async def met_members(session: AsyncSession, household: UUID) -> dict[UUID, datetime]:
    """When each member was last met in person."""
    rows = await session.execute(
        select(MemberMeeting.member, MemberMeeting.met_at)
        .where(MemberMeeting.household == household)
        .order_by(MemberMeeting.met_at)
    )
    return dict(row.tuple() for row in rows)


def _cards() -> Select[Visit, VisitRequest, UUID, Household, ContactRecord]:
    return (
        select(Visit, VisitRequest, Case.owner, Household, ContactRecord)
        .join(VisitRequest, VisitRequest.id == Visit.request)
        .outerjoin(Case, Case.id == Visit.case)
        .outerjoin(Household, Household.id == Visit.household)
        .outerjoin(ContactRecord, ContactRecord.household == Visit.household)
    )


async def _read(
    session: AsyncSession,
    statement: Select[Visit, VisitRequest, UUID, Household, ContactRecord],
) -> list[Card]:
    found = await session.execute(statement)
    rows: list[tuple[Visit, VisitRequest, UUID | None, Household | None, ContactRecord | None]] = [
        (row[0], row[1], row[2], row[3], row[4]) for row in found
    ]
    ids = [row[0].id for row in rows]
    going = await going_on(session, ids)
    seen: dict[UUID, list[str]] = {}
    if ids:
        ticked = await session.execute(
            select(Observation.visit, Observation.code).where(Observation.visit.in_(ids)).order_by(Observation.code)
        )
        for visit_id, code in ticked:
            seen.setdefault(visit_id, []).append(code)
    return [
        Card(
            visit=visit,
            request=request,
            owner=owner,
            household=household,
            record=record,
            workers=tuple(going.get(visit.id, ())),
            observations=tuple(seen.get(visit.id, ())),
        )
        for visit, request, owner, household, record in rows
    ]


async def going_on(session: AsyncSession, visit_ids: Sequence[UUID]) -> dict[UUID, list[Going]]:
    """Who goes on each of some visits, in order."""
    found: dict[UUID, list[Going]] = {}
    if not visit_ids:
        return found
    rows = await session.scalars(
        select(VisitWorker).where(VisitWorker.visit.in_(visit_ids)).order_by(VisitWorker.visit, VisitWorker.position)
    )
    for row in rows:
        found.setdefault(row.visit, []).append(Going(row.post, row.answer, row.reason))
    return found
