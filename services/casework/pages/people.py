"""The administrator's pages: people, their posts, accounts and sessions; and which posts end soon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.casework.actions import people
from services.casework.actions.accounts import demand_administrator, invite_person, reset_account
from services.casework.actions.handing import end_post, name_successor
from services.casework.actions.sessions import end_one_session, end_sessions_of
from services.casework.actions.unusual import say_where_staff_live
from services.casework.pages.forms import Problem, key_of, problems_of, read_fields, understand
from services.casework.pages.words import Choices, agency_choices, choices, done_words
from services.casework.queries.access import NOT_HERE
from services.casework.queries.directory import Directory
from services.casework.queries.people import (
    ending_posts,
    held_today,
    list_people,
    possible_successors,
    read_person,
)
from services.casework.requests import BindIdentity, LimitPost, LiveIn, RegisterPerson, StartPost
from services.casework.tables import Post
from shared import clock
from shared.errors import Forbidden, Missing, Refused
from shared.i18n import N_, locale_of, speaking
from shared.identity import COORDINATING, Actor, CurrentActor
from shared.service import Here, Service
from shared.web import page

router = APIRouter(include_in_schema=False)
M = TypeVar("M", bound=BaseModel)
_LEADERS_ONLY = N_("この一覧は、運用・管理職・調整役だけが見られます。")


@router.get("/people")
async def show_people(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Everybody, with posts and accounts."""
    return await _render_list(request, here, actor, {}, problems=[])


@router.post("/people")
async def register(request: Request, here: Here, actor: CurrentActor) -> Response:
    """Register a person."""
    fields = await read_fields(request)
    body, problems = understand(fields, RegisterPerson, locale_of(request))
    status = 422
    if body is not None:
        try:
            done = await here.perform(
                actor, lambda s: _id_of(people.register_person(s, actor, body)), key=key_of(fields), what="person"
            )
            return RedirectResponse(f"/casework/people/{done.uuid('id')}?done=person", status_code=303)
        except Refused as refused:
            problems, status = problems_of(request, refused), refused.status
    return await _render_list(request, here, actor, fields, problems=problems, status=status)


