"""The team: what each worker can do, how much, when they are away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.outreach.actions import staffing
from services.outreach.actions.planning import demand_team
from services.outreach.forms import LeaveForm, Tap, WorkerForm
from services.outreach.pages.words import done_words
from services.outreach.queries.access import PLANNING
from services.outreach.queries.requests import team_for
from services.outreach.queries.staff import team_of
from shared import clock
from shared.identity import CurrentActor
from shared.service import Here
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(include_in_schema=False)


@router.get("/team")
async def show_team(request: Request, here: Here, actor: CurrentActor, team: str = "") -> HTMLResponse:
    """The viewer's team; for managers any."""
    async with here.db.read() as session:
        chosen = team or await team_for(session, actor, actor.areas) or ""
        if chosen != actor.agency:
            demand_team(actor, chosen)
        members = await team_of(session, chosen, clock.today())
    return page(
        request,
        "team.html",
        team=chosen,
        members=members,
        may_plan=actor.role in PLANNING,
        keys=[clock.new_id() for _ in range(3 * len(members) + 30)],
        nav_here="planner",
        told=done_words(request),
    )


@router.post("/team/{post}")
async def describe(post: UUID, here: Here, actor: CurrentActor, form: Annotated[WorkerForm, Form()]) -> Response:
    """Set what a worker can do, and how much."""

    async def work(session: AsyncSession) -> None:
        await staffing.describe_worker(
            session, actor, here.codes, post, skills=form.skills, weekly_minutes=form.weekly_minutes
        )

    body = [str(post), form.model_dump(mode="json", exclude={"idempotency_key"})]
    await here.perform(actor, work, key=form.idempotency_key, what="describe", body=body)
    return RedirectResponse("/outreach/team?done=described", status_code=303)


@router.post("/team/{post}/leaves")
async def add_leave(post: UUID, here: Here, actor: CurrentActor, form: Annotated[LeaveForm, Form()]) -> Response:
    """Days on which a worker does not go out."""
    since, until = form.days()

    async def work(session: AsyncSession) -> None:
        await staffing.add_leave(session, actor, post, since, until)

    body = [str(post), since.isoformat(), until.isoformat()]
    await here.perform(actor, work, key=form.idempotency_key, what="leave_days", body=body)
    return RedirectResponse("/outreach/team?done=leave", status_code=303)


@router.post("/leaves/{leave_id}/end")
async def end_leave(leave_id: UUID, here: Here, actor: CurrentActor, form: Annotated[Tap, Form()]) -> Response:
    """Take days away back."""

    async def work(session: AsyncSession) -> None:
        await staffing.end_leave(session, actor, leave_id)

    await here.perform(actor, work, key=form.idempotency_key, what="end_leave", body=str(leave_id))
    return RedirectResponse("/outreach/team?done=leave_ended", status_code=303)
