"""Meetings (会議), what they decide, and the tasks (誰が・何を・いつまで) that come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from services.casework.actions.councils import demand_meeting_basis, name_members, recall_day, seat_chair
from services.casework.actions.disclosing import disclose
from services.casework.actions.files import consents_in, councils_of, files_of
from services.casework.actions.invitations import refresh_track
from services.casework.actions.keeping import add_happening, refresh_case, start_clock, stop_clocks, take_case
from services.casework.actions.opening import may_coordinate
from services.casework.queries.access import NOT_HERE
from services.casework.queries.councils import chairs
from services.casework.queries.facts import find_agency
from services.casework.queries.handling import every_item
from services.casework.rules import care, cases, clocks, councils
from services.casework.tables import Case, Meeting, Post, Task
from shared import clock
from shared.clock import TOKYO
from shared.codes import find_code
from shared.errors import Forbidden, Missing, Refused
from shared.events.casework import MeetingCalled, MeetingHeld, TaskAssigned, TaskDone
from shared.i18n import N_
from shared.spine import record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.requests import AssignTask, CallMeeting, HoldMeeting
    from shared.identity import Actor

_Of = TypeVar("_Of", Meeting, Task)

_NOT_YOURS = N_("この操作は、担当・主担当・調整役だけができます。")


async def call_meeting(session: AsyncSession, actor: Actor, case_id: UUID, request: CallMeeting) -> Meeting:
    """Call the agencies together; the kind of meeting says on which ground they may talk."""
    case = await take_case(session, actor, case_id)
    cases.demand_open(case.state)
    if not await may_coordinate(session, actor, case):
        raise Forbidden(_NOT_YOURS)
    row = await find_code(session, "MEETING_KIND", request.kind)
    if row is None or not row.active:
        raise Refused(N_("会議の種類を選んでください。"), field="kind")
    kind = councils.Kind.read(row.code, row.attributes)
    known = [await find_agency(session, code) for code in set(request.agencies)]
    agencies = sorted(agency.code for agency in known if agency is not None and agency.active)
    standing = any(one.stands(clock.today()) for one in await consents_in(session, case))
    councils.call(kind, agencies=len(agencies), members=len(request.members), consented=standing, reason=request.reason)
    await demand_meeting_basis(session, case, kind.basis, agencies)
    now = clock.now()
    meeting = Meeting(
        id=clock.new_id(),
        case_id=case.id,
        kind=kind.code,
        basis=kind.basis,
        starts_at=request.starts_at,
        place=request.place,
        agencies=[] if kind.named else agencies,
        state="called",
        called_by=actor.post,
        called_at=now,
        named=kind.named,
        anonymous=kind.named and request.anonymous,
        reason=request.reason,
        recall_on=await recall_day(session, kind.code, request.starts_at.astimezone(TOKYO).date())
        if kind.named
        else None,
    )
    if meeting.basis == cases.COUNCIL:
        (await councils_of(session, case)).append(meeting)
    session.add(meeting)
    await session.flush()
    add_happening(session, case.id, "meeting_called", now, post=actor.post, code=request.kind)
    await record(
        session,
        MeetingCalled(
            household=case.household,
            case=case.id,
            meeting=meeting.id,
            kind=meeting.kind,
            basis=meeting.basis,
            starts_at=meeting.starts_at,
            agencies=tuple(meeting.agencies),
            called_by=actor.post,
        ),
        actor=actor,
    )
    if kind.named:
        seat_chair(session, actor, case, meeting)
        await name_members(session, actor, case, meeting, [post for post in request.members if post != actor.post])
    else:
        disclose(
            session, case, "meeting", meeting.id, basis=meeting.basis, decided_by=actor.post,
            items=await every_item(session), agencies=agencies,
        )  # fmt: skip
    await refresh_track(session, case)
    await refresh_case(session, case)
    return meeting


async def hold_meeting(session: AsyncSession, actor: Actor, meeting_id: UUID, request: HoldMeeting) -> Meeting:
    """Write down what was decided; every decision has an agency and a day, or it is no decision."""
    meeting, case = await _take(session, actor, Meeting, meeting_id)
    if not await may_coordinate(session, actor, case):
        raise Forbidden(_NOT_YOURS)
    if meeting.named:
        councils.demand_chair(chairs=await chairs(session, actor, case, meeting))
        meeting.recall_on = await recall_day(session, meeting.kind, clock.today())
    meeting.state = care.step("meeting", meeting.state, "held")
    meeting.held_at, meeting.minutes = clock.now(), request.minutes
    add_happening(session, case.id, "meeting_held", meeting.starts_at, post=actor.post, code=meeting.kind)
    await record(
        session,
        MeetingHeld(household=case.household, case=case.id, meeting=meeting.id, kind=meeting.kind),
        actor=actor,
        occurred_at=min(meeting.starts_at, clock.now()),
    )
    for task in request.tasks:
        await _assign(session, actor, case, task, meeting.id)
    await refresh_case(session, case)
    return meeting


async def assign_task(session: AsyncSession, actor: Actor, case_id: UUID, request: AssignTask) -> Task:
    """Somebody is to do something until a day, without a meeting."""
    case = await take_case(session, actor, case_id)
    cases.demand_open(case.state)
    if not await may_coordinate(session, actor, case):
        raise Forbidden(_NOT_YOURS)
    task = await _assign(session, actor, case, request, None)
    await refresh_case(session, case)
    return task


async def _assign(session: AsyncSession, actor: Actor, case: Case, request: AssignTask, meeting: UUID | None) -> Task:
    care.assign_task(request.title, request.due_on, clock.today())
    agency = await find_agency(session, request.agency)
    if agency is None or not agency.active:
        raise Refused(N_("だれがするか(機関)を選んでください。"), field="agency")
    if request.post is not None:
        post = await session.get(Post, request.post)
        if post is None or post.agency != agency.code or post.ended_at is not None:
            raise Refused(N_("その機関の職を選んでください。"), field="post")
    now = clock.now()
    task = Task(
        id=clock.new_id(),
        case_id=case.id,
        meeting=meeting,
        title=request.title,
        agency=agency.code,
        post=request.post,
        due_on=request.due_on,
        state="open",
        assigned_by=actor.post,
        assigned_at=now,
    )
    session.add(task)
    await record(
        session,
        TaskAssigned(
            household=case.household,
            case=case.id,
            task=task.id,
            agency=task.agency,
            post=task.post,
            due_on=task.due_on,
            assigned_by=actor.post,
        ),
        actor=actor,
    )
    due = clocks.due_on(task.due_on)
    await start_clock(
        session, case, "task", due, actor=actor, started_at=now, about=task.id, agency=task.agency, owner=task.post
    )
    return task


async def move_task(session: AsyncSession, actor: Actor, task_id: UUID, to: str) -> Task:
    """A task is begun, done or dropped: by whoever does it, or who coordinates."""
    task, case = await _take(session, actor, Task, task_id)
    if task.agency != actor.agency and not await may_coordinate(session, actor, case):
        raise Forbidden(N_("この決まりごとを動かせるのは、引き受けた機関と担当・調整役です。"))
    task.state = care.step("task", task.state, to)
    if to in {"done", "dropped"}:
        now = clock.now()
        task.ended_at, task.ended_by = now, actor.post
        await stop_clocks(session, case, actor=actor, at=now, about=task.id, dropped=to == "dropped")
        add_happening(session, case.id, "task_done", now, agency=task.agency, post=actor.post, code=to)
        await record(
            session,
            TaskDone(household=case.household, case=case.id, task=task.id, outcome=to, done_by=actor.post),
            actor=actor,
        )
        await refresh_case(session, case)
    return task


async def _take(session: AsyncSession, actor: Actor, kind: type[_Of], id_: UUID) -> tuple[_Of, Case]:
    """A meeting or task and its case, as they stand now that its household is held."""
    found = await session.get(kind, id_)
    if found is None:
        raise Missing(NOT_HERE)
    in_hand = found.case_id in files_of(session)
    case = await take_case(session, actor, found.case_id)
    if not in_hand:  # it may have changed before its household was held
        await session.refresh(found)
    return found, case
