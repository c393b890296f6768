"""Visit requests as the planner shows them: what waits, what is proposed for it, what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import and_, func, select, tuple_

from services.outreach.queries.access import is_protected, load_request, viewer_of, visible_requests
from services.outreach.queries.visits import Going, going_on
from services.outreach.rules.visits import VisitState
from services.outreach.tables import Case, ContactRecord, Visit, VisitRequest
from shared.identity import KnownPost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

PAGE = 30


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request with its present visit (a proposal, or published), if any."""

    request: VisitRequest
    protected: bool
    record: ContactRecord | None
    visit: Visit | None
    workers: tuple[Going, ...]

    def late(self, today: date) -> bool:
        """Whether its deadline has passed."""
        return self.request.due_on < today


@dataclass(frozen=True, slots=True)
class Counts:
    """How many requests are in which state, of those that the actor sees."""

    open: int
    planned: int
    late: int
    hidden: int
    """Requests of protected households that only those with a part see."""


async def list_requests(
    session: AsyncSession,
    actor: Actor,
    *,
    states: Iterable[str] = ("open", "planned"),
    after: UUID | None = None,
    limit: int = PAGE,
) -> list[Waiting]:
    """The requests that ``actor`` sees, the most urgent first; ``after``: the last id of the page before."""
    statement = (
        select(VisitRequest, is_protected(VisitRequest.household), ContactRecord, Visit)
        .outerjoin(ContactRecord, ContactRecord.household == VisitRequest.household)
        .outerjoin(
            Visit,
            and_(
                Visit.request == VisitRequest.id,
                Visit.state.not_in([VisitState.REPORTED, VisitState.CANCELLED]),
            ),
        )
        .where(VisitRequest.state.in_(list(states)), visible_requests(await viewer_of(session, actor)))
        .order_by(VisitRequest.state, VisitRequest.urgency, VisitRequest.due_on, VisitRequest.id)
        .limit(limit)
    )
    if after is not None:
        last = await load_request(session, actor, after)
        here = tuple_(VisitRequest.state, VisitRequest.urgency, VisitRequest.due_on, VisitRequest.id)
        statement = statement.where(here > tuple_(last.state, last.urgency, last.due_on, last.id))
    found = await session.execute(statement)
    rows: list[tuple[VisitRequest, bool | None, ContactRecord | None, Visit | None]] = [
        (row[0], row[1], row[2], row[3]) for row in found
    ]
    going = await going_on(session, [visit.id for *_, visit in rows if visit is not None])
    return [
        Waiting(
            request=request,
            protected=bool(protected),
            record=record,
            visit=visit,
            workers=tuple(going.get(visit.id, ())) if visit is not None else (),
        )
        for request, protected, record, visit in rows
    ]


async def count_requests(session: AsyncSession, actor: Actor, today: date) -> Counts:
    """Counts for the head of the planner."""
    open_, visible = VisitRequest.state == "open", visible_requests(await viewer_of(session, actor))
    row = (
        await session.execute(
            select(
                func.count().filter(open_),
                func.count().filter(VisitRequest.state == "planned"),
                func.count().filter(open_, VisitRequest.due_on < today),
            ).where(VisitRequest.state.in_(["open", "planned"]), visible)
        )
    ).one()
    hidden = await session.scalar(
        select(func.count()).where(
            open_,
            is_protected(VisitRequest.household),
            VisitRequest.id.not_in(select(VisitRequest.id).where(visible)),
        )
    )
    return Counts(open=row[0], planned=row[1], late=row[2], hidden=hidden or 0)


async def team_for(session: AsyncSession, actor: Actor, areas: Iterable[str]) -> str | None:
    """The team (agency code) that plans for ``actor``: their own, or the one whose lead covers an area."""
    if actor.agency_kind == "outreach":
        return actor.agency
    wanted = sorted(areas)
    statement = select(KnownPost.agency).where(
        KnownPost.agency_kind == "outreach", KnownPost.role == "outreach_lead", KnownPost.ended.is_(False)
    )
    if wanted:
        statement = statement.where(KnownPost.areas.overlap(wanted))
    return await session.scalar(statement.order_by(KnownPost.agency).limit(1))


async def owner_of(session: AsyncSession, case: UUID) -> UUID | None:
    """The post that owns a case."""
    return await session.scalar(select(Case.owner).where(Case.id == case))
