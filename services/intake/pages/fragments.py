"""Pieces of intake for other services' pages: strip, family picture, safety card; with the viewer's rights."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from services.intake.pages.showing import household_context
from services.intake.queries.access import find_household, sight_of
from services.intake.queries.household import read_household
from shared.audit import note
from shared.errors import Conflict
from shared.i18n import N_, locale_of
from shared.identity import CurrentActor
from shared.service import Here
from shared.web import page

router = APIRouter(prefix="/fragments/household/{household}", include_in_schema=False)


@router.get("/strip")
async def show_strip(request: Request, household: UUID, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Names with their reading, ages, and the four flags."""
    return await _piece(request, household, here, actor, "strip.html")


@router.get("/genogram")
async def show_genogram(request: Request, household: UUID, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The family as a picture."""
    return await _piece(request, household, here, actor, "family.html")


@router.get("/safety")
async def show_safety(request: Request, household: UUID, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The safety card: what is dangerous, what must be avoided, what must not be told."""
    return await _piece(request, household, here, actor, "safety.html")


@router.get("/still")
async def still_open(household: UUID, here: Here, actor: CurrentActor, sight: str = "") -> Response:
    """204 while the reader sees what an open page shows; 404 once the right has ended, 409 when it is another."""
    async with here.db.read() as session:
        await find_household(session, actor, household)
        now = await sight_of(session, actor, household)
    if sight and sight != now.name:
        raise Conflict(N_("見える範囲が変わりました。画面を開き直してください。"))
    return Response(status_code=204)


async def _piece(request: Request, household: UUID, here: Here, actor: CurrentActor, template: str) -> HTMLResponse:
    async with here.db.transaction() as session:
        view = await read_household(session, actor, household)
        await note(session, actor, "view", [household])
        context = household_context(view, here.codes, locale_of(request))
        return page(request, template, **context)
