"""My posts, my sign-ins, my password: what belongs to the person and not to the post."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.casework.actions.accounts import change_password
from services.casework.actions.sessions import end_one_session, end_sessions_of, posts_held, switch_post
from services.casework.cookies import session_secret, set_cookies
from services.casework.pages.forms import problems_of
from services.casework.pages.words import done_words
from services.casework.queries.directory import Directory
from services.casework.queries.people import ending_posts, running_sessions, waiting_handovers
from services.casework.rules.accounts import SHORTEST
from services.casework.rules.sessions import local_path
from services.casework.tables import Account
from shared import clock
from shared.errors import Refused
from shared.i18n import locale_of, speaking
from shared.identity import Actor, CurrentActor
from shared.service import Here, Service
from shared.web import page

router = APIRouter(include_in_schema=False)
Password = Annotated[str, Form(max_length=1000)]


@router.get("/me")
async def show_me(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """My posts, where I am signed in, and my password where I have one here."""
    return await _render(request, here, actor)


@router.post("/me/post")
async def choose_post(
    request: Request,
    here: Here,
    actor: CurrentActor,
    post: Annotated[UUID, Form()],
    next_path: Annotated[str, Form(alias="next", max_length=2000)] = "",
) -> Response:
    """Go on in another of my posts; the tokens of the one before are refused from now on."""
    if post == actor.post:
        return RedirectResponse(local_path(next_path), status_code=303)
    async with here.db.transaction() as session:
        begun = await switch_post(session, here.settings, session_secret(request, here), post)
    answer = RedirectResponse(local_path(next_path), status_code=303)
    set_cookies(answer, here, begun)
    return answer


@router.post("/me/sessions/{session_id}/end")
async def end_session_of_mine(session_id: UUID, here: Here, actor: CurrentActor) -> Response:
    """End one of my sessions at once, in every service."""
    async with here.db.transaction() as session:
        await end_one_session(session, actor, actor.person, session_id)
    return RedirectResponse("/casework/me?done=session_ended", status_code=303)


@router.post("/me/sessions/end-others")
async def end_my_other_sessions(here: Here, actor: CurrentActor) -> Response:
    """End all my sessions but this one."""
    async with here.db.transaction() as session:
        await end_sessions_of(session, actor.person, actor, keep=actor.session)
    return RedirectResponse("/casework/me?done=session_ended", status_code=303)


@router.post("/me/password")
async def set_my_password(
    request: Request,
    here: Here,
    actor: CurrentActor,
    *,
    old: Password = "",
    code: Annotated[str, Form(max_length=200)] = "",
    password: Password = "",
) -> Response:
    """A new password, for who shows the old one and a code."""
    try:
        await change_password(here.db, here.settings, actor, old=old, code=code, new=password)
    except Refused as refused:
        return await _render(request, here, actor, refused)
    return RedirectResponse("/casework/me?done=password", status_code=303)


@router.get("/fragments/handing")
async def show_handing(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What has come to me and waits for my word, and which of my posts end soon; nothing otherwise."""
    async with here.db.read() as session:
        handed = await waiting_handovers(session, actor)
        ending = [one for one in await ending_posts(session, only=actor.person) if one.post.id == actor.post]
        directory = await Directory.load(session)
    with speaking(locale_of(request)):
        return page(request, "fragments/handing.html", handed=handed, ending=ending, directory=directory)


async def _render(request: Request, here: Service, actor: Actor, refused: Refused | None = None) -> HTMLResponse:
    async with here.db.read() as session:
        posts = [post for post, _, _ in await posts_held(session, actor.person)]
        sessions = await running_sessions(session, actor.person)
        account = await session.get(Account, actor.person)
        directory = await Directory.load(session)
    with speaking(locale_of(request)):
        return page(
            request,
            "me.html",
            status=refused.status if refused else 200,
            posts=posts,
            sessions=sessions,
            account=account if here.settings.account_key else None,
            shortest=SHORTEST,
            demo=here.settings.demo_sign_in,
            directory=directory,
            now=clock.now(),
            told=done_words(request),
            errors=problems_of(request, refused) if refused else [],
        )
