"""Who belongs with which household, as outreach knows it: for the weekly look at the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import any_, or_, select

from services.outreach.tables import Case, Household, Visit, VisitRequest, VisitWorker
from shared.audit.weekly import Relations, pairs_in
from shared.identity import KnownPost

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def relate_posts(session: AsyncSession, pairs: Collection[tuple[UUID, UUID]]) -> Relations:
    """By a visit one goes on or has sent, the team, a request one made, owning the case, or the post's own areas."""
    households, posts = {household for _, household in pairs}, {post for post, _ in pairs}
    visits = (
        select(KnownPost.post, Visit.household)
        .join(Visit, Visit.household.in_(households))
        .outerjoin(VisitWorker, VisitWorker.visit == Visit.id)
        .where(KnownPost.post.in_(posts))
        .where(
            or_(
                VisitWorker.post == KnownPost.post,
                Visit.published_by == KnownPost.post,
                Visit.proposed_by == KnownPost.post,
                Visit.team == KnownPost.agency,
            )
        )
    )
    asked = select(VisitRequest.requested_by, VisitRequest.household).where(VisitRequest.household.in_(households))
    owned = select(Case.owner, Case.household).where(Case.household.in_(households))
    near = (
        select(KnownPost.post, Household.id)
        .join(Household, Household.area == any_(KnownPost.areas))
        .where(KnownPost.post.in_(posts), Household.id.in_(households))
    )
    allowed = await pairs_in(session, visits, asked, owned)
    close_by = await pairs_in(session, near)
    protected = await session.scalars(select(Household.id).where(Household.id.in_(households), Household.protected))
    return Relations(frozenset(protected), allowed | close_by, allowed)
