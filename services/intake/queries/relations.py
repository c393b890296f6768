"""Who belongs with which household, as intake knows it, and who has its name: for the weekly look at the audit.

A surname of staff comes in, ids go out: no name of a family leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import any_, or_, select

from services.intake.rules.names import family_key
from services.intake.tables import AccessGrant, Allowance, Consultation, Household, Member
from shared.audit.weekly import Relations, pairs_in
from shared.identity import KnownPost

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def relate_posts(session: AsyncSession, pairs: Collection[tuple[UUID, UUID]]) -> Relations:
    """By a grant (owner, part, meeting, visit), having registered it or taken a call, or the post's own areas."""
    households, posts = {household for _, household in pairs}, {post for post, _ in pairs}
    grants = (
        select(KnownPost.post, AccessGrant.household_id)
        .join(AccessGrant, or_(AccessGrant.post == KnownPost.post, AccessGrant.agency == KnownPost.agency))
        .where(KnownPost.post.in_(posts), AccessGrant.household_id.in_(households))
    )
    registered = select(Household.registered_by, Household.id).where(Household.id.in_(households))
    calls = select(Consultation.received_by, Consultation.household_id).where(Consultation.household_id.in_(households))
    near = (
        select(KnownPost.post, Household.id)
        .join(Household, Household.area == any_(KnownPost.areas))
        .where(KnownPost.post.in_(posts), Household.id.in_(households))
    )
    listed = select(Allowance.post, Allowance.household_id).where(
        Allowance.household_id.in_(households), Allowance.removed_at.is_(None)
    )
    owners = select(AccessGrant.post, AccessGrant.household_id).where(
        AccessGrant.household_id.in_(households), AccessGrant.ground == "owner"
    )
    allowed = await pairs_in(session, registered, listed, owners)
    others = await pairs_in(session, grants, calls, near)
    protected = await session.scalars(select(Household.id).where(Household.id.in_(households), Household.protected))
    return Relations(frozenset(protected), allowed | others, allowed)


async def same_names(
    session: AsyncSession, pairs: Collection[tuple[UUID, UUID]], surnames: Mapping[UUID, str]
) -> list[tuple[UUID, UUID]]:
    """Those pairs of a post and a household in which a member has the surname of who holds the post."""
    households = {household for _, household in pairs}
    keys: dict[UUID, set[str]] = {}
    rows = select(Member.household_id, Member.name, Member.kana).where(Member.household_id.in_(households))
    for household, name, kana in await session.execute(rows):
        keys.setdefault(household, set()).update({family_key(name), family_key(kana)} - {""})
    found = []
    for post, household in pairs:
        own = {family_key(part) for part in surnames.get(post, "").split("|")} - {""}
        if own & keys.get(household, set()):
            found.append((post, household))
    return found
