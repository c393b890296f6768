"""Protection (DV等支援措置): set, renewed and ended by people. It never ends by itself, not when its day is past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select, update

from services.intake.actions.allowances import ONLY_THE_LISTED, allowance_row, demand_concerned, hold_protection
from services.intake.actions.stating import state_allow_list, state_household
from services.intake.queries.access import find_household, is_allowed
from services.intake.queries.protections import rules_now, setters_of
from services.intake.rules.protection import demand_end_day, demand_renewal, warning_now
from services.intake.tables import Apart, HouseholdLink, Member, Protection
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Refused
from shared.events.intake import ProtectionDue, ProtectionEnded, ProtectionRenewed, ProtectionSet
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import EndIn, ProtectionIn, RenewIn
    from services.intake.tables import Allowance, Household
    from shared.identity import Actor


async def set_protection(session: AsyncSession, actor: Actor, household: UUID, request: ProtectionIn) -> Protection:
    """Protect a member from now on: the household leaves searches, and its address is masked at once."""
    await hold(session, household)
    home = await find_household(session, actor, household, deed="protect")
    if not await is_allowed(session, actor, household):
        raise Forbidden(ONLY_THE_LISTED)  # else a second protection would put its setter on a list
    member = await session.get(Member, request.member)
    if member is None or member.household_id != household:
        raise Refused(N_("この世帯にいない人が選ばれています。"), field="member")
    demand_end_day(request.ends_on, clock.today(), await rules_now(session))
    await demand_concerned(session, home, request.allowed_posts, "allowed_posts")
    protection = protection_row(actor, home, member.id, request.kind)
    protection.reason, protection.ends_on = request.reason, request.ends_on
    session.add(protection)
    home.version += 1
    await session.flush()
    session.add_all(first_lines(protection, request.allowed_posts))
    await end_links(session, actor, household)
    await record(session, protection_fact(protection), actor=actor, occurred_at=protection.set_at)
    await state_allow_list(session, actor, home)
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
        warned_days=None,
        set_by=actor.post,
        set_at=clock.now(),
    )


def first_lines(protection: Protection, posts: Sequence[UUID] = ()) -> list[Allowance]:
    """The allow-list as it begins: who set it, and whom they named."""
    listed = dict.fromkeys([protection.set_by, *posts])
    return [allowance_row(protection, post, protection.set_by) for post in listed]


async def end_links(session: AsyncSession, actor: Actor, household: UUID) -> None:
    """End every link of a household without a fact that would name both sides; readers drop theirs by protection_set.

    Whoever harmed the person may stand on the other side. What was refused stays refused: it says the two differ.
    """
    one_side = or_(HouseholdLink.first_id == household, HouseholdLink.second_id == household)
    await session.execute(delete(HouseholdLink).where(one_side, HouseholdLink.state == "suspected"))
    await session.execute(
        update(HouseholdLink)
        .where(one_side, HouseholdLink.state == "linked")
        .values(state="unlinked", decided_by=actor.post, decided_at=clock.now())
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


async def renew_protection(session: AsyncSession, actor: Actor, protection: UUID, request: RenewIn) -> Protection:
    """The office has granted another year; the warnings begin anew."""
    home, found = await hold_protection(session, actor, protection)
    if found.ended_at is not None:
        raise Refused(N_("この保護は終わっています。"))
    day = demand_renewal(found.ends_on, request.ends_on, clock.today(), await rules_now(session))
    found.ends_on, found.warned_days = day, None
    home.version += 1
    event = ProtectionRenewed(household=home.id, protection=found.id, member=found.member_id, ends_on=day)
    await record(session, event, actor=actor, occurred_at=clock.now())
    await note(session, actor, "protection_renewed", [home.id], basis=found.kind, reason=day.isoformat())
    return found


async def end_protection(session: AsyncSession, actor: Actor, protection: UUID, request: EndIn) -> Protection:
    """End a protection, with a reason, by a post of its allow-list; doing it again changes nothing."""
    home, found = await hold_protection(session, actor, protection)
    if not request.reason:
        raise Refused(N_("保護を終える理由を書いてください。"), field="reason")
    if found.ended_at is not None:
        return found
    left = await session.scalar(
        select(func.count()).where(
            Protection.household_id == home.id, Protection.ended_at.is_(None), Protection.id != found.id
        )
    )
    apart = await session.get(Apart, home.id)
    if not left and apart is not None and apart.ended_at is None:
        raise Refused(N_("先に「分けて見せる」を終えてください。終えるまで、離れた人の居場所は守られます。"))
    now = clock.now()
    found.ended_at, found.ended_by, found.end_reason = now, actor.post, request.reason
    home.protected = bool(left)
    home.version += 1
    event = ProtectionEnded(household=home.id, protection=found.id, member=found.member_id)
    await record(session, event, actor=actor, occurred_at=now)
    await note(session, actor, "protection_ended", [home.id], basis=found.kind)
    await (state_allow_list if home.protected else state_household)(session, actor, home)
    return found


async def warn_of_end(session: AsyncSession, protection: UUID) -> bool:
    """State that a measure runs out soon, or has run out; whether there was something to say. Nothing is unmasked."""
    household = await session.scalar(select(Protection.household_id).where(Protection.id == protection))
    if household is None:
        return False
    await hold(session, household)
    found = await session.get(Protection, protection, populate_existing=True)
    if found is None or found.ended_at is not None or found.ends_on is None:
        return False
    today = clock.today()
    warning = warning_now(found.ends_on, found.warned_days, today, await rules_now(session))
    if warning is None:
        return False
    found.warned_days = warning
    event = ProtectionDue(
        household=household,
        protection=found.id,
        member=found.member_id,
        ends_on=found.ends_on,
        days_left=(found.ends_on - today).days,
        posts=tuple(await setters_of(session, household)),
    )
    await record(session, event, occurred_at=clock.now())
    return True
