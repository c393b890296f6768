"""Asking outreach to go, and taking it back. The aim in words stays here; outreach gets codes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.casework.actions.disclosing import disclose_visit, end_disclosures
from services.casework.actions.keeping import (
    add_happening,
    household_of,
    refresh_case,
    start_clock,
    stop_clocks,
    take_case,
)
from services.casework.actions.opening import may_coordinate
from services.casework.queries.access import NOT_HERE
from services.casework.rules import care, cases, clocks
from services.casework.tables import VisitRequest
from shared import clock
from shared.codes import code_list, find_code
from shared.errors import Forbidden, Missing, Refused
from shared.events.casework import VisitRequestCancelled, VisitRequested
from shared.i18n import N_
from shared.spine import record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.requests import CancelVisitRequest, RequestVisit
    from shared.identity import Actor

_NOT_YOURS = N_("この操作は、担当・主担当・調整役だけができます。")


async def request_visit(session: AsyncSession, actor: Actor, case_id: UUID, request: RequestVisit) -> VisitRequest:
    """Ask outreach for a visit: aim, purpose, until when, how many persons."""
    case = await take_case(session, actor, case_id)
    cases.demand_open(case.state)
    if not await may_coordinate(session, actor, case):
        raise Forbidden(_NOT_YOURS)
    household = await household_of(session, case)
    care.request_visit(
        request.aim,
        await _purpose(session, request.purpose),
        request.due_on,
        clock.today(),
        request.persons,
        two_needed=await _two_needed(session, household.safety_flags),
    )
    now = clock.now()
    wanted = VisitRequest(
        id=clock.new_id(),
        case_id=case.id,
        household=case.household,
        aim=request.aim,
        purpose=request.purpose,
        due_on=request.due_on,
        persons=request.persons,
        safety_flags=household.safety_flags,
        skills=request.skills,
        slots=request.slots,
        area=household.area,
        state="asked",
        requested_by=actor.post,
        requested_at=now,
    )
    session.add(wanted)
    await disclose_visit(session, case, wanted)
    add_happening(session, case.id, "visit_requested", now, post=actor.post, code=request.purpose)
    await record(
        session,
        VisitRequested(
            household=case.household,
            case=case.id,
            request=wanted.id,
            number=case.number,
            purpose=wanted.purpose,
            due_on=wanted.due_on,
            persons=wanted.persons,
            area=household.area,
            district=household.district,
            urgency=case.urgency,  # type: ignore[arg-type]
            safety_flags=tuple(household.safety_flags),
            skills=tuple(wanted.skills),
            slots=tuple(wanted.slots),
            requested_by=actor.post,
        ),
        actor=actor,
    )
    due = clocks.due_on(wanted.due_on)
    await start_clock(session, case, "visit", due, actor=actor, started_at=now, about=wanted.id, owner=actor.post)
    await refresh_case(session, case)
    return wanted


async def cancel_visit_request(
    session: AsyncSession, actor: Actor, request_id: UUID, request: CancelVisitRequest
) -> VisitRequest:
    """The visit is no longer wanted; nobody goes there for it."""
    case_id = await session.scalar(select(VisitRequest.case_id).where(VisitRequest.id == request_id))
    if case_id is None:
        raise Missing(NOT_HERE)
    case = await take_case(session, actor, case_id)
    if not await may_coordinate(session, actor, case):
        raise Forbidden(_NOT_YOURS)
    wanted = await session.get_one(VisitRequest, request_id, populate_existing=True)
    wanted.state = care.step("visit_request", wanted.state, "cancelled")
    wanted.cancel_reason = request.reason
    now = clock.now()
    await stop_clocks(session, case, actor=actor, at=now, about=wanted.id, dropped=True)
    await end_disclosures(session, [wanted.id], "cancelled", now)
    add_happening(session, case.id, "visit_cancelled", now, post=actor.post, code=request.reason)
    await record(
        session,
        VisitRequestCancelled(household=case.household, case=case.id, request=wanted.id, reason=request.reason),
        actor=actor,
    )
    await refresh_case(session, case)
    return wanted


async def _purpose(session: AsyncSession, code: str) -> str:
    row = await find_code(session, "VISIT_PURPOSE", code)
    if row is None or not row.active:
        raise Refused(N_("訪問の目的を選んでください。"), field="purpose")
    return code


async def _two_needed(session: AsyncSession, flags: list[str]) -> bool:
    if not flags:
        return False
    known = await code_list(session, "SAFETY_FLAG")
    return any(known[code].attributes.get("two_persons") is True for code in flags if code in known)
