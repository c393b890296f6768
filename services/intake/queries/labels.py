"""Names and map cells for other services' pages, by id, with the rights of whoever looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, not_, or_, select

from services.intake.queries.access import allowed_to, home_side_to, kept_back, showing, viewer_of
from services.intake.tables import Household, Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

MOST_IDS = 500


def family_name(members: Sequence[tuple[str, str]], number: str) -> str:
    """How a household is called: 「大槻 トシ子さんの世帯」; by its number while no name is known.

    ``members``: (name, reason for having left or ``none``) in their order.
    """
    for name, left in members:
        if name and left == "none":
            return name
    return next((name for name, _ in members if name), number)


def _named_to(actor: Actor) -> ColumnElement[bool]:
    """Members whose names ``actor`` may read: all of a household that is open, or those of the home side."""
    return or_(allowed_to(actor), and_(home_side_to(actor), not_(Member.apart)))


async def household_names(session: AsyncSession, actor: Actor, households: Iterable[UUID]) -> dict[UUID, str]:
    """The first member's name of each household that ``actor`` may see; protected ones only for the allow-list."""
    asked = list(dict.fromkeys(households))[:MOST_IDS]
    rows = await session.execute(
        select(Household.id, Household.number, Member.name, Member.left_reason)
        .outerjoin(Member, Member.household_id == Household.id)
        .where(Household.id.in_(asked), showing(await viewer_of(session, actor), "label"), _named_to(actor))
        .order_by(Household.id, Member.position)
    )
    numbers: dict[UUID, str] = {}
    members: dict[UUID, list[tuple[str, str]]] = {}
    for household, number, name, left in rows:
        numbers[household] = number
        if name is not None:
            members.setdefault(household, []).append((name, left))
    return {household: family_name(members.get(household, []), number) for household, number in numbers.items()}


async def member_names(session: AsyncSession, actor: Actor, members: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """(name, relation code) of each member that ``actor`` may see."""
    asked = list(dict.fromkeys(members))[:MOST_IDS]
    rows = await session.execute(
        select(Member.id, Member.name, Member.relation)
        .join(Household, Household.id == Member.household_id)
        .where(Member.id.in_(asked), showing(await viewer_of(session, actor), "label"), _named_to(actor))
    )
    return {member: (name, relation) for member, name, relation in rows}


async def household_of_members(session: AsyncSession, members: Iterable[UUID]) -> dict[UUID, UUID]:
    """Which household each member belongs to, for the audit."""
    rows = await session.execute(select(Member.id, Member.household_id).where(Member.id.in_(list(members)[:MOST_IDS])))
    return {member: household for member, household in rows}  # noqa: C416 - a Row is no pair


async def cells_of(
    session: AsyncSession, actor: Actor, households: Iterable[UUID]
) -> dict[UUID, tuple[str | None, str | None, str | None]]:
    """(mesh, district, area) of each household that ``actor`` may see; protected ones are absent for everybody."""
    asked = list(dict.fromkeys(households))[:MOST_IDS]
    rows = await session.execute(
        select(Household.id, Household.mesh, Household.district, Household.area).where(
            and_(Household.id.in_(asked), showing(await viewer_of(session, actor), "contact"), not_(kept_back()))
        )
    )
    return {household: (mesh, district, area) for household, mesh, district, area in rows}
