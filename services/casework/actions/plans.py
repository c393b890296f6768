"""Plans (プラン): drafted, decided by the ward, looked at again, evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from services.casework.actions.files import files_of
from services.casework.actions.keeping import add_happening, refresh_case, start_clock, stop_clocks, take_case
from services.casework.actions.opening import may_coordinate
from services.casework.queries.access import NOT_HERE
from services.casework.queries.facts import find_agency
from services.casework.rules import care, cases, clocks
from services.casework.tables import Case, Plan, PlanLine
from shared import clock
from shared.codes import find_code
from shared.errors import Forbidden, Missing, Refused
from shared.events.casework import PlanDecided, PlanDrafted, PlanEvaluated
from shared.i18n import N_
from shared.spine import record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.requests import DecidePlan, DraftPlan, EvaluatePlan
    from shared.identity import Actor

_NOT_YOURS = N_("この操作は、担当・主担当・調整役だけができます。")


async def draft_plan(session: AsyncSession, actor: Actor, case_id: UUID, request: DraftPlan) -> Plan:
    """Write a plan; it is not in force until the ward has decided it."""
    case = await take_case(session, actor, case_id)
    cases.demand_open(case.state)
    if not await may_coordinate(session, actor, case):
        raise Forbidden(_NOT_YOURS)
    care.draft_plan(request.goal, len(request.lines), request.starts_on, request.ends_on, request.monitoring_on)
    wanted = {line.agency for line in request.lines if line.agency}
    if any([await find_agency(session, code) is None for code in wanted]):
        raise Refused(N_("だれがするか(機関)を選んでください。"), field="lines")
    last = await session.scalar(select(func.max(Plan.plan_no)).where(Plan.case_id == case.id))
    now = clock.now()
    plan = Plan(
        id=clock.new_id(),
        case_id=case.id,
        plan_no=(last or 0) + 1,
        goal=request.goal,
        goal_by=request.goal_by,
        starts_on=request.starts_on,
        ends_on=request.ends_on,
        monitoring_on=request.monitoring_on,
        state="draft",
        drafted_at=now,
        drafted_by=actor.post,
    )
    session.add(plan)
    await session.flush()
    session.add_all(
        PlanLine(id=clock.new_id(), plan=plan.id, position=place, **line.model_dump())
        for place, line in enumerate(request.lines)
    )
    add_happening(session, case.id, "plan_drafted", now, post=actor.post)
    await record(
        session,
        PlanDrafted(household=case.household, case=case.id, plan=plan.id, plan_no=plan.plan_no),
        actor=actor,
    )
    return plan


async def decide_plan(session: AsyncSession, actor: Actor, plan_id: UUID, request: DecidePlan) -> Plan:
    """支援決定: the plan is in force, its review and its end are on the clock."""
    plan, case = await _take(session, actor, plan_id)
    cases.demand_open(case.state)
    plan.state = care.decide_plan(plan.state, actor.role)
    now = clock.now()
    plan.decided_at, plan.decided_by, plan.document = now, actor.post, request.document
    add_happening(session, case.id, "plan_decided", now, post=actor.post)
    await record(
        session,
        PlanDecided(
            household=case.household,
            case=case.id,
            plan=plan.id,
            plan_no=plan.plan_no,
            starts_on=plan.starts_on,
            ends_on=plan.ends_on,
            monitoring_on=plan.monitoring_on,
        ),
        actor=actor,
    )
    for kind, day in (("monitoring", plan.monitoring_on), ("plan_end", plan.ends_on)):
        await start_clock(
            session, case, kind, clocks.due_on(day), actor=actor, started_at=now, about=plan.id, agency=case.lead
        )
    await refresh_case(session, case)
    return plan


async def evaluate_plan(session: AsyncSession, actor: Actor, plan_id: UUID, request: EvaluatePlan) -> Plan:
    """評価: how far the goals were reached, what has changed, what comes next."""
    plan, case = await _take(session, actor, plan_id)
    if not await may_coordinate(session, actor, case):
        raise Forbidden(_NOT_YOURS)
    for name, code in [("ATTAINMENT", request.attainment), *(("SEEN_CHANGE", code) for code in request.changes)]:
        if await find_code(session, name, code) is None:
            raise Refused(N_("一覧から選んでください。"), field="attainment")
    plan.state = care.step("plan", plan.state, "evaluated")
    now = clock.now()
    plan.evaluated_at, plan.attainment, plan.changes = now, request.attainment, request.changes
    plan.next_policy, plan.evaluation = request.next_policy, request.evaluation
    await stop_clocks(session, case, actor=actor, at=now, about=plan.id)
    add_happening(session, case.id, "plan_evaluated", now, post=actor.post, code=request.next_policy)
    await record(
        session,
        PlanEvaluated(
            household=case.household,
            case=case.id,
            plan=plan.id,
            plan_no=plan.plan_no,
            next_policy=request.next_policy,
        ),
        actor=actor,
    )
    await refresh_case(session, case)
    return plan


async def review_plan(session: AsyncSession, actor: Actor, plan_id: UUID) -> Plan:
    """モニタリング: the plan was looked at; the next look is due in three months, or at its end."""
    plan, case = await _take(session, actor, plan_id)
    if not await may_coordinate(session, actor, case):
        raise Forbidden(_NOT_YOURS)
    if plan.state != "decided":
        raise Refused(N_("決定されていないプランは見直せません。"))
    now = clock.now()
    await stop_clocks(session, case, actor=actor, at=now, about=plan.id, kinds=("monitoring",))
    plan.monitoring_on = care.next_monitoring(clock.today(), plan.ends_on)
    due = clocks.due_on(plan.monitoring_on)
    await start_clock(session, case, "monitoring", due, actor=actor, started_at=now, about=plan.id, agency=case.lead)
    await refresh_case(session, case)
    return plan


async def _take(session: AsyncSession, actor: Actor, plan_id: UUID) -> tuple[Plan, Case]:
    plan = await session.get(Plan, plan_id)
    if plan is None:
        raise Missing(NOT_HERE)
    in_hand = plan.case_id in files_of(session)
    case = await take_case(session, actor, plan.case_id)
    if not in_hand:  # it may have changed before its household was held
        await session.refresh(plan)
    return plan, case
