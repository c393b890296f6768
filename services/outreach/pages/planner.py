"""The planner: what waits, what is proposed and why; publish one or all; arrange by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.outreach.actions import planning as actions
from services.outreach.forms import ArrangeForm, ProposeForm, PublishForm, Tap
from services.outreach.pages.words import done_words
from services.outreach.planner import plan_visits
from services.outreach.queries import requests as queries
from services.outreach.queries import visits
from services.outreach.queries.access import PLANNING, load_request
from services.outreach.queries.planning import persons_for
from services.outreach.queries.staff import Member, team_of, workers_of
from services.outreach.requests import obstacle_in_words, reasons_in_words
from shared import clock
from shared.audit import note as audit
from shared.clock import TOKYO
from shared.errors import Refused
from shared.i18n import N_, gettext, locale_of
from shared.identity import CurrentActor, token_of
from shared.service import Here
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.outreach.queries.requests import Waiting
    from services.outreach.tables import VisitRequest
    from shared.identity import Actor
    from shared.service import Service

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Load:
    """A worker and how full their week is."""

    member: Member
    minutes: int

    @property
    def share(self) -> int:
        """Per cent of the week's minutes."""
        return round(100 * self.minutes / max(self.member.weekly_minutes, 1))


@router.get("/planner")
async def show_planner(
    request: Request,
    here: Here,
    actor: CurrentActor,
    after_id: UUID | None = None,
    team: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """Requests, the most urgent first, with their proposals."""
    locale, today = locale_of(request), clock.today()
    async with here.db.transaction() as session:
        rows = await queries.list_requests(session, actor, after=after_id, limit=queries.PAGE + 1)
        await audit(session, actor, "list")
        counts = await queries.count_requests(session, actor, today)
        chosen = team or await queries.team_for(session, actor, actor.areas) or ""
        loads = await _loads(session, chosen) if chosen else []
    shown = rows[: queries.PAGE]
    return page(
        request,
        "planner.html",
        rows=[_row(waiting, here, locale) for waiting in shown],
        next_href=f"/outreach/planner?after_id={shown[-1].request.id}" if len(rows) > queries.PAGE else "",
        numbers=counts,
        loads=loads,
        team=chosen,
        may_plan=actor.role in PLANNING,
        proposed=[w.visit.id for w in shown if w.visit is not None and w.visit.state == "proposed"],
        today=today,
        key=clock.new_id(),
        told=done_words(request),
    )


def _row(waiting: Waiting, here: Service, locale: str) -> dict[str, Any]:
    request, visit = waiting.request, waiting.visit
    return {
        "waiting": waiting,
        "request": request,
        "visit": visit,
        "record": waiting.record,
        "reasons": reasons_in_words(visit.reasons, here.codes, locale) if visit is not None else [],
        "obstacle": obstacle_in_words(request.obstacle, request.obstacle_params, locale),
        "persons": persons_for(request, here.codes),
        "key": clock.new_id(),
    }


async def _loads(session: AsyncSession, team: str) -> list[Load]:
    today = clock.today()
    monday = today - timedelta(days=today.weekday())
    since = datetime.combine(monday, datetime.min.time(), TOKYO)
    members = {member.post: member for member in await team_of(session, team, today)}
    week = today.isocalendar()[:2]
    return [
        Load(members[w.post], sum(b.slot.minutes for b in w.busy if b.slot.day.isocalendar()[:2] == week))
        for w in await workers_of(session, team, today, since)
    ]


@router.post("/planner/propose")
async def propose(request: Request, here: Here, actor: CurrentActor, form: Annotated[ProposeForm, Form()]) -> Response:
    """Make proposals; nobody is told."""
    await plan_visits(here, actor, token_of(request), team=form.team or None, key=form.idempotency_key)
    return RedirectResponse("/outreach/planner?done=proposed", status_code=303)


@router.post("/planner/publish")
async def publish(here: Here, actor: CurrentActor, form: Annotated[PublishForm, Form()]) -> Response:
    """Publish one proposal, or all that are shown."""
    if not form.visit:
        raise Refused(N_("公開する案がありません。先に案を作ってください。"))

    async def work(session: AsyncSession) -> None:
        await actions.publish_visits(session, actor, form.visit)

    body = sorted(str(visit) for visit in form.visit)
    await here.perform(actor, work, key=form.idempotency_key, what="publish", body=body)
    return RedirectResponse("/outreach/planner?done=published", status_code=303)


@router.get("/planner/visits/{visit_id}")
async def show_change(visit_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Other workers, another time."""
    return await _arrange(request, here, actor, visit_id=visit_id)


@router.post("/planner/visits/{visit_id}")
async def change(
    visit_id: UUID, request: Request, here: Here, actor: CurrentActor, form: Annotated[ArrangeForm, Form()]
) -> Response:
    """Change a visit; what is refused comes back as it was."""
    try:
        starts_at, ends_at = form.slot()
        workers = form.staff()

        async def work(session: AsyncSession) -> None:
            await actions.change_visit(
                session, actor, visit_id, workers=workers, starts_at=starts_at, ends_at=ends_at, version=form.version
            )

        body = [str(visit_id), form.model_dump(mode="json", exclude={"idempotency_key"})]
        await here.perform(actor, work, key=form.idempotency_key, what="change", body=body)
    except Refused as refused:
        if refused.field is None:
            raise
        return await _arrange(request, here, actor, visit_id=visit_id, form=form, refused=refused)
    return RedirectResponse("/outreach/planner?done=changed", status_code=303)


@router.post("/planner/visits/{visit_id}/drop")
async def drop(visit_id: UUID, here: Here, actor: CurrentActor, form: Annotated[Tap, Form()]) -> Response:
    """Throw a proposal away."""

    async def work(session: AsyncSession) -> None:
        await actions.drop_proposal(session, actor, visit_id)

    await here.perform(actor, work, key=form.idempotency_key, what="drop", body=str(visit_id))
    return RedirectResponse("/outreach/planner?done=dropped", status_code=303)


@router.get("/planner/requests/{request_id}")
async def show_assign(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Plan by hand."""
    return await _arrange(request, here, actor, request_id=request_id)


@router.post("/planner/requests/{request_id}")
async def assign(
    request_id: UUID, request: Request, here: Here, actor: CurrentActor, form: Annotated[ArrangeForm, Form()]
) -> Response:
    """Plan by hand and publish at once."""
    try:
        starts_at, ends_at = form.slot()
        workers = form.staff()

        async def work(session: AsyncSession) -> None:
            team = await queries.team_for(session, actor, actor.areas)
            wanted = await load_request(session, actor, request_id)
            if actor.agency_kind != "outreach":
                team = await queries.team_for(session, actor, [wanted.area] if wanted.area else [])
            await actions.assign_visit(
                session,
                actor,
                here.codes,
                request_id,
                team=team or "",
                workers=workers,
                starts_at=starts_at,
                ends_at=ends_at,
            )

        body = [str(request_id), form.model_dump(mode="json", exclude={"idempotency_key"})]
        await here.perform(actor, work, key=form.idempotency_key, what="assign", body=body)
    except Refused as refused:
        if refused.field is None:
            raise
        return await _arrange(request, here, actor, request_id=request_id, form=form, refused=refused)
    return RedirectResponse("/outreach/planner?done=published", status_code=303)


async def _arrange(
    request: Request,
    here: Service,
    actor: Actor,
    *,
    visit_id: UUID | None = None,
    request_id: UUID | None = None,
    form: ArrangeForm | None = None,
    refused: Refused | None = None,
) -> HTMLResponse:
    locale = locale_of(request)
    async with here.db.transaction() as session:
        card = await visits.read_visit(session, actor, visit_id) if visit_id is not None else None
        wanted = card.request if card is not None else await load_request(session, actor, _given(request_id))
        await audit(session, actor, "view", [wanted.household])
        team = card.visit.team if card is not None else await _team(session, actor, wanted)
        loads = await _loads(session, team) if team else []
    errors = []
    if refused is not None:
        errors = [{"field": refused.field, "text": gettext(refused.text, locale).format(**refused.params)}]
    if form is None:
        form = _filled(card)
    return page(
        request,
        "arrange.html",
        status=422 if refused else 200,
        card=card,
        wanted=wanted,
        persons=persons_for(wanted, here.codes),
        loads=loads,
        form=form,
        errors=errors,
        key=form.idempotency_key or clock.new_id(),
        may_plan=actor.role in PLANNING,
        nav_here="planner",
    )


async def _team(session: AsyncSession, actor: Actor, wanted: VisitRequest) -> str:
    areas = [wanted.area] if wanted.area else sorted(actor.areas)
    return await queries.team_for(session, actor, areas) or ""


def _given(request_id: UUID | None) -> UUID:
    if request_id is None:
        msg = "a visit or a request"
        raise ValueError(msg)
    return request_id


def _filled(card: visits.Card | None) -> ArrangeForm:
    if card is None:
        return ArrangeForm()
    start = card.visit.starts_at.astimezone(TOKYO)
    length = card.visit.ends_at - card.visit.starts_at
    return ArrangeForm(
        workers=[str(worker.post) for worker in card.workers],
        day=start.date().isoformat(),
        start=start.strftime("%H:%M"),
        minutes=str(int(length.total_seconds() // 60)),
        version=card.visit.version,
    )
