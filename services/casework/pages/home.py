"""What waits for me."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from services.casework.pages.words import done_words
from services.casework.queries.directory import Directory
from services.casework.queries.home import what_waits
from shared import clock
from shared.audit import note
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here
from shared.web import page

router = APIRouter(include_in_schema=False)


@router.get("/")
async def show_home(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What waits for me today, by role: the waiting thing first."""
    async with here.db.transaction() as session:
        waiting = await what_waits(session, actor)
        await note(session, actor, "list")
        directory = await Directory.load(session)
    with speaking(locale_of(request)):
        return page(
            request,
            "home.html",
            waiting=waiting,
            directory=directory,
            now=clock.now(),
            told=done_words(request),
            counts={
                "home": len(waiting.invitations) + len(waiting.tasks) + sum(d.tone == "stop" for d in waiting.due),
                "cases": waiting.own_cases,
            },
        )
