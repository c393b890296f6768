"""The forms on a household's page: each changes one thing and leads back to where it stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from services.intake.actions.consultations import screen_consultation
from services.intake.actions.findings import answer_type
from services.intake.actions.households import change_household
from services.intake.actions.links import link_households, unlink_households
from services.intake.actions.members import add_member, change_member, mark_left
from services.intake.actions.protections import end_protection, set_protection
from services.intake.actions.reasons import give_reason
from services.intake.checking import settle_area
from services.intake.forms import read_fields, understand
from services.intake.pages.households import household_page
from services.intake.requests import (
    EndIn,
    HouseholdChange,
    LeaveIn,
    LinkIn,
    MemberChange,
    MemberIn,
    ProtectionIn,
    ReasonIn,
    ScreeningIn,
    TypeAnswerIn,
)
from shared.errors import Missing, Refused
from shared.i18n import locale_of
from shared.identity import Actor, CurrentActor
from shared.service import Here, Service
from shared.text import CodeName

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/households/{household}", include_in_schema=False)

M = TypeVar("M", bound=BaseModel)


async def carry_out(
    request: Request,
    here: Service,
    actor: Actor,
    household: UUID,
    *,
    model: type[M],
    act: Callable[[AsyncSession, M], Awaitable[object]],
    place: str,
    **lists: str,
) -> Response:
    """Read the form, do it once, and go back to ``place`` on the page; a refusal shows the page with its sentence."""
    fields = await read_fields(request)
    body, problems = understand(fields, model, here.codes, locale_of(request), **lists)
    if body is None:
        first = problems[0]
        refusal = Refused("{sentence}", first["field"], sentence=first["text"])
        return await household_page(request, here, actor, household, refusal=refusal, sent=fields)

    async def work(session: AsyncSession) -> dict[str, Any]:
        await act(session, body)
        return {"household": str(household)}

    try:
        done = await here.perform(
            actor,
            work,
            key=fields.get("idempotency_key"),
            what=request.url.path,
            body=body.model_dump(mode="json"),
        )
    except Missing:
        raise
    except Refused as refusal:
        return await household_page(request, here, actor, household, refusal=refusal, sent=fields)
    return RedirectResponse(done.link(f"/intake/households/{household}#{place}"), status_code=303)


@router.post("/open")
async def say_why(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Write down why a manager opens the record, then open it."""

    async def act(session: AsyncSession, body: ReasonIn) -> None:
        await give_reason(session, actor, household, body.reason)

    return await carry_out(request, here, actor, household, model=ReasonIn, act=act, place="members")


@router.post("/change")
async def change(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Correct the home."""

    async def act(session: AsyncSession, body: HouseholdChange) -> None:
        await change_household(session, actor, household, settle_area(body, here.codes))

    return await carry_out(request, here, actor, household, model=HouseholdChange, act=act, place="home")


@router.post("/members")
async def add(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Add a member."""

    async def act(session: AsyncSession, body: MemberIn) -> None:
        await add_member(session, actor, household, body)

    return await carry_out(request, here, actor, household, model=MemberIn, act=act, place="members")


@router.post("/members/{member}")
async def correct(request: Request, household: UUID, member: UUID, here: Here, actor: CurrentActor) -> Response:
    """Correct a member."""

    async def act(session: AsyncSession, body: MemberChange) -> None:
        await change_member(session, actor, member, body)

    return await carry_out(request, here, actor, household, model=MemberChange, act=act, place="members")


@router.post("/members/{member}/left")
async def leave(request: Request, household: UUID, member: UUID, here: Here, actor: CurrentActor) -> Response:
    """A member no longer lives there."""

    async def act(session: AsyncSession, body: LeaveIn) -> None:
        await mark_left(session, actor, member, body)

    return await carry_out(
        request, here, actor, household, model=LeaveIn, act=act, place="members", reason="LEAVE_REASON"
    )


@router.post("/types/{code}")
async def answer(request: Request, household: UUID, code: CodeName, here: Here, actor: CurrentActor) -> Response:
    """Confirm or reject a type."""

    async def act(session: AsyncSession, body: TypeAnswerIn) -> None:
        await answer_type(session, actor, household, code, body)

    return await carry_out(request, here, actor, household, model=TypeAnswerIn, act=act, place="types")


@router.post("/protections")
async def protect(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Protect a member from now on."""

    async def act(session: AsyncSession, body: ProtectionIn) -> None:
        await set_protection(session, actor, household, body)

    return await carry_out(
        request, here, actor, household, model=ProtectionIn, act=act, place="protections", kind="PROTECTION_KIND"
    )


@router.post("/protections/{protection}/end")
async def unprotect(request: Request, household: UUID, protection: UUID, here: Here, actor: CurrentActor) -> Response:
    """End a protection."""

    async def act(session: AsyncSession, body: EndIn) -> None:
        await end_protection(session, actor, protection, body)

    return await carry_out(request, here, actor, household, model=EndIn, act=act, place="protections")


@router.post("/links")
async def link(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Link another record, or say that it is somebody else."""

    async def act(session: AsyncSession, body: LinkIn) -> None:
        await link_households(session, actor, household, body)

    return await carry_out(request, here, actor, household, model=LinkIn, act=act, place="links")


@router.post("/links/{other}/undo")
async def unlink(request: Request, household: UUID, other: UUID, here: Here, actor: CurrentActor) -> Response:
    """Take a link back."""

    async def act(session: AsyncSession, _: EndIn) -> None:
        await unlink_households(session, actor, household, other)

    return await carry_out(request, here, actor, household, model=EndIn, act=act, place="links")


@router.post("/consultations/{consultation}/screening")
async def decide(request: Request, household: UUID, consultation: UUID, here: Here, actor: CurrentActor) -> Response:
    """Decide how urgent a consultation is."""

    async def act(session: AsyncSession, body: ScreeningIn) -> None:
        await screen_consultation(session, actor, consultation, body)

    return await carry_out(request, here, actor, household, model=ScreeningIn, act=act, place="consultations")
