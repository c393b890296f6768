"""いつもとちがう閲覧: the week as auditors and heads of agencies look through it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.casework.actions.unusual import mark_looked_at
from services.casework.pages.words import done_words
from services.casework.queries.directory import Directory
from services.casework.queries.unusual import read_unusual
from services.casework.requests import LookedAt
from shared import clock
from shared.audit.routes import Auditor
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor, token_of
from shared.service import Here
from shared.web import page

router = APIRouter(prefix="/audit/unusual", include_in_schema=False)
Day = Annotated[date | None, Query()]


@router.get("")
async def show_week(request: Request, here: Here, actor: CurrentActor, day: Day = None) -> HTMLResponse:
    """A week's lines, the gravest first; the last whole week where none is asked for."""
    chosen = day or clock.today() - timedelta(days=7)
    found = await read_unusual(here, actor, token_of(request), chosen)
    with speaking(locale_of(request)):
        async with here.db.read() as session:
            directory = await Directory.load(session)
        return page(
            request,
            "unusual.html",
            week=found,
            directory=directory,
            before=found.monday - timedelta(days=7),
            after=found.monday + timedelta(days=7) if found.sunday < clock.today() else None,
            told=done_words(request),
            nav_here="unusual",
        )


@router.post("")
async def take_note(here: Here, actor: Auditor, body: Annotated[LookedAt, Form()]) -> Response:
    """An auditor has looked at a line."""
    async with here.db.transaction() as session:
        await mark_looked_at(session, actor, body)
    return RedirectResponse(f"/casework/audit/unusual?day={body.day.isoformat()}&done=looked", status_code=303)
