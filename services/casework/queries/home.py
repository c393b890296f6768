"""What waits for one person: requests, tasks, deadlines, their own cases; for managers what stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from services.casework.queries.access import showing, viewer_of
from services.casework.queries.cases import select_rows, views_of
from services.casework.queries.sharing import list_invitations
from services.casework.queries.views import CaseView, InvitationView
from services.casework.rules import board, clocks
from services.casework.tables import Case, Clock, Consultation, Plan, Task
from shared import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.queries.access import Viewer
    from shared.identity import Actor

SHOWN = 12
_SOON = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class DueLine:
    """A deadline of mine that has passed or comes soon."""

    case: UUID
    number: str
    household: UUID
    kind: str
    due_at: datetime
    agency: str | None
    tone: str


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task of mine or of my agency."""

    id: UUID
    case: UUID
    number: str
    title: str
    due_on: date
    late: bool
    own: bool
    state: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The home page's facts."""

    invitations: list[InvitationView]
    due: list[DueLine]
    tasks: list[TaskLine]
    cases: list[CaseView]
    own_cases: int
    still: int
    undecided: int
    plans: int
    late: int
    receipts: list[datetime]
    """When the calls came that the post has sent: that they were received, never what came of them."""


async def what_waits(session: AsyncSession, actor: Actor) -> Waiting:
    """Everything on the home page, in a fixed number of queries."""
    viewer = await viewer_of(session, actor)
    invitations = await list_invitations(session, actor)
    cases, own = await _own_cases(session, viewer)
    still, undecided, plans, late = await _ward_wide(session, viewer)
    return Waiting(
        invitations=invitations[:SHOWN],
        due=await _due(session, viewer),
        tasks=await _tasks(session, viewer),
        cases=cases,
        own_cases=own,
        still=still,
        undecided=undecided,
        plans=plans,
        late=late,
        receipts=await _receipts(session, viewer),
    )


async def _due(session: AsyncSession, viewer: Viewer) -> list[DueLine]:
    """Deadlines that name this post, or its agency: answers and tasks stand in their own lists."""
    now, actor = clock.now(), viewer.actor
    mine = or_(Clock.owner == actor.post, and_(Clock.agency == actor.agency, Clock.kind == "monitoring"))
    query = (
        select(Clock, Case.number)
        .join(Case, Case.id == Clock.case_id)
        .where(
            Clock.stopped_at.is_(None),
            Clock.due_at < now + _SOON,
            mine,
            Clock.kind != "task",
            showing(viewer, "listed"),
        )
        .order_by(Clock.due_at, Clock.id)
        .limit(SHOWN)
    )
    return [
        DueLine(
            case=row.case_id,
            number=number,
            household=row.household,
            kind=row.kind,
            due_at=row.due_at,
            agency=row.agency,
            tone=clocks.tone(row.due_at, now),
        )
        for row, number in (await session.execute(query)).all()
    ]


async def _tasks(session: AsyncSession, viewer: Viewer) -> list[TaskLine]:
    today, actor = clock.today(), viewer.actor
    mine = or_(Task.post == actor.post, and_(Task.agency == actor.agency, Task.post.is_(None)))
    query = (
        select(Task, Case.number)
        .join(Case, Case.id == Task.case_id)
        .where(Task.state.in_(["open", "doing"]), mine, showing(viewer, "tasks.own"))
        .order_by(Task.due_on, Task.id)
        .limit(SHOWN)
    )
    return [
        TaskLine(
            id=row.id,
            case=row.case_id,
            number=number,
            title=row.title,
            due_on=row.due_on,
            late=row.due_on < today,
            own=row.post == actor.post,
            state=row.state,
        )
        for row, number in (await session.execute(query)).all()
    ]


async def _own_cases(session: AsyncSession, viewer: Viewer) -> tuple[list[CaseView], int]:
    where = [Case.owner == viewer.actor.post, Case.state == "open", showing(viewer, "listed")]
    total = await session.scalar(select(func.count()).select_from(Case).where(*where))
    query = select_rows(viewer).where(*where).order_by(Case.next_due_at.asc().nulls_last(), Case.number).limit(SHOWN)
    return await views_of(session, viewer, query), int(total or 0)


async def _receipts(session: AsyncSession, viewer: Viewer) -> list[datetime]:
    if not any("receipt" in grant.parts for grant in viewer.grants):
        return []
    mine = select(Consultation.occurred_at).where(Consultation.received_by == viewer.actor.post)
    return list(await session.scalars(mine.order_by(Consultation.occurred_at.desc()).limit(SHOWN)))


async def _ward_wide(session: AsyncSession, viewer: Viewer) -> tuple[int, int, int, int]:
    if viewer.actor.role not in {"coordinator", "manager"}:
        return 0, 0, 0, 0
    limit = clock.today() - timedelta(days=board.STANDS_STILL_DAYS)
    still, undecided, late = (
        await session.execute(
            select(
                func.count().filter(Case.waiting_since <= limit),
                func.count().filter(Case.lead_undecided),
                func.count().filter(Case.next_due_at < clock.now()),
            ).where(Case.state == "open", showing(viewer, "row"))
        )
    ).one()
    plans = await session.scalar(
        select(func.count()).select_from(Plan).join(Case, Case.id == Plan.case_id).where(
            Plan.state == "draft", Case.state == "open", showing(viewer, "row")
        )
    )  # fmt: skip
    return still, undecided, int(plans or 0), late
