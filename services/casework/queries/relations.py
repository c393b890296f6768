"""Who belongs with which household, as casework knows it: for the weekly look at the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import any_, exists, or_, select

from services.casework.rules.sharing import TAKING_PART
from services.casework.tables import Case, Handover, Household, Invitation, MeetingMember, Post, Visit
from shared.audit.weekly import Relations, pairs_in

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def relate_posts(session: AsyncSession, pairs: Collection[tuple[UUID, UUID]]) -> Relations:
    """By owning a case (also once), an agency's part, the lead, a visit, a named seat, or the post's own areas."""
    households = {household for _, household in pairs}
    posts = {post for post, _ in pairs}
    own = (
        select(Post.id, Case.household)
        .join(Case, Case.household.in_(households))
        .join(Household, Household.id == Case.household)
        .where(Post.id.in_(posts))
    )
    part = Invitation.state.in_(sorted(TAKING_PART))
    takes_part = or_(
        Case.owner == Post.id,
        Case.lead == Post.agency,
        exists().where(Handover.case_id == Case.id, or_(Handover.before == Post.id, Handover.after == Post.id)),
        exists().where(Invitation.case_id == Case.id, Invitation.agency == Post.agency, part),
        exists().where(Visit.case_id == Case.id, Post.id == any_(Visit.workers)),
        exists().where(MeetingMember.case_id == Case.id, MeetingMember.post == Post.id),
    )
    of_area = Household.area == any_(Post.areas)
    allowed = await pairs_in(session, own.where(takes_part))
    near = await pairs_in(session, own.where(of_area))
    protected = await session.scalars(select(Household.id).where(Household.id.in_(households), Household.protected))
    return Relations(frozenset(protected), allowed | near, allowed)
