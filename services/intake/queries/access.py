"""Who may see which household: the one condition that every select of intake goes through.

An office sees the households of its areas. Beyond that, a fact opens the door: owning the case, an invitation that
was accepted, a visit, a meeting. Nothing is told about what is not visible: it is simply not there (Missing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, false, not_, or_, select, true
from sqlalchemy.orm import aliased

from services.intake.tables import AccessGrant, Household, Protection
from shared.errors import Missing
from shared.i18n import N_
from shared.identity import WITHOUT_CASES
from shared.spine import closed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

AREA_ROLES = frozenset({"caseworker", "coordinator", "manager"})
"""Posts that are responsible for an area, and so see its households."""
WRITING_ROLES = frozenset({"caseworker", "coordinator", "manager", "agency_worker"})
"""Posts that may log a consultation and change what is known about a household they see."""

NOT_HERE = N_("ここには何もありません。番号が変わったか、見る権限がありません。")


def _granted(actor: Actor) -> ColumnElement[bool]:
    grant = aliased(AccessGrant)
    holder = grant.post == actor.post
    if actor.role != "outreach_worker":
        # an outreach worker goes where they are sent, not wherever their team is asked
        holder = or_(holder, and_(grant.agency == actor.agency, grant.ground != "request"))
    if actor.role == "outreach_lead":
        asked = grant.ground == "request"
        if actor.areas:
            asked = and_(asked, or_(grant.area.in_(sorted(actor.areas)), grant.area.is_(None)))
        holder = or_(holder, asked)
    opens = grant.ground != "council"  # who sits in a meeting learns the name there, and no more (``sits_on``)
    return exists(select(grant.id).where(grant.household_id == Household.id, grant.ended.is_(False), opens, holder))


def sits_on(actor: Actor) -> ColumnElement[bool]:
    """Households whose name ``actor`` may know as a named member of a meeting (支援会議), bound by its secrecy."""
    grant = aliased(AccessGrant)
    seat = select(grant.id).where(
        grant.household_id == Household.id,
        grant.ground == "council",
        grant.post == actor.post,
        grant.ended.is_(False),
    )
    return exists(seat) if actor.role not in WITHOUT_CASES else false()


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The households that ``actor`` may see, as a condition on :class:`Household`."""
    if actor.role in WITHOUT_CASES:
        return false()
    doors: list[ColumnElement[bool]] = [_granted(actor), Household.registered_by == actor.post]
    if actor.role in AREA_ROLES:
        if not actor.areas:
            return true()
        doors += [Household.area.in_(sorted(actor.areas)), Household.area.is_(None)]
    return or_(*doors)


def kept_back() -> ColumnElement[bool]:
    """Households with a protected person; one with parked events counts as protected too (it fails closed)."""
    return or_(Household.protected, closed(Household.__table__.c.id))


def allowed_to(actor: Actor) -> ColumnElement[bool]:
    """Households without protection, or whose allow-list has the post: owner, who registered it, who is named."""
    grant = aliased(AccessGrant)
    return or_(
        not_(kept_back()),
        Household.registered_by == actor.post,
        exists(
            select(grant.id).where(
                grant.household_id == Household.id,
                grant.ground == "owner",
                grant.post == actor.post,
                grant.ended.is_(False),
            )
        ),
        exists(
            select(Protection.id).where(
                Protection.household_id == Household.id,
                Protection.ended_at.is_(None),
                or_(Protection.set_by == actor.post, Protection.allowed_posts.contains([actor.post])),
            )
        ),
    )


async def find_household(session: AsyncSession, actor: Actor, household: UUID, *, change: bool = False) -> Household:
    """The household, read afresh to ``change`` it (hold it first); Missing when ``actor`` may see none."""
    statement = select(Household).where(Household.id == household, visible_to(actor))
    if change:
        statement = statement.execution_options(populate_existing=True)
    found = await session.scalar(statement)
    if found is None:
        raise Missing(NOT_HERE)
    return found


async def is_allowed(session: AsyncSession, actor: Actor, household: UUID) -> bool:
    """Whether ``actor`` may see the address, telephone and area of it."""
    return bool(await session.scalar(select(allowed_to(actor)).where(Household.id == household)))


async def visible_ids(session: AsyncSession, actor: Actor, households: Iterable[UUID]) -> set[UUID]:
    """Those of ``households`` that ``actor`` may see."""
    asked = list(households)
    if not asked:
        return set()
    found = await session.scalars(select(Household.id).where(Household.id.in_(asked), visible_to(actor)))
    return set(found)
