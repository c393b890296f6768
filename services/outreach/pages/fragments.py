"""Pieces of outreach inside other services' pages: the visits of a case, what waits for a worker."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from services.outreach.asking import ask_members
from services.outreach.queries import requests, visits
from services.outreach.queries.access import PLANNING
from shared import clock
from shared.identity import CurrentActor, token_of
from shared.service import Here
from shared.web import page

router = APIRouter(prefix="/fragments", include_in_schema=False)

_SHOWN = 100


@router.get("/visits/{visit_id}/members")
async def show_members(visit_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Whom they may have met: members by id, named by intake in the browser."""
    async with here.db.read() as session:
        card = await visits.read_visit(session, actor, visit_id)
    members = await ask_members(here, token_of(request), card.visit.household)
    return page(request, "fragments/members.html", members=members)


@router.get("/cases/{case_id}")
async def show_visits_of_case(case_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Links to the visits of a case that the viewer may open, for casework's page of the case."""
    async with here.db.read() as session:
        cards = await visits.list_visits(session, actor, case=case_id, limit=_SHOWN)
    return page(request, "fragments/case.html", cards=[c for c in cards if c.visit.state != "proposed"])


@router.get("/waiting")
async def show_waiting(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What waits for the viewer: visits to answer, the next visit, and for leads requests without a visit."""
    async with here.db.read() as session:
        day = await visits.day_of(session, actor, clock.today())
        numbers = await requests.count_requests(session, actor, clock.today()) if actor.role in PLANNING else None
    return page(request, "fragments/waiting.html", day=day, numbers=numbers)
