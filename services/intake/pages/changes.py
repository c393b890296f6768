"""The forms on a household's page: each changes one thing and leads back to where it stands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.intake.actions.consultations import screen_consultation
from services.intake.actions.findings import answer_type
from services.intake.actions.households import change_household
from services.intake.actions.links import link_households, unlink_households
from services.intake.actions.members import add_member, change_member, mark_left
from services.intake.actions.protections import end_protection, set_protection
from services.intake.actions.reasons import give_reason
from services.intake.checking import settle_area
from services.intake.pages.forming import HouseholdForm
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
from shared.text import CodeName

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

router = APIRouter(prefix="/households/{household}", include_in_schema=False)


@router.post("/open")
async def say_why(form: HouseholdForm) -> Response:
    """Write down why a manager opens the record, then open it."""
    return await form.do(ReasonIn, give_reason, form.household, place="members")


@router.post("/change")
async def change(form: HouseholdForm) -> Response:
    """Correct the home."""
    settle = partial(settle_area, codes=form.here.codes)
    return await form.do(HouseholdChange, change_household, form.household, place="home", settle=settle)


@router.post("/members")
async def add(form: HouseholdForm) -> Response:
    """Add a member."""
    return await form.do(MemberIn, add_member, form.household, place="members")


@router.post("/members/{member}")
async def correct(member: UUID, form: HouseholdForm) -> Response:
    """Correct a member."""
    return await form.do(MemberChange, change_member, member, place="members")


@router.post("/members/{member}/left")
async def leave(member: UUID, form: HouseholdForm) -> Response:
    """A member no longer lives there."""
    return await form.do(LeaveIn, mark_left, member, place="members", reason="LEAVE_REASON")


@router.post("/types/{code}")
async def answer(code: CodeName, form: HouseholdForm) -> Response:
    """Confirm or reject a type."""
    return await form.do(TypeAnswerIn, answer_type, form.household, code, place="types")


@router.post("/protections")
async def protect(form: HouseholdForm) -> Response:
    """Protect a member from now on."""
    return await form.do(ProtectionIn, set_protection, form.household, place="protections", kind="PROTECTION_KIND")


@router.post("/protections/{protection}/end")
async def unprotect(protection: UUID, form: HouseholdForm) -> Response:
    """End a protection."""
    return await form.do(EndIn, end_protection, protection, place="protections")


@router.post("/links")
async def link(form: HouseholdForm) -> Response:
    """Link another record, or say that it is somebody else."""
    return await form.do(LinkIn, link_households, form.household, place="links")


@router.post("/links/{other}/undo")
async def unlink(other: UUID, form: HouseholdForm) -> Response:
    """Take a link back."""
    return await form.do(EndIn, _unlink, form.household, other, place="links")


@router.post("/consultations/{consultation}/screening")
async def decide(consultation: UUID, form: HouseholdForm) -> Response:
    """Decide how urgent a consultation is."""
    return await form.do(ScreeningIn, screen_consultation, consultation, place="consultations")


async def _unlink(session: AsyncSession, actor: Actor, household: UUID, other: UUID, _: EndIn) -> None:
    await unlink_households(session, actor, household, other)
