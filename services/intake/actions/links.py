"""Links between records: perhaps the same household, surely the same, the same family, or surely not.

Linking keeps both records, and can be taken back. Nothing is ever linked, suspected or even said about a household
that holds a protected person: the one who is feared may stand on the other side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.intake.queries.access import NOT_HERE, find_household, kept_back
from services.intake.queries.known import find_known, stored_home
from services.intake.rules.matching import SUSPICIOUS
from services.intake.tables import Household, HouseholdLink
from shared import clock
from shared.errors import Missing, Refused
from shared.events.intake import DuplicateSuspected, HouseholdsLinked, HouseholdsUnlinked
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import LinkIn
    from services.intake.tables import Member
    from shared.identity import Actor


async def link_households(session: AsyncSession, actor: Actor, household: UUID, request: LinkIn) -> HouseholdLink:
    """Say that two records are, or are not, the same household or family."""
    if household == request.other:
        raise Refused(N_("同じ記録どうしはつなげません。"), field="other")
    await hold(session, household, request.other)
    one = await find_household(session, actor, household, deed="correct")
    await find_household(session, actor, request.other, deed="correct")
    if await _kept_back(session, [one.id, request.other]):
        raise Missing(NOT_HERE)
    before = await _load(session, household, request.other)
    if before is not None and before.state == request.answer and before.kind == request.kind:
        return before
    link = await _keep(session, (household, request.other), request.answer, request.kind, actor=actor)
    now = clock.now()
    if request.answer == "linked":
        event = HouseholdsLinked(household=household, other=request.other, kind=request.kind)
        await record(session, event, actor=actor, occurred_at=now)
    return link


async def unlink_households(session: AsyncSession, actor: Actor, household: UUID, other: UUID) -> None:
    """Take a link back; taking back what is not linked changes nothing."""
    await hold(session, household, other)
    await find_household(session, actor, household, deed="correct")
    await find_household(session, actor, other, deed="correct")
    before = await _load(session, household, other)
    if before is None or before.state != "linked":
        return
    await _keep(session, (household, other), "unlinked", before.kind, actor=actor)
    if not await _kept_back(session, [household, other]):
        event = HouseholdsUnlinked(household=household, other=other)
        await record(session, event, actor=actor, occurred_at=clock.now())


async def suspect_duplicates(
    session: AsyncSession,
    actor: Actor,
    home: Household,
    members: Sequence[Member],
    *,
    without: frozenset[UUID],
) -> None:
    """Put before a person what looks like the same household; the ones they refused are left in peace."""
    if home.protected:
        return
    # also those that the actor may not see: somebody else will be asked
    found = [
        known
        for known in await find_known(session, stored_home(home, members), None, alike=True)
        if known.score >= SUSPICIOUS and known.household not in without
    ]
    # all at once: locks are taken in one order, so that two registrations never wait for each other
    await hold(session, home.id, *(known.household for known in found))
    meanwhile = await _kept_back(session, [home.id, *(known.household for known in found)])
    if home.id in meanwhile:
        return
    for known in found:
        if known.household in meanwhile:
            continue
        await _keep(session, (home.id, known.household), "suspected", "same", actor=actor, score=known.score)
        event = DuplicateSuspected(household=home.id, other=known.household, score=known.score)
        await record(session, event, actor=actor, occurred_at=clock.now())


async def _kept_back(session: AsyncSession, households: Sequence[UUID]) -> set[UUID]:
    """Those of ``households`` with a protected person, looked up again under their locks."""
    return set(await session.scalars(select(Household.id).where(Household.id.in_(households), kept_back())))


async def _load(session: AsyncSession, one: UUID, other: UUID) -> HouseholdLink | None:
    first, second = min(one, other), max(one, other)
    found: HouseholdLink | None = await session.scalar(
        select(HouseholdLink)
        .where(HouseholdLink.first_id == first, HouseholdLink.second_id == second)
        .execution_options(populate_existing=True)
    )
    return found


async def _keep(
    session: AsyncSession,
    pair: tuple[UUID, UUID],
    state: str,
    kind: str,
    *,
    actor: Actor,
    score: int | None = None,
) -> HouseholdLink:
    first, second = min(pair), max(pair)
    change = {"state": state, "kind": kind, "decided_by": actor.post, "decided_at": clock.now()}
    row = {"id": clock.new_id(), "first_id": first, "second_id": second, "score": score, **change}
    await session.execute(
        insert(HouseholdLink)
        .values(row)
        .on_conflict_do_update(index_elements=[HouseholdLink.first_id, HouseholdLink.second_id], set_=change)
    )
    link = await _load(session, first, second)
    if link is None:  # pragma: no cover - written just above
        raise Missing(NOT_HERE)
    return link
