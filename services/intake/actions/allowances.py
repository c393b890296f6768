"""The allow-list of a protection: who was put on it and taken off, by whom, why. Both hold from that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from services.intake.actions.stating import state_allow_list
from services.intake.queries.access import NOT_HERE, find_household, is_allowed
from services.intake.queries.protections import owners_of, strangers_among
from services.intake.tables import Allowance, Apart, Household, Protection
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Missing, Refused
from shared.i18n import N_
from shared.spine import derived_id, hold

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import AllowIn, EndIn
    from shared.identity import Actor

ONLY_THE_LISTED = N_("保護の設定を変えられるのは、見てよい人の一覧にある職だけです。")
_STRANGER = N_("この世帯に関わっていない職は選べません。先につなぐか、訪問を頼んでください。")


def allowance_row(protection: Protection, post: UUID, by: UUID, *, side: str = "all", reason: str = "") -> Allowance:
    """A line of the list that stands from now on."""
    return Allowance(
        id=clock.new_id(),
        household_id=protection.household_id,
        protection_id=protection.id,
        post=post,
        side=side,
        reason=reason,
        added_by=by,
        added_at=clock.now(),
        removed_by=None,
        removed_at=None,
        removed_reason="",
    )


async def demand_concerned(session: AsyncSession, home: Household, posts: Iterable[UUID], field: str) -> None:
    """Refuse posts that have nothing to do with the household: the list narrows rights, it never gives them."""
    if await strangers_among(session, home, posts):
        raise Refused(_STRANGER, field=field)


async def hold_protection(session: AsyncSession, actor: Actor, protection: UUID) -> tuple[Household, Protection]:
    """A protection to be changed, with its household held; Forbidden for whoever is not on the list."""
    household = await session.scalar(select(Protection.household_id).where(Protection.id == protection))
    if household is None:
        raise Missing(NOT_HERE)
    await hold(session, household)
    home = await find_household(session, actor, household, deed="protect")
    if not await is_allowed(session, actor, household):
        raise Forbidden(ONLY_THE_LISTED)
    found = await session.get(Protection, protection, populate_existing=True)
    if found is None:
        raise Missing(NOT_HERE)
    return home, found


async def allow_post(session: AsyncSession, actor: Actor, protection: UUID, request: AllowIn) -> Allowance:
    """Put a post on the list; one that stands there already stays as it is, unless for another side."""
    home, found = await hold_protection(session, actor, protection)
    if found.ended_at is not None:
        raise Refused(N_("この保護は終わっています。"))
    if not request.reason:
        raise Refused(N_("見てよい人にくわえる理由を書いてください。"), field="reason")
    await demand_concerned(session, home, [request.post], "post")
    if request.side == "home":
        apart = await session.get(Apart, home.id)
        if apart is None or apart.ended_at is not None:
            raise Refused(N_("この世帯は分けて見せていません。"), field="side")
    standing = await _standing(session, protection, request.post)
    if standing is not None and standing.side == request.side:
        return standing
    if standing is not None:
        standing.removed_at, standing.removed_by, standing.removed_reason = clock.now(), actor.post, request.reason
        await session.flush()
    line = allowance_row(found, request.post, actor.post, side=request.side, reason=request.reason)
    session.add(line)
    home.version += 1
    await state_allow_list(session, actor, home)
    told = f"{request.post} {request.side}: {request.reason}"
    await note(session, actor, "protection_allowed", [home.id], basis=found.kind, reason=told)
    return line


async def disallow_post(
    session: AsyncSession, actor: Actor, protection: UUID, post: UUID, request: EndIn
) -> Protection:
    """Take a post off the list: from this moment it sees what everybody sees. Doing it again changes nothing."""
    home, found = await hold_protection(session, actor, protection)
    if not request.reason:
        raise Refused(N_("外す理由を書いてください。"), field="reason")
    standing = await _standing(session, protection, post)
    if standing is None:
        return found
    left = await session.scalar(
        select(func.count())
        .select_from(Allowance)
        .where(
            Allowance.protection_id == protection, Allowance.removed_at.is_(None), Allowance.side == "all",
            Allowance.post != post,
        )
    )  # fmt: skip
    if not left and not await owners_of(session, home.id):
        raise Refused(N_("さいごの一人は外せません。先に、代わりに見る人をくわえてください。"))
    standing.removed_at, standing.removed_by, standing.removed_reason = clock.now(), actor.post, request.reason
    home.version += 1
    await state_allow_list(session, actor, home)
    await note(session, actor, "protection_disallowed", [home.id], basis=found.kind, reason=f"{post}: {request.reason}")
    return found


async def take_off_former_owner(session: AsyncSession, household: UUID, before: UUID, because: UUID) -> None:
    """Whoever handed the case over leaves the lists with it; the successor stands there by owning it."""
    left = await session.scalars(
        update(Allowance)
        .where(Allowance.household_id == household, Allowance.post == before, Allowance.removed_at.is_(None))
        .values(removed_at=clock.now())
        .returning(Allowance.id)
    )
    home = await session.get(Household, household)
    if left.first() is not None and home is not None and home.protected:
        await state_allow_list(session, None, home, event_id=derived_id(because, "allow_list"))


async def _standing(session: AsyncSession, protection: UUID, post: UUID) -> Allowance | None:
    found: Allowance | None = await session.scalar(
        select(Allowance)
        .where(Allowance.protection_id == protection, Allowance.post == post, Allowance.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return found
