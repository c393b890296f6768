"""The page of protection: what waits for an answer, what runs out, what is to be looked back at; and its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from services.intake.actions.allowances import allow_post, disallow_post
from services.intake.actions.glass import answer_glass, ask_for_glass, review_glass, shut_glass
from services.intake.actions.protections import renew_protection
from services.intake.actions.sides import choose_side, end_apart, keep_apart
from services.intake.forms import new_key
from services.intake.pages.forming import Action, Form, HouseholdForm
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
from shared.errors import Refused
from shared.i18n import gettext, locale_of
from shared.identity import WITHOUT_CASES, Actor, CurrentActor
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(include_in_schema=False)
of_household = APIRouter(prefix="/households/{household}", include_in_schema=False)


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


class _PageForm:
    """A form on the page of protection."""

    def __init__(self, form: Form) -> None:
        self._form = form

    async def do(self, model: type[BaseModel], action: Action, *given: UUID) -> Response:
        """Do it, and show the page as it is then."""
        form = self._form

        async def again(refusal: Refused, fields: dict[str, Any]) -> Response:
            return await _show(form.request, form.here, form.actor, refusal=refusal, sent=fields)

        return await form.send(model, action, *given, again=again, ids=lambda _: {}, to=lambda _: "/intake/protections")


PageForm = Annotated[_PageForm, Depends()]


@router.post("/glass")
async def ask_by_number(form: PageForm) -> Response:
    """Ask to see a protected household of which one has the number alone."""
    return await form.do(GlassIn, ask_for_glass)


@router.post("/glass/{glass}/answer")
async def answer(glass: UUID, form: PageForm) -> Response:
    """The second person answers."""
    return await form.do(GlassAnswerIn, answer_glass, glass)


@router.post("/glass/{glass}/shut")
async def shut(glass: UUID, form: PageForm) -> Response:
    """End an opening before its time."""
    return await form.do(EndIn, _shut, glass)


@router.post("/glass/{glass}/review")
async def review(glass: UUID, form: PageForm) -> Response:
    """Look back at it."""
    return await form.do(GlassReviewIn, review_glass, glass)


@of_household.post("/glass")
async def ask(form: HouseholdForm) -> Response:
    """Ask on the household's own page."""
    here = {"household": form.household}
    return await form.do(GlassIn, ask_for_glass, place="glass", settle=lambda body: body.model_copy(update=here))


@of_household.post("/protections/{protection}/renew")
async def renew(protection: UUID, form: HouseholdForm) -> Response:
    """The measure runs for longer."""
    return await form.do(RenewIn, renew_protection, protection, place="protections")


@of_household.post("/protections/{protection}/allowed")
async def allow(protection: UUID, form: HouseholdForm) -> Response:
    """Put a post on the allow-list."""
    return await form.do(AllowIn, allow_post, protection, place="protections")


@of_household.post("/protections/{protection}/allowed/{post}/remove")
async def disallow(protection: UUID, post: UUID, form: HouseholdForm) -> Response:
    """Take a post off the allow-list."""
    return await form.do(EndIn, disallow_post, protection, post, place="protections")


@of_household.post("/apart")
async def split(form: HouseholdForm) -> Response:
    """Split the household for view, or correct what is known of those apart."""
    return await form.do(ApartIn, keep_apart, form.household, place="apart")


@of_household.post("/apart/end")
async def join(form: HouseholdForm) -> Response:
    """One side again."""
    return await form.do(EndIn, end_apart, form.household, place="apart")


@of_household.post("/consultations/{consultation}/side")
async def take_side(consultation: UUID, form: HouseholdForm) -> Response:
    """Say whose side a consultation belongs to."""
    return await form.do(SideIn, choose_side, consultation, place="consultations")


async def _shut(session: AsyncSession, actor: Actor, glass: UUID, _: EndIn) -> None:
    await shut_glass(session, actor, glass)
