"""The JSON routes of protection: the allow-list, renewal, the split for view, and the glass."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.actions.allowances import allow_post, disallow_post
from services.intake.actions.glass import answer_glass, ask_for_glass, review_glass, shut_glass
from services.intake.actions.protections import renew_protection
from services.intake.actions.sides import choose_side, end_apart, keep_apart
from services.intake.answers import Change
from services.intake.api.changing import Sent
from services.intake.queries.protections import requests_of
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
from shared.identity import CurrentActor
from shared.service import Here

router = APIRouter(tags=["protection"])


class GlassOut(BaseModel):
    """A request to see a protected household. It names the household by its number, never a person."""

    id: UUID
    number: str
    post: UUID
    second: UUID
    reason: str
    asked_at: datetime
    answer: str | None
    answered_by: UUID | None
    ends_at: datetime | None
    answerable: bool
    open: bool
    reviewable: bool


@router.post("/api/protections/{protection}/renewal")
async def post_renewal(protection: UUID, body: RenewIn, sent: Sent) -> Change:
    """The measure runs for longer."""
    return await sent.do("renewal", renew_protection, protection, body)


@router.post("/api/protections/{protection}/allowed", status_code=201)
async def post_allowed(protection: UUID, body: AllowIn, sent: Sent) -> Change:
    """Put a post on the allow-list."""
    return await sent.do("allowed", allow_post, protection, body)


@router.post("/api/protections/{protection}/allowed/{post}/removal")
async def post_removal(protection: UUID, post: UUID, body: EndIn, sent: Sent) -> Change:
    """Take a post off the allow-list, from this moment."""
    return await sent.do("allowed", disallow_post, protection, post, body)


@router.put("/api/households/{household}/apart")
async def put_apart(household: UUID, body: ApartIn, sent: Sent) -> Change:
    """Split a protected household for view."""
    return await sent.do("apart", keep_apart, household, body, named=lambda row: row.household_id)


@router.post("/api/households/{household}/apart/end")
async def post_apart_end(household: UUID, body: EndIn, sent: Sent) -> Change:
    """One side again."""
    return await sent.do("end of apart", end_apart, household, body)


@router.post("/api/consultations/{consultation}/side")
async def post_side(consultation: UUID, body: SideIn, sent: Sent) -> Change:
    """Say whose side a consultation belongs to."""
    return await sent.do("side", choose_side, consultation, body)


@router.get("/api/glass")
async def list_glass(here: Here, actor: CurrentActor) -> list[GlassOut]:
    """Requests that this post made, is asked to approve, or must look back at."""
    async with here.db.read() as session:
        found = await requests_of(session, actor)
    return [
        GlassOut(
            number=one.number,
            answerable=one.answerable,
            open=one.open,
            reviewable=one.reviewable,
            **{
                name: getattr(one.glass, name)
                for name in ("id", "post", "second", "reason", "asked_at", "answer", "answered_by", "ends_at")
            },
        )
        for one in found
    ]


@router.post("/api/glass", status_code=201)
async def post_glass(body: GlassIn, sent: Sent) -> Change:
    """Ask a second person to let this post see a protected household."""
    return await sent.do("glass", ask_for_glass, body)


@router.post("/api/glass/{glass}/answer")
async def post_glass_answer(glass: UUID, body: GlassAnswerIn, sent: Sent) -> Change:
    """Approve or decline."""
    return await sent.do("glass", answer_glass, glass, body)


@router.post("/api/glass/{glass}/shut")
async def post_glass_shut(glass: UUID, sent: Sent) -> Change:
    """End an opening before its time."""
    return await sent.do("shut", shut_glass, glass)


@router.post("/api/glass/{glass}/review")
async def post_glass_review(glass: UUID, body: GlassReviewIn, sent: Sent) -> Change:
    """Say what came of looking back at it."""
    return await sent.do("review", review_glass, glass, body)
