"""One case with everything about it, and lists of cases. The number of queries never depends on the rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, literal, or_, select, tuple_
from sqlalchemy.orm import aliased

from services.casework.queries.access import WRITERS, load_case, reads_scope, visible_to
from services.casework.queries.views import (
    CaseDetail,
    CaseView,
    ClockView,
    ConsentView,
    EntryView,
    HappeningView,
    InvitationView,
    LinkedCase,
    MeetingView,
    PlanLineView,
    PlanView,
    TaskView,
    TypeView,
    VisitRequestView,
    VisitView,
)
from services.casework.rules import board, clocks, sharing
from services.casework.tables import (
    Case,
    Clock,
    Consent,
    Entry,
    Happening,
    Household,
    HouseholdLink,
    HouseholdType,
    Invitation,
    Meeting,
    Plan,
    PlanLine,
    Task,
    Visit,
    VisitRequest,
)
from shared import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

PAGE = 50
ENTRIES_SHOWN = 100
TIMELINE_SHOWN = 200
AGENCIES_NEEDING_LEAD = 2
EIGHTY_FIFTY = ("T8050", "T8050W", "T9060")
"""What people mean when they ask for 8050."""


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list is narrowed to; empty means anything."""

    state: str = "open"
    area: str = ""
    type: str = ""
    urgency: str = ""
    owner: UUID | None = None
    agency: str = ""
    number: str = ""
    household: UUID | None = None
    late: bool = False
    returned: bool = False
    no_lead: bool = False
    urgent: bool = False
    still: bool = False


def narrow(wanted: CaseFilter, today: date) -> list[ColumnElement[bool]]:
    """The filter as conditions on :class:`Case` joined with :class:`Household`."""
    asked_before = today - timedelta(days=board.STANDS_STILL_DAYS)
    conditions: list[tuple[object, Callable[[], ColumnElement[bool]]]] = [
        (wanted.state, lambda: Case.state == wanted.state),
        (wanted.area, lambda: Household.area == wanted.area),
        (wanted.urgency, lambda: Case.urgency == wanted.urgency),
        (wanted.urgent, lambda: Case.urgency.in_(["A", "B"])),
        (wanted.owner, lambda: Case.owner == wanted.owner),
        (wanted.number, lambda: Case.number == wanted.number),
        (wanted.household, lambda: Case.household == wanted.household),
        (wanted.no_lead, lacks_lead),
        (wanted.type, lambda: _has_type(wanted.type)),
        (wanted.agency, lambda: _invitation(sharing.LIVE, agency=wanted.agency)),
        (wanted.returned, lambda: _invitation(frozenset({"returned"}))),
        (wanted.late, lambda: Case.next_due_at < clock.now()),
        (wanted.still, lambda: Case.waiting_since <= asked_before),
    ]
    return [condition() for asked, condition in conditions if asked]


def lacks_lead() -> ColumnElement[bool]:
    """Nobody leads although somebody must: two or more agencies take part, or requests were returned twice."""
    part = aliased(Invitation)
    taking = (
        select(func.count())
        .where(part.case_id == Case.id, part.state.in_(sorted(sharing.TAKING_PART)))
        .correlate(Case)
        .scalar_subquery()
    )
    return and_(Case.lead.is_(None), or_(Case.lead_undecided, taking >= AGENCIES_NEEDING_LEAD))


def _has_type(code: str) -> ColumnElement[bool]:
    kind = aliased(HouseholdType)
    return exists().where(
        kind.household == Case.household,
        kind.code.in_(EIGHTY_FIFTY if code == "T8050" else [code]),
        kind.verdict.in_(["match", "possible"]),
        kind.answer.is_distinct_from("rejected"),
    )


def _invitation(states: frozenset[str], agency: str | None = None) -> ColumnElement[bool]:
    part = aliased(Invitation)
    where = and_(part.case_id == Case.id, part.state.in_(sorted(states)))
    return exists().where(and_(where, part.agency == agency) if agency else where)


async def list_cases(
    session: AsyncSession, actor: Actor, wanted: CaseFilter, *, before: tuple[datetime, str] | None = None,
    limit: int = PAGE,
) -> tuple[list[CaseView], int]:  # fmt: skip
    """The newest cases first, ``limit`` of them, and how many there are; ``before`` is the last row's key."""
    where = [visible_to(actor), *narrow(wanted, clock.today())]
    query = select(Case, Household).join(Household, Household.id == Case.household).where(*where)
    total = await session.scalar(
        select(func.count()).select_from(Case).join(Household, Household.id == Case.household).where(*where)
    )
    if before is not None:
        query = query.where(tuple_(Case.opened_at, Case.number) < before)
    query = query.order_by(Case.opened_at.desc(), Case.number.desc()).limit(limit)
    return await views_of(session, query), int(total or 0)


