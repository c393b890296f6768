"""What waits for me, and the page where one chooses a post."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from services.casework.pages.words import done_words
from services.casework.queries.directory import Directory, list_posts
from services.casework.queries.home import what_waits
from services.casework.rules.sessions import local_path
from shared import clock
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here
from shared.web import page

router = APIRouter(include_in_schema=False)

_FIRST = ("caseworker", "coordinator", "outreach_lead", "outreach_worker", "manager", "agency_worker", "operator")


@router.get("/")
async def show_home(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What waits for me today, by role: the waiting thing first."""
    async with here.db.read() as session:
        waiting = await what_waits(session, actor)
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


@router.get("/sign-in")
async def show_sign_in(
    request: Request, here: Here, next_path: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> HTMLResponse:
    """Choose a post: only where the demo's sign-in is on."""
    async with here.db.read() as session:
        posts = await list_posts(session) if here.settings.demo_sign_in else []
        directory = await Directory.load(session)
    posts.sort(key=lambda post: (_FIRST.index(post.role) if post.role in _FIRST else len(_FIRST), post.agency))
    groups = [(role, list(found)) for role, found in groupby(posts, key=lambda post: post.role)]
    with speaking(locale_of(request)):
        return page(
            request,
            "sign_in.html",
            groups=groups,
            offered=here.settings.demo_sign_in,
            directory=directory,
            next=local_path(next_path) if next_path else "",
        )
