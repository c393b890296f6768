"""What people do in casework, household after household: the steps of the courses become casework's own actions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.actions.councils import sign_secrecy
from services.casework.actions.entries import write_entry
from services.casework.actions.invitations import answer_invitation, begin_acting, invite_agency, leave_case
from services.casework.actions.keeping import take_cases
from services.casework.actions.meetings import call_meeting, hold_meeting, move_task
from services.casework.actions.opening import change_lead, close_case
from services.casework.actions.plans import decide_plan, draft_plan, evaluate_plan, review_plan
from services.casework.actions.reasons import give_reason
from services.casework.actions.visits import request_visit
from services.casework.requests import (
    AnswerInvitation,
    AssignTask,
    CallMeeting,
    DecidePlan,
    DraftPlan,
    EvaluatePlan,
    HoldMeeting,
    InviteAgency,
    PlanLineIn,
    RequestVisit,
    SignSecrecy,
    WriteEntry,
)
from services.casework.tables import Meeting, Plan, Task
from services.ward import staff, steps
from services.ward.courier import Room
from services.ward.family import Household
from services.ward.staff import POST_BY_CODE, Post, head_of
from shared import clock
from shared.codes import find_code
from shared.identity import Actor

_AT_ONCE = 100
"""Cases whose deeds share a transaction: their files are read together and their facts enter the log together."""
_KINDS = {agency.code: agency.kind for agency in staff.AGENCIES}
_PRIVATE = frozenset({"shakyo"})

Deed = tuple[steps.Step, Household]


def actor_of(post: Post) -> Actor:
    """The actor that somebody in ``post`` is; made-up deeds have no session, so the post's id stands for it."""
    return Actor(
        post=post.id,
        person=post.person,
        session=post.id,
        agency=post.agency,
        agency_kind=_KINDS[post.agency],
        role=post.role,
        areas=frozenset(post.areas),
        name=post.name,
    )


def coordinator_of(household: Household) -> str:
    """The code of the coordinator who looks after a household."""
    return f"coordinator-{1 + household.number % 2}"


