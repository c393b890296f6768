"""The JSON API of outreach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request

from services.outreach.actions import planning, reporting, staffing, undoing, visiting
from services.outreach.planner import plan_visits
from services.outreach.queries import notes, requests, visits
from services.outreach.queries.staff import team_of
from services.outreach.requests import (
    AnswerIn,
    AssignIn,
    ChangedOut,
    ChangeIn,
    LeaveIn,
    MemberOut,
    MomentIn,
    NoteIn,
    NoteOut,
    PlanIn,
    PublishIn,
    ReportIn,
    RequestFilter,
    RequestOut,
    VisitFilter,
    VisitOut,
    WorkerIn,
)
from shared import clock
from shared.audit import note as audit
from shared.errors import Refused
from shared.i18n import N_, locale_of
from shared.identity import CurrentActor, token_of
from shared.service import Done, Here, IdempotencyKeyHeader
from shared.text import CodeName

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/api", tags=["outreach"])

Moment = Annotated[MomentIn, Body()]
_NOW = MomentIn()


def _receipt(done: Done, visit: UUID | None = None, state: str | None = None) -> ChangedOut:
    return ChangedOut(
        position=done.position,
        repeated=done.repeated,
        visit=visit,
        visits=[UUID(value) for value in done.answer.get("visits", [])],
        state=done.answer.get("state", state),
    )


@router.get("/requests")
async def list_requests(
    request: Request, here: Here, actor: CurrentActor, wanted: Annotated[RequestFilter, Query()]
) -> list[RequestOut]:
    """Visit requests that the viewer sees, the most urgent first, with what is proposed or planned for each."""
    async with here.db.transaction() as session:
        await audit(session, actor, "list")
        found = await requests.list_requests(
            session, actor, states=wanted.state, after=wanted.after_id, limit=wanted.limit
        )
    return [RequestOut.of(waiting, here.codes, locale_of(request)) for waiting in found]


@router.post("/plan")
async def plan(
    request: Request, body: PlanIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> list[RequestOut]:
    """Propose a team, workers and a time for every open request (or some); answers them with the proposals."""
    _, made = await plan_visits(here, actor, token_of(request), team=body.team, requests=body.requests, key=key)
    planned = {proposal.request for proposal in made.proposals} | {unplaced.request for unplaced in made.unplaced}
    async with here.db.read() as session:
        found = await requests.list_requests(session, actor, states=["open"], limit=100)
    return [
        RequestOut.of(waiting, here.codes, locale_of(request)) for waiting in found if waiting.request.id in planned
    ]


@router.post("/visits/publish")
async def publish(body: PublishIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> ChangedOut:
    """Publish proposals, all or none: the workers are told."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        published = await planning.publish_visits(session, actor, body.visits)
        return {"visits": [str(visit) for visit in published]}

    return _receipt(
        await here.perform(actor, work, key=key, what="publish", body=body.model_dump(mode="json")), state="published"
    )


@router.post("/requests/{request_id}/visits", status_code=201)
async def assign(
    request_id: UUID, body: AssignIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> ChangedOut:
    """Plan a visit by hand and publish it at once."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        team = body.team or await requests.team_for(session, actor, actor.areas)
        if team is None:
            raise Refused(N_("どのチームの計画か選んでください。"), field="team")
        visit = await planning.assign_visit(
            session,
            actor,
            here.codes,
            request_id,
            team=team,
            workers=body.workers,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
        )
        return {"visit": str(visit.id), "state": visit.state}

    done = await here.perform(actor, work, key=key, what="assign", body=[str(request_id), body.model_dump(mode="json")])
    return _receipt(done, done.uuid("visit"))


@router.get("/visits")
async def list_visits(here: Here, actor: CurrentActor, wanted: Annotated[VisitFilter, Query()]) -> list[VisitOut]:
    """Visits that the viewer sees, the latest first."""
    async with here.db.transaction() as session:
        await audit(session, actor, "list", [wanted.household])
        found = await visits.list_visits(
            session,
            actor,
            states=wanted.state,
            household=wanted.household,
            case=wanted.case,
            request=wanted.request,
            mine=wanted.mine,
            after=wanted.after_id,
            limit=wanted.limit,
        )
    return [VisitOut.of(card) for card in found]


@router.get("/visits/{visit_id}")
async def read_visit(visit_id: UUID, here: Here, actor: CurrentActor) -> VisitOut:
    """One visit."""
    async with here.db.read() as session:
        return VisitOut.of(await visits.read_visit(session, actor, visit_id))


@router.patch("/visits/{visit_id}")
async def change(
    visit_id: UUID, body: ChangeIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> ChangedOut:
    """Other workers or another time."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        visit = await planning.change_visit(
            session,
            actor,
            visit_id,
            workers=body.workers,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            version=body.version,
        )
        return {"state": visit.state}

    what = [str(visit_id), body.model_dump(mode="json")]
    return _receipt(await here.perform(actor, work, key=key, what="change", body=what), visit_id)