async def views_of(session: AsyncSession, query: Select[Case, Household]) -> list[CaseView]:
    """Rows of (Case, Household) as views, with their types."""
    rows = (await session.execute(query)).all()
    types = await types_of(session, [household.id for _, household in rows])
    return [case_view(case, household, types.get(household.id, [])) for case, household in rows]


def case_view(case: Case, household: Household, types: list[TypeView]) -> CaseView:
    """One row."""
    return CaseView(
        **{name: getattr(case, name) for name in _CASE_FIELDS},
        area=household.area,
        district=household.district,
        protected=household.protected,
        types=types,
    )


_CASE_FIELDS = tuple(CaseView.model_fields.keys() - {"area", "district", "protected", "types"})


async def types_of(session: AsyncSession, households: Collection[UUID]) -> dict[UUID, list[TypeView]]:
    """The types that match or may match, rejected ones left out."""
    if not households:
        return {}
    found: dict[UUID, list[TypeView]] = defaultdict(list)
    query = (
        select(HouseholdType)
        .where(
            HouseholdType.household.in_(households),
            HouseholdType.verdict.in_(["match", "possible"]),
            HouseholdType.answer.is_distinct_from("rejected"),
        )
        .order_by(HouseholdType.verdict, HouseholdType.code)
    )
    for row in await session.scalars(query):
        found[row.household].append(TypeView.model_validate(row))
    return found


async def read_case(session: AsyncSession, actor: Actor, case_id: UUID) -> CaseDetail:
    """Everything about a case that the actor may see, in a fixed number of queries. Raises Missing."""
    case = await load_case(session, actor, case_id)
    household = await session.get_one(Household, case.household)
    types = await types_of(session, [household.id])
    ward_wide = actor.role in {"coordinator", "manager"}
    parts = list(
        await session.scalars(
            select(Invitation).where(Invitation.case_id == case.id).order_by(Invitation.asked_at.desc())
        )
    )
    in_part = any(part.agency == actor.agency and part.state in sharing.TAKING_PART for part in parts)
    may_coordinate = ward_wide or case.owner == actor.post or (case.lead == actor.agency and in_part)
    view = case_view(case, household, types.get(household.id, []))
    return CaseDetail(
        **view.model_dump(),
        may_coordinate=may_coordinate and case.state == "open",
        may_write=actor.role in WRITERS,
        worries=household.worries,
        safety_flags=household.safety_flags,
        invitations=[invitation_view(part, case=case) for part in parts],
        tasks=await _tasks(session, case.id),
        meetings=await _meetings(session, actor, case, ward_wide=ward_wide),
        plans=await _plans(session, case.id),
        entries=await _entries(session, actor, case),
        visit_requests=[
            VisitRequestView.model_validate(row)
            for row in await _of(session, VisitRequest, case.id, VisitRequest.requested_at.desc())
        ],
        visits_made=[
            VisitView.model_validate(row)
            for row in await _of(session, Visit, case.id, func.coalesce(Visit.occurred_at, Visit.starts_at).desc())
        ],
        clocks=await running_clocks(session, case.id),
        timeline=[
            HappeningView.model_validate(row)
            for row in await _of(session, Happening, case.id, Happening.at.desc(), limit=TIMELINE_SHOWN)
        ],
        consents=[
            ConsentView.model_validate(row)
            for row in await session.scalars(select(Consent).where(Consent.household == household.id))
        ],
        linked=await _linked(session, actor, household.id),
    )


async def _linked(session: AsyncSession, actor: Actor, household: UUID) -> list[LinkedCase]:
    """Cases of linked households, as far as this reader may see them; nothing while either side is protected."""
    pair = or_(
        and_(HouseholdLink.one == household, HouseholdLink.other == Case.household),
        and_(HouseholdLink.other == household, HouseholdLink.one == Case.household),
    )
    guarded = select(Household.id).where(Household.protected)
    rows = await session.execute(
        select(Case, HouseholdLink.kind)
        .join(HouseholdLink, pair)
        .where(visible_to(actor), Case.household.not_in(guarded), literal(household).not_in(guarded))
        .order_by(Case.number)
    )
    return [
        LinkedCase(id=case.id, number=case.number, household=case.household, kind=kind, state=case.state)
        for case, kind in rows.all()
    ]