class Office:
    """Casework's people at work; it remembers which invitation, plan or task a later step is about."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.requests: dict[UUID, UUID] = {}
        """The open visit request by household."""
        self._invitations: dict[tuple[UUID, str], UUID] = {}
        self._meetings: dict[UUID, Meeting] = {}
        self._tasks: dict[UUID, dict[str, Task]] = {}
        self._plans: dict[UUID, Plan] = {}

    async def work(self, deeds: Iterable[Deed], cases: dict[UUID, UUID]) -> None:
        """Household after household, each deed at its own time. ``cases``: by household."""
        by_case: dict[UUID, list[Deed]] = defaultdict(list)
        for step, household in deeds:
            if household.id in cases:
                by_case[cases[household.id]].append((step, household))
        in_order = sorted(by_case.items(), key=lambda pair: pair[1][0][0].at)
        for first in range(0, len(in_order), _AT_ONCE):
            await self._portion(in_order[first : first + _AT_ONCE])

    async def _portion(self, portion: Sequence[tuple[UUID, list[Deed]]]) -> None:
        by_coordinator: dict[str, list[UUID]] = defaultdict(list)
        for case, theirs in portion:
            by_coordinator[coordinator_of(theirs[0][1])].append(case)
        async with self._room.db.transaction() as session:
            for coordinator, cases in sorted(by_coordinator.items()):
                await take_cases(session, actor_of(POST_BY_CODE[coordinator]), cases)
            for case, theirs in portion:
                for step, household in theirs:
                    with clock.at(step.at):
                        await self._deed(session, case, step, household)

    async def _deed(self, session: AsyncSession, case: UUID, step: steps.Step, household: Household) -> None:
        coordinator = actor_of(POST_BY_CODE[coordinator_of(household)])
        match step:
            case steps.Noted():
                writer = coordinator if step.by is None else actor_of(head_of(step.by))
                await write_entry(session, writer, case, _entry_of(step))
            case steps.VisitAsked():
                wanted = RequestVisit(aim=step.aim, purpose="contact", due_on=step.due_on, slots=["afternoon"])
                self.requests[household.id] = (await request_visit(session, coordinator, case, wanted)).id
            case steps.Led():
                await change_lead(session, coordinator, case, step.agency)
            case steps.Closed():
                await close_case(session, coordinator, case, step.reason, "")
            case steps.Called() | steps.Held() | steps.Finished():
                await self._meet(session, coordinator, case, step)
            case steps.Drafted() | steps.Decided() | steps.Reviewed() | steps.Evaluated():
                await self._plan(session, coordinator, case, step)
            case _:
                await self._ask(session, coordinator, case, step)

    async def _ask(self, session: AsyncSession, coordinator: Actor, case: UUID, step: steps.Step) -> None:
        """An agency is asked, answers, begins, leaves."""
        match step:
            case steps.Invited():
                invitation = await invite_agency(session, coordinator, case, _invitation_of(step))
                self._invitations[case, step.agency] = invitation.id
            case steps.Answered():
                answer = AnswerInvitation(answer=step.answer, reason=step.reason, text=step.words)
                asked = self._invitations[case, step.agency]
                await answer_invitation(session, actor_of(head_of(step.agency)), asked, answer)
            case steps.Began():
                await begin_acting(session, actor_of(head_of(step.agency)), self._invitations[case, step.agency])
            case steps.Left():
                asked = self._invitations[case, step.agency]
                await leave_case(session, actor_of(head_of(step.agency)), asked, step.reason)

    async def _meet(self, session: AsyncSession, coordinator: Actor, case: UUID, step: steps.Step) -> None:
        match step:
            case steps.Called():
                self._meetings[case] = await _call(session, coordinator, case, step)
            case steps.Held():
                tasks = [AssignTask(title=title, agency=agency, due_on=due) for agency, title, due in step.tasks]
                held = HoldMeeting(minutes=step.minutes, tasks=tasks)
                meeting = await hold_meeting(session, coordinator, self._meetings[case].id, held)
                tasks_now = await session.scalars(select(Task).where(Task.meeting == meeting.id))
                self._tasks[case] = {task.agency: task for task in tasks_now}
            case steps.Finished():
                await move_task(session, coordinator, self._tasks[case][step.agency].id, "done")

    async def _plan(self, session: AsyncSession, coordinator: Actor, case: UUID, step: steps.Step) -> None:
        match step:
            case steps.Drafted():
                wanted = DraftPlan(
                    goal=step.goal,
                    goal_by="本人",
                    starts_on=clock.today(),
                    ends_on=step.ends_on,
                    monitoring_on=step.monitoring_on,
                    lines=[PlanLineIn(what=what, agency=agency, frequency=often) for agency, what, often in step.lines],
                )
                self._plans[case] = await draft_plan(session, coordinator, case, wanted)
            case steps.Decided():
                manager = actor_of(POST_BY_CODE["manager-1"])
                await give_reason(session, manager, case, "支援決定のため")
                await decide_plan(session, manager, self._plans[case].id, DecidePlan(document="地域福祉課 決定"))
            case steps.Reviewed():
                await review_plan(session, coordinator, self._plans[case].id)
            case steps.Evaluated():
                told = EvaluatePlan(
                    attainment=step.attainment, changes=[step.change], next_policy=step.policy, evaluation=step.words
                )
                await evaluate_plan(session, coordinator, self._plans[case].id, told)


def _entry_of(step: steps.Noted) -> WriteEntry:
    return WriteEntry(
        occurred_at=step.at,
        kind=step.kind,
        channel="phone" if step.kind == "phone" else None,
        with_whom=[step.with_whom],
        minutes=20,
        facts=step.fact,
        words=step.words,
        judgement=step.judgement,
        fix=True,
    )


async def _call(session: AsyncSession, coordinator: Actor, case: UUID, step: steps.Called) -> Meeting:
    """A meeting of agencies; or one of named members, who sign its secrecy notice."""
    kind = await find_code(session, "MEETING_KIND", step.kind)
    wanted = CallMeeting(kind=step.kind, starts_at=step.starts_at, place="本庁 5階 相談室")
    if kind is None or not kind.attributes.get("named"):
        wanted.agencies = list(step.agencies)
        return await call_meeting(session, coordinator, case, wanted)
    heads = [head_of(agency) for agency in step.agencies]
    wanted.members, wanted.reason = [post.id for post in heads], "not_contacted"
    meeting = await call_meeting(session, coordinator, case, wanted)
    for post in heads:
        if post.id != coordinator.post:
            await sign_secrecy(session, actor_of(post), meeting.id, SignSecrecy())
    return meeting


def _invitation_of(step: steps.Invited) -> InviteAgency:
    """The ward's own offices and contractors by 69-2-2, private bodies in the support council (106-6)."""
    if step.agency in _PRIVATE:
        return InviteAgency(
            agency=step.agency, question=step.question, basis="support_council_106_6", reason="not_contacted"
        )
    return InviteAgency(agency=step.agency, question=step.question, basis="internal_69_2_2")