@router.delete("/visits/{visit_id}")
async def drop(visit_id: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> ChangedOut:
    """Throw a proposal away."""

    async def work(session: AsyncSession) -> None:
        await planning.drop_proposal(session, actor, visit_id)

    return _receipt(await here.perform(actor, work, key=key, what="drop", body=str(visit_id)), visit_id, "dropped")


@router.post("/visits/{visit_id}/answer")
async def answer(
    visit_id: UUID, body: AnswerIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> ChangedOut:
    """A worker says whether they go."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        visit = await visiting.answer_assignment(
            session, actor, here.codes, visit_id, given=body.answer, reason=body.reason
        )
        return {"state": visit.state}

    what = [str(visit_id), body.model_dump(mode="json")]
    return _receipt(await here.perform(actor, work, key=key, what="answer", body=what), visit_id)


@router.post("/visits/{visit_id}/arrive")
async def arrive(
    visit_id: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader, body: Moment = _NOW
) -> ChangedOut:
    """着いた."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"state": (await visiting.check_in(session, actor, visit_id, body.at)).state}

    what = [str(visit_id), body.model_dump(mode="json")]
    return _receipt(await here.perform(actor, work, key=key, what="arrive", body=what), visit_id)


@router.post("/visits/{visit_id}/leave")
async def leave(
    visit_id: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader, body: Moment = _NOW
) -> ChangedOut:
    """出た."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"state": (await visiting.check_out(session, actor, visit_id, body.at)).state}

    what = [str(visit_id), body.model_dump(mode="json")]
    return _receipt(await here.perform(actor, work, key=key, what="leave", body=what), visit_id)


@router.post("/visits/{visit_id}/report")
async def report(
    visit_id: UUID, body: ReportIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> ChangedOut:
    """What came of it, and when they will be seen again."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        await reporting.report_visit(session, actor, here.codes, visit_id, body.to_report())
        return {"state": "reported"}

    what = [str(visit_id), body.model_dump(mode="json")]
    return _receipt(await here.perform(actor, work, key=key, what="report", body=what), visit_id)


@router.post("/visits/{visit_id}/undo")
async def undo(visit_id: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> ChangedOut:
    """Take the result back: by who recorded it within ten minutes, later by the team's lead."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"state": (await undoing.undo_report(session, actor, here.codes, visit_id)).state}

    return _receipt(await here.perform(actor, work, key=key, what="undo", body=str(visit_id)), visit_id)


@router.get("/visits/{visit_id}/notes")
async def read_notes(visit_id: UUID, here: Here, actor: CurrentActor) -> list[NoteOut]:
    """What was written about a visit."""
    async with here.db.transaction() as session:
        card = await visits.read_visit(session, actor, visit_id)
        await audit(session, actor, "view", [card.visit.household])
        found = await notes.show_notes(session, actor, visit_id)
    return [NoteOut.model_validate(note, from_attributes=True) for note in found]


@router.post("/visits/{visit_id}/notes", status_code=201)
async def add_note(
    visit_id: UUID, body: NoteIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> ChangedOut:
    """Words that come after the result."""

    async def work(session: AsyncSession) -> None:
        await reporting.add_note(session, actor, visit_id, body.words)

    what = [str(visit_id), body.model_dump(mode="json")]
    return _receipt(await here.perform(actor, work, key=key, what="note", body=what), visit_id)


@router.get("/team")
async def read_team(here: Here, actor: CurrentActor, team: CodeName | None = None) -> list[MemberOut]:
    """The workers of a team: the viewer's own, or for managers any."""
    async with here.db.read() as session:
        chosen = team or await requests.team_for(session, actor, actor.areas)
        if chosen is None:
            return []
        if actor.agency != chosen:
            planning.demand_team(actor, chosen)
        found = await team_of(session, chosen, clock.today())
    return [
        MemberOut(
            post=member.post,
            role=member.role,
            skills=list(member.skills),
            weekly_minutes=member.weekly_minutes,
            leaves=[{"id": str(id_), "since": since, "until": until} for id_, since, until in member.leaves],
        )
        for member in found
    ]


@router.put("/team/{post}")
async def describe_worker(
    post: UUID, body: WorkerIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> ChangedOut:
    """What a worker can do, and how much."""

    async def work(session: AsyncSession) -> None:
        await staffing.describe_worker(
            session, actor, here.codes, post, skills=body.skills, weekly_minutes=body.weekly_minutes
        )

    what = [str(post), body.model_dump(mode="json")]
    return _receipt(await here.perform(actor, work, key=key, what="describe", body=what))


@router.post("/team/{post}/leaves", status_code=201)
async def add_leave(
    post: UUID, body: LeaveIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> ChangedOut:
    """Days on which a worker does not go out."""

    async def work(session: AsyncSession) -> None:
        await staffing.add_leave(session, actor, post, body.since, body.until)

    what = [str(post), body.model_dump(mode="json")]
    return _receipt(await here.perform(actor, work, key=key, what="leave_days", body=what))


@router.delete("/leaves/{leave_id}")
async def end_leave(leave_id: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> ChangedOut:
    """Take days away back."""

    async def work(session: AsyncSession) -> None:
        await staffing.end_leave(session, actor, leave_id)

    return _receipt(await here.perform(actor, work, key=key, what="end_leave", body=str(leave_id)))
