"""The JSON routes of protection: the allow-list, renewal, the split for view, and the glass."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.actions.allowances import allow_post, disallow_post
from services.intake.actions.glass import answer_glass, ask_for_glass, review_glass, shut_glass
from services.intake.actions.protections import renew_protection
from services.intake.actions.sides import choose_side, end_apart, keep_apart
from services.intake.answers import Change
from services.intake.api.households import change_once
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
from shared.service import Here, IdempotencyKeyHeader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

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
async def post_renewal(
    protection: UUID, body: RenewIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """The measure runs for longer."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await renew_protection(session, actor, protection, body)).id)}

    return await change_once(here, actor, work, key, what=f"renewal/{protection}", body=body)


@router.post("/api/protections/{protection}/allowed", status_code=201)
async def post_allowed(
    protection: UUID, body: AllowIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """Put a post on the allow-list."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await allow_post(session, actor, protection, body)).id)}

    return await change_once(here, actor, work, key, what=f"allowed/{protection}", body=body)


@router.post("/api/protections/{protection}/allowed/{post}/removal")
async def post_removal(
    protection: UUID, post: UUID, *, body: EndIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """Take a post off the allow-list, from this moment."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await disallow_post(session, actor, protection, post, body)).id)}

    return await change_once(here, actor, work, key, what=f"allowed/{protection}/{post}", body=body)


@router.put("/api/households/{household}/apart")
async def put_apart(
    household: UUID, body: ApartIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """Split a protected household for view."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await keep_apart(session, actor, household, body)).household_id)}

    return await change_once(here, actor, work, key, what=f"apart/{household}", body=body)


@router.post("/api/households/{household}/apart/end")
async def post_apart_end(
    household: UUID, body: EndIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """One side again."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await end_apart(session, actor, household, body)).id)}

    return await change_once(here, actor, work, key, what=f"end of apart/{household}", body=body)


@router.post("/api/consultations/{consultation}/side")
async def post_side(
    consultation: UUID, body: SideIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """Say whose side a consultation belongs to."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await choose_side(session, actor, consultation, body)).id)}

    return await change_once(here, actor, work, key, what=f"side/{consultation}", body=body)


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
async def post_glass(body: GlassIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> Change:
    """Ask a second person to let this post see a protected household."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await ask_for_glass(session, actor, body)).id)}

    return await change_once(here, actor, work, key, what="glass", body=body)


@router.post("/api/glass/{glass}/answer")
async def post_glass_answer(
    glass: UUID, body: GlassAnswerIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """Approve or decline."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await answer_glass(session, actor, glass, body)).id)}

    return await change_once(here, actor, work, key, what=f"glass/{glass}", body=body)


@router.post("/api/glass/{glass}/shut")
async def post_glass_shut(glass: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> Change:
    """End an opening before its time."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await shut_glass(session, actor, glass)).id)}

    return await change_once(here, actor, work, key, what=f"shut/{glass}", body=None)


@router.post("/api/glass/{glass}/review")
async def post_glass_review(
    glass: UUID, body: GlassReviewIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """Say what came of looking back at it."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"id": str((await review_glass(session, actor, glass, body)).id)}

    return await change_once(here, actor, work, key, what=f"review/{glass}", body=body)
