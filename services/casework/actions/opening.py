"""A case begins, goes on, changes hands, ends. There is never a case without an owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.casework.actions.disclosing import end_disclosures
from services.casework.actions.files import agencies_taking_part, begin_file, invitations_of, running_clocks
from services.casework.actions.handing import NOBODY, find_owner_again, pass_on
from services.casework.actions.invitations import end_invitations
from services.casework.actions.keeping import (
    add_happening,
    refresh_case,
    sight_in_hand,
    start_clock,
    stop_clocks,
    take_case,
)
from services.casework.actions.posts import on_duty, post_facts
from services.casework.actions.recalling import recall_meetings
from services.casework.rules import cases, clocks
from services.casework.rules.sharing import LIVE, WAITING
from services.casework.tables import Case, CaseNumber, Household, Task, VisitRequest
from shared import clock
from shared.clock import TOKYO
from shared.errors import Conflict
from shared.events.casework import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    LeadChanged,
    VisitRequestCancelled,
)
from shared.i18n import N_
from shared.spine import derived_id, hold, record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor


@dataclass(frozen=True, slots=True)
class Opening:
    """Why a case begins. ``because``: the event (or request) whose id roots the ids of what is made."""

    because: UUID
    household: UUID
    urgency: str
    receiving_post: UUID | None
    received_at: datetime
    occurred_at: datetime
    consultation: UUID | None = None
    first_contact_due: datetime | None = None
    sight_check_due: datetime | None = None
    actor: Actor | str | None = None


async def open_or_continue(session: AsyncSession, opening: Opening) -> Case:
    """Open a case, add to the open one, or reopen the one closed within twelve months. The household is held."""
    await hold(session, opening.household)
    case = await session.scalar(
        select(Case).where(Case.household == opening.household).order_by(Case.opened_at.desc()).limit(1)
    )
    if case is None or (case.state == "closed" and not cases.reopens(case.closed_at, opening.occurred_at)):
        case = await _open(session, opening)
    elif case.state == "closed":
        await _reopen(session, case, opening.urgency, actor=opening.actor, at=opening.occurred_at)
    else:
        case.urgency = cases.more_urgent(case.urgency, opening.urgency)
    await _run_first_clocks(session, case, opening)
    await refresh_case(session, case)
    return case


async def _open(session: AsyncSession, opening: Opening) -> Case:
    household = await session.get_one(Household, opening.household)
    receiving = await post_facts(session, opening.receiving_post)
    owner = cases.choose_owner(receiving, await on_duty(session, household.area))
    case = Case(
        id=derived_id(opening.because, "case"),
        number=await _next_number(session, opening.received_at),
        household=household.id,
        owner=owner,
        urgency=opening.urgency,
        state="open",
        share_track="none",
        opened_at=opening.received_at,
        opened_because=opening.consultation,
    )
    session.add(case)
    await session.flush()
    begin_file(session, case)
    owner_facts = await post_facts(session, owner)
    add_happening(session, case.id, "case_opened", opening.received_at, post=owner)
    await record(
        session,
        CaseOpened(
            household=household.id,
            case=case.id,
            number=case.number,
            owner=owner,
            agency=owner_facts.agency if owner_facts else "",
            area=household.area,
            urgency=opening.urgency,  # type: ignore[arg-type]
            first_contact_due=opening.first_contact_due,
        ),
        actor=opening.actor,
        occurred_at=opening.occurred_at,
        id=derived_id(opening.because, "case_opened"),
    )
    return case


async def _run_first_clocks(session: AsyncSession, case: Case, opening: Opening) -> None:
    running = {one.kind for one in await running_clocks(session, case) if one.about is None}
    wanted = {"sight_check": opening.sight_check_due}
    if case.first_contact_at is None:
        due = opening.first_contact_due or clocks.first_contact_due(opening.urgency, opening.received_at)
        wanted["first_contact"] = due
    for kind, due_at in wanted.items():
        if due_at is not None and kind not in running:
            await start_clock(
                session,
                case,
                kind,
                due_at,
                actor=opening.actor,
                started_at=opening.received_at,
                id_=derived_id(opening.because, "clock", kind),
            )


async def _next_number(session: AsyncSession, at: datetime) -> str:
    """K26-0391: one row a year counts on; its lock ends with the transaction, so numbers have no gaps."""
    year = at.astimezone(TOKYO).year
    statement = insert(CaseNumber).values(year=year, last=1)
    last = await session.scalar(
        statement.on_conflict_do_update(index_elements=[CaseNumber.year], set_={"last": CaseNumber.last + 1}).returning(
            CaseNumber.last
        )
    )
    return f"K{year % 100:02d}-{last:04d}"


async def reopen_case(session: AsyncSession, actor: Actor, case_id: UUID) -> Case:
    """A closed case goes on under its number, with a first contact due again."""
    case = await take_case(session, actor, case_id)
    cases.demand_coordination(actor.role, is_owner=case.owner == actor.post, is_lead=case.lead == actor.agency)
    now = clock.now()
    cases.reopen(case.state, case.closed_at, now)
    try:
        await _reopen(session, case, case.urgency, actor=actor, at=now)
    except LookupError:
        raise Conflict(NOBODY) from None
    case.first_contact_at = None
    due = clocks.first_contact_due(case.urgency, now)
    await start_clock(session, case, "first_contact", due, actor=actor, started_at=now)
    await refresh_case(session, case)
    return case


async def _reopen(session: AsyncSession, case: Case, urgency: str, *, actor: Actor | str | None, at: datetime) -> None:
    await find_owner_again(session, case)
    case.state, case.closed_at, case.close_reason, case.close_note = "open", None, None, ""
    case.reopened += 1
    case.urgency = urgency
    add_happening(session, case.id, "case_reopened", at, post=case.owner)
    await record(
        session,
        CaseReopened(household=case.household, case=case.id, owner=case.owner, urgency=urgency),  # type: ignore[arg-type]
        actor=actor,
        occurred_at=at,
    )


async def change_owner(session: AsyncSession, actor: Actor, case_id: UUID, owner: UUID) -> Case:
    """Hand the case to another post."""
    case = await take_case(session, actor, case_id)
    cases.demand_coordination(actor.role, is_owner=case.owner == actor.post)
    cases.demand_open(case.state)
    after = cases.change_owner(case.owner, await post_facts(session, owner))
    await pass_on(session, case, after, "handed", actor=actor)
    return case


async def change_lead(session: AsyncSession, actor: Actor, case_id: UUID, agency: str | None) -> Case:
    """Name the lead agency (主担当機関), or none; a coordinator, the owner or the present lead decides."""
    case = await take_case(session, actor, case_id)
    cases.demand_coordination(actor.role, is_owner=case.owner == actor.post, is_lead=case.lead == actor.agency)
    cases.demand_open(case.state)
    if case.lead == agency:
        raise Conflict(N_("主担当はすでにそうなっています。"))
    taking = await agencies_taking_part(session, case)
    owner = await post_facts(session, case.owner)
    cases.change_lead(agency, taking, owners_agency=owner.agency if owner else "")
    case.lead = agency
    now = clock.now()
    if agency is not None and case.lead_undecided:
        case.lead_undecided = False
        await stop_clocks(session, case, actor=actor, at=now, kinds=("lead_decision",))
    add_happening(session, case.id, "lead_changed", now, agency=agency)
    await record(session, LeadChanged(household=case.household, case=case.id, agency=agency), actor=actor)
    await refresh_case(session, case)
    return case


async def close_case(session: AsyncSession, actor: Actor, case_id: UUID, reason: str, note: str) -> Case:
    """End the case (終結): who takes part has ended, every clock stops, and the reason stays."""
    case = await take_case(session, actor, case_id)
    cases.demand_coordination(actor.role, is_owner=case.owner == actor.post, is_lead=case.lead == actor.agency)
    invitations = await invitations_of(session, case)
    waiting = [one for one in invitations if one.state in WAITING]
    tasks = select(func.count()).select_from(Task).where(Task.case_id == case.id, Task.state.in_(["open", "doing"]))
    left = int(await session.scalar(tasks) or 0)
    cases.close(case.state, reason, waiting=len(waiting), tasks=left, lead=case.lead)
    now = clock.now()
    case.state, case.closed_at, case.close_reason, case.close_note = "closed", now, reason, note
    case.lead_undecided = False
    live = [one for one in invitations if one.state in LIVE]
    await end_invitations(session, case, live, "case_closed", actor=actor, at=now)
    await _cancel_visit_requests(session, case, actor)
    await recall_meetings(session, case, actor=actor, at=now)
    await stop_clocks(session, case, actor=actor, at=now, dropped=True)
    add_happening(session, case.id, "case_closed", now, code=reason, post=actor.post)
    await record(
        session,
        CaseClosed(household=case.household, case=case.id, reason=reason, closed_by=actor.post),
        actor=actor,
    )
    await refresh_case(session, case)
    return case


async def _cancel_visit_requests(session: AsyncSession, case: Case, actor: Actor) -> None:
    for request in await session.scalars(
        select(VisitRequest).where(
            VisitRequest.case_id == case.id, VisitRequest.state.in_(["asked", "assigned", "visited"])
        )
    ):
        request.state, request.cancel_reason = "cancelled", "case_closed"
        await end_disclosures(session, [request.id], "case_closed", clock.now())
        await record(
            session,
            VisitRequestCancelled(household=case.household, case=case.id, request=request.id, reason="case_closed"),
            actor=actor,
        )


async def may_coordinate(session: AsyncSession, actor: Actor, case: Case) -> bool:
    """Whether the actor, who took the case, may ask agencies and request visits for it."""
    return sight_in_hand(session, actor, case).lets("coordinate")
