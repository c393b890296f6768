"""Signing in, staying signed in, signing out. The session's cookie is ours alone; the token's goes to all services."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse

from services.casework.actions.sessions import leave_session, renew_session, start_session
from services.casework.cookies import drop_cookies, session_secret, set_cookies, set_token
from services.casework.queries.directory import list_posts
from services.casework.queries.views import PostView
from services.casework.rules.sessions import device_of, local_path
from shared.errors import Missing
from shared.i18n import N_
from shared.identity import Actor, CurrentActor, NotSignedInError
from shared.service import Here, Service

router = APIRouter(tags=["session"])
api = APIRouter(prefix="/api", tags=["session"])


class SignInAs(BaseModel):
    """The post to sign in as: its id or code."""

    post: Annotated[str, Field(min_length=1, max_length=100)]


class SignedInOut(BaseModel):
    """A session that has begun; ``token`` serves as a bearer token too."""

    token: str
    seconds: int
    post: PostView


class Me(BaseModel):
    """Who is asking."""

    post: str
    person: str
    agency: str
    role: str
    areas: list[str]
    name: str


@api.get("/posts")
async def list_sign_in_posts(here: Here) -> list[PostView]:
    """Whom one may sign in as: only where the demo's sign-in is on (404 otherwise)."""
    if not here.settings.demo_sign_in:
        raise Missing(N_("この環境では、職を選んで入ることはできません。"))
    async with here.db.read() as session:
        return await list_posts(session)


@api.post("/session")
async def sign_in(body: SignInAs, request: Request, here: Here) -> Response:
    """Sign in as a post; sets the cookies and tells the token."""
    async with here.db.transaction() as session:
        begun = await start_session(session, here.settings, body.post, _device(request))
        posts = {post.id: post for post in await list_posts(session)}
    told = SignedInOut(
        token=here.tokens.sign(begun.actor), seconds=here.settings.token_seconds, post=posts[begun.actor.post]
    )
    answer = JSONResponse(told.model_dump(mode="json"))
    set_cookies(answer, here, begun)
    return answer


@api.get("/me")
async def tell_me(actor: CurrentActor) -> Me:
    """Who is asking."""
    return Me(
        post=str(actor.post),
        person=str(actor.person),
        agency=actor.agency,
        role=actor.role,
        areas=sorted(actor.areas),
        name=actor.name,
    )


@router.get("/session", include_in_schema=False)
async def renew_and_return(request: Request, here: Here) -> Response:
    """Make a new token from a session that still runs and go on; else to the sign-in page. Local paths only."""
    wanted = request.query_params.get("return")
    path = local_path(wanted)
    actor = await _renew(request, here)
    if actor is None:
        return RedirectResponse(f"/casework/sign-in?next={quote(path)}", status_code=303)
    answer = RedirectResponse(path, status_code=303)
    set_token(answer, here, actor)
    return answer


@router.post("/session/renew")
async def renew(request: Request, here: Here) -> Response:
    """Keep a session alive while a person works; 401 once it has ended."""
    actor = await _renew(request, here)
    if actor is None:
        raise NotSignedInError(N_("サインインし直してください。書いたものは下書きに残っています。"))
    answer = JSONResponse({"seconds": here.settings.token_seconds, "post": str(actor.post)})
    set_token(answer, here, actor)
    return answer


@router.post("/sign-in", include_in_schema=False)
async def sign_in_by_form(
    request: Request,
    here: Here,
    post: Annotated[str, Form(max_length=100)],
    next_path: Annotated[str, Form(alias="next", max_length=2000)] = "",
) -> Response:
    """Sign in from the page and go where the person wanted to go."""
    async with here.db.transaction() as session:
        begun = await start_session(session, here.settings, post, _device(request))
    answer = RedirectResponse(local_path(next_path), status_code=303)
    set_cookies(answer, here, begun)
    return answer


@router.post("/sign-out", status_code=303, response_class=RedirectResponse)
async def sign_out(request: Request, here: Here) -> Response:
    """End the session at once, in every service; drafts stay."""
    async with here.db.transaction() as session:
        method = await leave_session(session, session_secret(request, here))
    # A link, not a redirect, leads on to the provider: a form's answer may not leave this site (CSP form-action).
    answer = RedirectResponse("/casework/sign-in" + ("?out=provider" if method == "oidc" else ""), status_code=303)
    drop_cookies(answer, here)
    answer.headers["clear-site-data"] = '"cache"'  # what is kept for a person who is offline has an end of its own
    return answer


async def _renew(request: Request, here: Service) -> Actor | None:
    async with here.db.transaction() as session:
        return await renew_session(session, here.settings, session_secret(request, here))


def _device(request: Request) -> str:
    return device_of(request.headers.get("user-agent", ""))