async def _of(session: AsyncSession, table: Any, case_id: UUID, order: Any, limit: int = 100) -> Sequence[Any]:
    query = select(table).where(table.case_id == case_id).order_by(order, table.id.desc()).limit(limit)
    return (await session.scalars(query)).all()


def invitation_view(part: Invitation, *, case: Case | None = None) -> InvitationView:
    """A request; with ``case`` for who may know which household it is."""
    today = clock.today()
    known: dict[str, Any] = {}
    if case is not None:
        known = {"case": case.id, "number": case.number, "household": case.household}
    return InvitationView(
        **{name: getattr(part, name) for name in _INVITATION_FIELDS},
        light=board.light(part.state, part.answer_due, today),
        asked_days=board.asked_days(part.asked_on, today),
        **known,
    )


_INVITATION_FIELDS = tuple(InvitationView.model_fields.keys() - {"case", "number", "household", "light", "asked_days"})


async def _tasks(session: AsyncSession, case_id: UUID) -> list[TaskView]:
    today = clock.today()
    return [
        TaskView(
            id=row.id,
            meeting=row.meeting,
            title=row.title,
            agency=row.agency,
            post=row.post,
            due_on=row.due_on,
            state=row.state,
            late=row.state in {"open", "doing"} and row.due_on < today,
            ended_at=row.ended_at,
        )
        for row in await _of(session, Task, case_id, Task.due_on)
    ]


async def _meetings(session: AsyncSession, actor: Actor, case: Case, *, ward_wide: bool) -> list[MeetingView]:
    shown = []
    for row in await _of(session, Meeting, case.id, Meeting.starts_at.desc()):
        member = ward_wide or actor.post in {case.owner, row.called_by} or actor.agency in row.agencies
        view = MeetingView.model_validate(row)
        shown.append(view if member else view.model_copy(update={"minutes": ""}))
    return shown


async def _plans(session: AsyncSession, case_id: UUID) -> list[PlanView]:
    plans = await _of(session, Plan, case_id, Plan.plan_no.desc())
    lines: dict[UUID, list[PlanLineView]] = defaultdict(list)
    query = (
        select(PlanLine)
        .where(PlanLine.plan.in_([plan.id for plan in plans]) if plans else false())
        .order_by(PlanLine.plan, PlanLine.position)
    )
    for line in await session.scalars(query):
        lines[line.plan].append(PlanLineView.model_validate(line))
    return [
        PlanView.model_validate(
            {name: getattr(plan, name) for name in PlanView.model_fields if name != "lines"} | {"lines": lines[plan.id]}
        )
        for plan in plans
    ]


async def _entries(session: AsyncSession, actor: Actor, case: Case) -> list[EntryView]:
    """Drafts are seen by their writer; earlier versions stand below the one that corrects them."""
    rows = await session.scalars(
        select(Entry)
        .where(Entry.case_id == case.id, or_(Entry.state != "draft", Entry.author == actor.post))
        .order_by(Entry.occurred_at.desc(), Entry.id.desc())
        .limit(ENTRIES_SHOWN)
    )
    views = {
        row.id: EntryView.model_validate(
            {name: getattr(row, name) for name in EntryView.model_fields if name != "earlier"}
        )
        for row in rows
        if reads_scope(actor, case, row.scope, row.author)
    }
    shown = []
    for view in views.values():
        if view.state == "corrected":
            continue
        earlier, before = [], view.corrects
        while before is not None and before in views:
            earlier.append(views[before])
            before = views[before].corrects
        shown.append(view.model_copy(update={"earlier": earlier}))
    return shown


async def running_clocks(session: AsyncSession, case_id: UUID) -> list[ClockView]:
    """The deadlines of a case that have not been met, the first one first."""
    now = clock.now()
    rows = await session.scalars(
        select(Clock).where(Clock.case_id == case_id, Clock.stopped_at.is_(None)).order_by(Clock.due_at, Clock.id)
    )
    return [
        ClockView(
            id=row.id,
            kind=row.kind,
            due_at=row.due_at,
            started_at=row.started_at,
            agency=row.agency,
            owner=row.owner,
            about=row.about,
            left=clocks.left_share(clocks.ClockFacts(row.kind, row.started_at, row.due_at), now),
            tone=clocks.tone(row.due_at, now),
        )
        for row in rows
    ]
