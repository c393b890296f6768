"""The page of protection: what waits for an answer, what runs out, what is to be looked back at; and its forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.intake.actions.allowances import allow_post, disallow_post
from services.intake.actions.glass import answer_glass, ask_for_glass, review_glass, shut_glass
from services.intake.actions.protections import renew_protection
from services.intake.actions.sides import choose_side, end_apart, keep_apart
from services.intake.forms import new_key, read_fields, understand
from services.intake.pages.changes import carry_out
from services.intake.queries.protections import due_soon, requests_of, rules_now, seconds_for
from services.intake.requests import (
    AllowIn,
    ApartIn,
    EndIn,
    GlassAnswerIn,
    GlassIn,
    GlassReviewIn,
    RenewIn,
    SideIn,
)
from shared.audit import note
from shared.errors import Missing, Refused
from shared.i18n import gettext, locale_of
from shared.identity import WITHOUT_CASES, Actor, CurrentActor
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(include_in_schema=False)
of_household = APIRouter(prefix="/households/{household}", include_in_schema=False)

M = TypeVar("M", bound=BaseModel)


@router.get("/protections")
async def show_protections(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What waits for me about protected households; no name stands on it."""
    return await _show(request, here, actor)


async def _show(
    request: Request,
    here: Service,
    actor: Actor,
    *,
    refusal: Refused | None = None,
    sent: dict[str, Any] | None = None,
) -> HTMLResponse:
    locale = locale_of(request)
    async with here.db.transaction() as session:
        due = await due_soon(session, actor)
        asked = await requests_of(session, actor)
        seconds = await seconds_for(session, actor)
        rules = await rules_now(session)
        await note(session, actor, "list", [one.household for one in due] or [None])
    problems = []
    if refusal is not None:
        text = gettext(refusal.text, locale).format(**refusal.params)
        problems = [{"field": refusal.field or "", "text": text}]
    return page(
        request,
        "protections.html",
        status=refusal.status if refusal else 200,
        due=due,
        asked=asked,
        seconds=seconds,
        rules=rules,
        may_ask=actor.role not in WITHOUT_CASES,
        errors=problems,
        sent=sent or {},
        key=new_key,
    )


async def _do(
    request: Request,
    here: Service,
    actor: Actor,
    *,
    model: type[M],
    act: Callable[[AsyncSession, M], Awaitable[object]],
) -> Response:
    fields = await read_fields(request)
    body, problems = understand(fields, model, here.codes, locale_of(request))
    if body is None:
        first = problems[0]
        refusal = Refused("{sentence}", first["field"], sentence=first["text"])
        return await _show(request, here, actor, refusal=refusal, sent=fields)

    async def work(session: AsyncSession) -> dict[str, Any]:
        await act(session, body)
        return {}

    try:
        await here.perform(
            actor, work, key=fields.get("idempotency_key"), what=request.url.path, body=body.model_dump(mode="json")
        )
    except Missing:
        raise
    except Refused as refusal:
        return await _show(request, here, actor, refusal=refusal, sent=fields)
    return RedirectResponse("/intake/protections", status_code=303)


@router.post("/glass")
async def ask_by_number(request: Request, here: Here, actor: CurrentActor) -> Response:
    """Ask to see a protected household of which one has the number alone."""

    async def act(session: AsyncSession, body: GlassIn) -> None:
        await ask_for_glass(session, actor, body)

    return await _do(request, here, actor, model=GlassIn, act=act)


@router.post("/glass/{glass}/answer")
async def answer(request: Request, glass: UUID, here: Here, actor: CurrentActor) -> Response:
    """The second person answers."""

    async def act(session: AsyncSession, body: GlassAnswerIn) -> None:
        await answer_glass(session, actor, glass, body)

    return await _do(request, here, actor, model=GlassAnswerIn, act=act)


@router.post("/glass/{glass}/shut")
async def shut(request: Request, glass: UUID, here: Here, actor: CurrentActor) -> Response:
    """End an opening before its time."""

    async def act(session: AsyncSession, _: EndIn) -> None:
        await shut_glass(session, actor, glass)

    return await _do(request, here, actor, model=EndIn, act=act)


@router.post("/glass/{glass}/review")
async def review(request: Request, glass: UUID, here: Here, actor: CurrentActor) -> Response:
    """Look back at it."""

    async def act(session: AsyncSession, body: GlassReviewIn) -> None:
        await review_glass(session, actor, glass, body)

    return await _do(request, here, actor, model=GlassReviewIn, act=act)


@of_household.post("/glass")
async def ask(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Ask on the household's own page."""

    async def act(session: AsyncSession, body: GlassIn) -> None:
        await ask_for_glass(session, actor, body.model_copy(update={"household": household}))

    return await carry_out(request, here, actor, household, model=GlassIn, act=act, place="glass")


@of_household.post("/protections/{protection}/renew")
async def renew(request: Request, household: UUID, protection: UUID, here: Here, actor: CurrentActor) -> Response:
    """The measure runs for longer."""

    async def act(session: AsyncSession, body: RenewIn) -> None:
        await renew_protection(session, actor, protection, body)

    return await carry_out(request, here, actor, household, model=RenewIn, act=act, place="protections")


@of_household.post("/protections/{protection}/allowed")
async def allow(request: Request, household: UUID, protection: UUID, here: Here, actor: CurrentActor) -> Response:
    """Put a post on the allow-list."""

    async def act(session: AsyncSession, body: AllowIn) -> None:
        await allow_post(session, actor, protection, body)

    return await carry_out(request, here, actor, household, model=AllowIn, act=act, place="protections")


@of_household.post("/protections/{protection}/allowed/{post}/remove")
async def disallow(
    request: Request, household: UUID, protection: UUID, post: UUID, *, here: Here, actor: CurrentActor
) -> Response:
    """Take a post off the allow-list."""

    async def act(session: AsyncSession, body: EndIn) -> None:
        await disallow_post(session, actor, protection, post, body)

    return await carry_out(request, here, actor, household, model=EndIn, act=act, place="protections")


@of_household.post("/apart")
async def split(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Split the household for view, or correct what is known of those apart."""

    async def act(session: AsyncSession, body: ApartIn) -> None:
        await keep_apart(session, actor, household, body)

    return await carry_out(request, here, actor, household, model=ApartIn, act=act, place="apart")


@of_household.post("/apart/end")
async def join(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """One side again."""

    async def act(session: AsyncSession, body: EndIn) -> None:
        await end_apart(session, actor, household, body)

    return await carry_out(request, here, actor, household, model=EndIn, act=act, place="apart")


@of_household.post("/consultations/{consultation}/side")
async def take_side(request: Request, household: UUID, consultation: UUID, here: Here, actor: CurrentActor) -> Response:
    """Say whose side a consultation belongs to."""

    async def act(session: AsyncSession, body: SideIn) -> None:
        await choose_side(session, actor, consultation, body)

    return await carry_out(request, here, actor, household, model=SideIn, act=act, place="consultations")
