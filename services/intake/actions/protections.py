"""Protection (DV等支援措置): set and ended by people. It never ends by itself, also not when its day has passed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select

from services.intake.actions.stating import state_household
from services.intake.queries.access import NOT_HERE, find_household, is_allowed
from services.intake.tables import HouseholdLink, Member, Protection
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Missing, Refused
from shared.events.intake import ProtectionEnded, ProtectionSet
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import EndIn, ProtectionIn
    from services.intake.tables import Household
    from shared.identity import Actor

LONGEST = timedelta(days=3 * 366)
"""The office grants a year and renews it from a month before; a day far away is a slip."""


async def set_protection(session: AsyncSession, actor: Actor, household: UUID, request: ProtectionIn) -> Protection:
    """Protect a member from now on: the household leaves searches, and its address is masked at once."""
    await hold(session, household)
    home = await find_household(session, actor, household, change=True)
    member = await session.get(Member, request.member)
    if member is None or member.household_id != household:
        raise Refused(N_("この世帯にいない人が選ばれています。"), field="member")
    if request.ends_on is not None and request.ends_on <= clock.today():
        raise Refused(N_("期限は、きょうより後の日にしてください。"), field="ends_on")
    if request.ends_on is not None and request.ends_on > clock.today() + LONGEST:
        raise Refused(N_("措置は1年ごとに更新します。3年より先の日は書けません。"), field="ends_on")
    protection = protection_row(actor, home, member.id, request.kind)
    protection.reason, protection.ends_on = request.reason, request.ends_on
    protection.allowed_posts = request.allowed_posts
    session.add(protection)
    home.version += 1
    # whoever harmed the person may stand on the other side of a suspected link
    await session.execute(
        delete(HouseholdLink).where(
            or_(HouseholdLink.first_id == household, HouseholdLink.second_id == household),
            HouseholdLink.state == "suspected",
        )
    )
    await record(session, protection_fact(protection), actor=actor, occurred_at=protection.set_at)
    allowed = " ".join(["allowed:", *map(str, request.allowed_posts)])
    await note(session, actor, "protection_set", [household], basis=request.kind, reason=allowed)
    return protection


def protection_row(actor: Actor, home: Household, member: UUID, kind: str) -> Protection:
    """The row of a protection that begins now; the household counts as protected from here on."""
    home.protected = True
    return Protection(
        id=clock.new_id(),
        household_id=home.id,
        member_id=member,
        kind=kind,
        reason="",
        starts_on=clock.today(),
        ends_on=None,
        allowed_posts=[],
        set_by=actor.post,
        set_at=clock.now(),
    )


def protection_fact(protection: Protection) -> ProtectionSet:
    """What the others learn of a protection; they forget the area."""
    return ProtectionSet(
        household=protection.household_id,
        protection=protection.id,
        member=protection.member_id,
        kind=protection.kind,
        ends_on=protection.ends_on,
    )


async def end_protection(session: AsyncSession, actor: Actor, protection: UUID, request: EndIn) -> Protection:
    """End a protection, with a reason, by a post of its allow-list; doing it again changes nothing."""
    household = await session.scalar(select(Protection.household_id).where(Protection.id == protection))
    if household is None:
        raise Missing(NOT_HERE)
    await hold(session, household)
    home = await find_household(session, actor, household, change=True)
    if not await is_allowed(session, actor, household):
        raise Forbidden(N_("保護を終えられるのは、担当者と、保護を登録した人だけです。"))
    if not request.reason:
        raise Refused(N_("保護を終える理由を書いてください。"), field="reason")
    found = await session.get(Protection, protection, populate_existing=True)
    if found is None:
        raise Missing(NOT_HERE)
    if found.ended_at is not None:
        return found
    now = clock.now()
    found.ended_at, found.ended_by, found.end_reason = now, actor.post, request.reason
    await session.flush()
    left = await session.scalar(
        select(func.count()).where(Protection.household_id == household, Protection.ended_at.is_(None))
    )
    home.protected = bool(left)
    home.version += 1
    event = ProtectionEnded(household=household, protection=found.id, member=found.member_id)
    await record(session, event, actor=actor, occurred_at=now)
    await note(session, actor, "protection_ended", [household], basis=found.kind)
    if not home.protected:
        await state_household(session, actor, home)
    return found