@router.get("/people/ending")
async def show_ending(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Posts that end within thirty days, and how many cases have no owner then unless somebody is named."""
    _demand_leader(actor)
    async with here.db.read() as session:
        ending = await ending_posts(session)
        directory = await Directory.load(session)
        heirs = {one.post.id: await possible_successors(session, one.post) for one in ending if one.cases}
    with speaking(locale_of(request)):
        return page(
            request,
            "ending.html",
            ending=ending,
            heirs=_as_choices(directory, heirs),
            directory=directory,
            told=done_words(request),
            now=clock.now(),
        )


@router.post("/people/ending/{post_id}")
async def settle_successor(
    post_id: UUID, here: Here, actor: CurrentActor, successor: Annotated[str, Form()] = ""
) -> Response:
    """Name who takes the cases of a post that ends."""
    _demand_leader(actor)
    heir = UUID(successor) if successor else None
    async with here.db.transaction() as session:
        await name_successor(session, actor, post_id, heir)
    return RedirectResponse("/casework/people/ending?done=successor", status_code=303)


@router.get("/people/{person_id}")
async def show_person(person_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """One person: posts, account, sessions, identities at the provider."""
    return await _render_person(request, here, actor, person_id)


@router.post("/people/{person_id}/posts")
async def begin_post(person_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Give a post."""
    return await _change(
        request,
        here,
        actor,
        person_id=person_id,
        model=StartPost,
        done="post",
        work=lambda s, body: people.start_post(s, actor, person_id, body),
    )


@router.post("/people/{person_id}/posts/{post_id}")
async def limit(person_id: UUID, post_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Set the last day and the successor of a post."""
    return await _change(
        request,
        here,
        actor,
        person_id=person_id,
        model=LimitPost,
        done="limited",
        work=lambda s, body: people.limit_post(s, actor, post_id, body),
    )


@router.post("/people/{person_id}/posts/{post_id}/end")
async def end_now(person_id: UUID, post_id: UUID, here: Here, actor: CurrentActor) -> Response:
    """End a post at once; its cases go to whoever comes next."""
    demand_administrator(actor)
    await end_post(here.db, actor, post_id)
    return RedirectResponse(f"/casework/people/{person_id}?done=post_ended", status_code=303)


@router.post("/people/{person_id}/identities")
async def bind(person_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Say which subject of the provider this person is."""
    return await _change(
        request,
        here,
        actor,
        person_id=person_id,
        model=BindIdentity,
        done="bound",
        work=lambda s, body: people.bind_identity(s, actor, person_id, body),
    )


@router.post("/people/{person_id}/home")
async def live(person_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Say in which district somebody lives."""
    return await _change(
        request,
        here,
        actor,
        person_id=person_id,
        model=LiveIn,
        done="home",
        work=lambda s, body: say_where_staff_live(s, actor, person_id, body),
    )


@router.post("/people/{person_id}/account")
async def write_letter(
    person_id: UUID, request: Request, here: Here, actor: CurrentActor, login: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Invite (with a login name) or reset (without); the code is shown once, to be handed over on paper."""
    demand_administrator(actor)
    try:
        async with here.db.transaction() as session:
            if login:
                letter = await invite_person(session, here.settings, actor, person_id, login)
            else:
                letter = await reset_account(session, here.settings, actor, person_id)
    except Missing:
        raise
    except Refused as refused:
        return await _render_person(
            request,
            here,
            actor,
            person_id,
            fields={"login": login},
            problems=problems_of(request, refused),
            status=refused.status,
        )
    link = f"{here.settings.public_url or str(request.base_url).rstrip('/')}/casework/sign-in/letter#{letter.code}"
    return page(request, "account_letter.html", letter=letter, link=link, person_id=person_id)


@router.post("/people/{person_id}/sessions/{session_id}/end")
async def end_session_of_theirs(person_id: UUID, session_id: UUID, here: Here, actor: CurrentActor) -> Response:
    """End anybody's session at once."""
    demand_administrator(actor)
    async with here.db.transaction() as session:
        await end_one_session(session, actor, person_id, session_id)
    return RedirectResponse(f"/casework/people/{person_id}?done=session_ended", status_code=303)


@router.post("/people/{person_id}/sessions/end")
async def end_all_sessions_of_theirs(person_id: UUID, here: Here, actor: CurrentActor) -> Response:
    """End all sessions of a person at once."""
    demand_administrator(actor)
    async with here.db.transaction() as session:
        await end_sessions_of(session, person_id, actor)
    return RedirectResponse(f"/casework/people/{person_id}?done=session_ended", status_code=303)


async def _change(
    request: Request,
    here: Service,
    actor: Actor,
    *,
    person_id: UUID,
    model: type[M],
    work: Callable[[AsyncSession, M], Awaitable[object]],
    done: str,
) -> Response:
    fields = await read_fields(request)
    body, problems = understand(fields, model, locale_of(request))
    status = 422
    if body is not None:
        try:
            await here.perform(actor, lambda s: _nothing(work(s, body)), key=key_of(fields), what=f"{done}/{person_id}")
            return RedirectResponse(f"/casework/people/{person_id}?done={done}", status_code=303)
        except Missing:
            raise
        except Refused as refused:
            problems, status = problems_of(request, refused), refused.status
    return await _render_person(request, here, actor, person_id, fields=fields, problems=problems, status=status)


async def _render_list(
    request: Request, here: Service, actor: Actor, fields: dict[str, Any], *, problems: list[Problem], status: int = 200
) -> HTMLResponse:
    demand_administrator(actor)
    async with here.db.read() as session:
        found = await list_people(session)
        ending = await ending_posts(session)
        directory = await Directory.load(session)
    with speaking(locale_of(request)):
        return page(
            request,
            "people.html",
            status=status,
            people=found,
            ending=ending,
            directory=directory,
            f=fields,
            errors=problems,
            key=fields.get("idempotency_key") or clock.new_id(),
        )


async def _render_person(
    request: Request,
    here: Service,
    actor: Actor,
    person_id: UUID,
    *,
    fields: dict[str, Any] | None = None,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> HTMLResponse:
    demand_administrator(actor)
    locale = locale_of(request)
    async with here.db.read() as session:
        detail = await read_person(session, person_id)
        if detail is None:
            raise Missing(NOT_HERE)
        directory = await Directory.load(session)
        heirs = {post.id: await possible_successors(session, post) for post in detail.posts if held_today(post)}
    with speaking(locale):
        return page(
            request,
            "person.html",
            status=status,
            detail=detail,
            directory=directory,
            heirs=_as_choices(directory, heirs),
            local=bool(here.settings.account_key),
            issuer=here.settings.oidc_issuer,
            lists={
                "agencies": agency_choices(directory),
                "roles": choices(here.codes, "POST_ROLE", locale),
                "areas": choices(here.codes, "AREA", locale),
                "districts": choices(here.codes, "DISTRICT", locale),
            },
            f=fields or {},
            errors=problems or [],
            key=clock.new_id(),
            now=clock.now(),
            today=clock.today(),
            told=done_words(request),
        )


def _as_choices(directory: Directory, heirs: dict[UUID, list[Post]]) -> dict[UUID, Choices]:
    return {
        post: [(str(one.id), f"{directory.post(one.id)}・{directory.title(one.id)}") for one in found]
        for post, found in heirs.items()
    }


def _demand_leader(actor: Actor) -> None:
    if actor.role not in COORDINATING | {"operator"}:
        raise Forbidden(_LEADERS_ONLY)


async def _id_of(made: Awaitable[Any]) -> dict[str, Any]:
    return {"id": str((await made).id)}


async def _nothing(done: Awaitable[object]) -> dict[str, Any]:
    await done
    return {}
