"""緊急の開示 (break-glass): asked with a reason, approved by a second person, open for an hour, looked back at.

Nobody opens it alone, not even where a life is at stake: then the second person is whichever manager or coordinator
answers first (ADR 0044). Every step is a fact and stands in the audit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from services.intake.queries.access import NOT_HERE, is_allowed, viewer_of, visible_ids, visible_to
from services.intake.queries.protections import (
    asked,
    known_post,
    myself,
    not_listed,
    protected_by_number,
    rules_now,
    setters_of,
    somebody,
)
from services.intake.rules.protection import answer_request, demand_request
from services.intake.tables import Glass, Household
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Missing, Refused
from shared.events.intake import GlassAnswered, GlassAsked
from shared.i18n import N_
from shared.identity import COORDINATING, WITHOUT_CASES
from shared.spine import hold, record

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import GlassAnswerIn, GlassIn, GlassReviewIn
    from shared.identity import Actor


async def ask_for_glass(session: AsyncSession, actor: Actor, request: GlassIn) -> Glass:
    """Ask a second person to let this post in. Asking again while the first request waits is another request."""
    if actor.role in WITHOUT_CASES:
        raise Forbidden(N_("この職では頼めません。"))
    known = await known_post(session, request.second)
    second = demand_request(myself(actor), None if known is None else somebody(known), request.reason)
    household = await _named(session, actor, request)
    await hold(session, household)
    if not await not_listed(session, actor, household):
        raise Refused(N_("この世帯は、あなたにはもう見えています。"))
    glass = Glass(
        id=clock.new_id(),
        household_id=household,
        post=actor.post,
        person=actor.person,
        agency=actor.agency,
        reason=request.reason,
        asked_at=clock.now(),
        second=second,
    )
    session.add(glass)
    event = GlassAsked(household=household, glass=glass.id, asked_by=actor.post, post=second)
    await record(session, event, actor=actor, occurred_at=glass.asked_at)
    await note(session, actor, "glass_asked", [household], basis=str(second), reason=request.reason)
    return glass


async def _named(session: AsyncSession, actor: Actor, request: GlassIn) -> UUID:
    """The protected household that was meant, by its page or by its number."""
    if request.household is not None:
        found: UUID | None = await session.scalar(
            select(Household.id).where(
                Household.id == request.household, Household.protected, visible_to(await viewer_of(session, actor))
            )
        )
        if found is None:
            raise Missing(NOT_HERE)
        return found
    number = request.number.strip().upper()
    if not number:
        raise Refused(N_("世帯番号を書いてください(例: H-10482)。"), field="number")
    found = await protected_by_number(session, number)
    if found is None:
        raise Refused(N_("この番号の、保護されている世帯はありません。番号を確かめてください。"), field="number")
    return found


async def answer_glass(session: AsyncSession, actor: Actor, glass: UUID, request: GlassAnswerIn) -> Glass:
    """The second person approves or declines; approved, the asker sees the household until the time is over."""
    found = await _hold_glass(session, glass)
    now, rules = clock.now(), await rules_now(session)
    if actor.post != found.second and actor.role not in COORDINATING and actor.person != found.person:
        raise Missing(NOT_HERE)
    ends_at = answer_request(asked(found), myself(actor), request.answer, now, rules)
    found.answer, found.answered_by, found.answered_at, found.ends_at = request.answer, actor.post, now, ends_at
    others = await setters_of(session, found.household_id) if request.answer == "approved" else []
    event = GlassAnswered(
        household=found.household_id,
        glass=found.id,
        answer=request.answer,
        answered_by=actor.post,
        ends_at=ends_at,
        posts=tuple(dict.fromkeys([found.post, *others])),
    )
    await record(session, event, actor=actor, occurred_at=now)
    await note(session, actor, f"glass_{request.answer}", [found.household_id], basis=str(found.post))
    return found


async def shut_glass(session: AsyncSession, actor: Actor, glass: UUID) -> Glass:
    """End it before its time: by who asked, or by whoever stands on the allow-list. Again changes nothing."""
    found = await _hold_glass(session, glass)
    mine = found.post == actor.post
    if not mine and not await _listed(session, actor, found.household_id):
        raise Missing(NOT_HERE)
    if found.ends_at is None or found.shut_at is not None or found.ends_at <= clock.now():
        return found
    found.shut_at, found.shut_by = clock.now(), actor.post
    await note(session, actor, "glass_shut", [found.household_id])
    return found


async def review_glass(session: AsyncSession, actor: Actor, glass: UUID, request: GlassReviewIn) -> Glass:
    """Look back at it: neither who asked nor who approved may say that it was right."""
    found = await _hold_glass(session, glass)
    if actor.role != "manager" and not await _listed(session, actor, found.household_id):
        raise Missing(NOT_HERE)
    if found.answer != "approved":
        raise Refused(N_("開示されていない申し出です。"))
    if actor.person == found.person or actor.post == found.answered_by:
        raise Forbidden(N_("頼んだ人と承認した人は、自分ではふり返れません。"))
    if not request.review:
        raise Refused(N_("ふり返って分かったことを書いてください。"), field="review")
    if found.reviewed_at is None:
        found.reviewed_at, found.reviewed_by, found.review = clock.now(), actor.post, request.review
        await note(session, actor, "glass_reviewed", [found.household_id])
    return found


async def _hold_glass(session: AsyncSession, glass: UUID) -> Glass:
    household = await session.scalar(select(Glass.household_id).where(Glass.id == glass))
    if household is None:
        raise Missing(NOT_HERE)
    await hold(session, household)
    return await session.get_one(Glass, glass, populate_existing=True)


async def _listed(session: AsyncSession, actor: Actor, household: UUID) -> bool:
    """Whether ``actor`` may see all of it, otherwise than through a glass of their own."""
    seen = await visible_ids(session, actor, [household])
    return bool(seen) and await is_allowed(session, actor, household)
