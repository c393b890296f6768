"""What the others are told of a household itself: its number, and where it is unless somebody is protected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.queries.protections import listed_for_the_area
from shared import clock
from shared.events.intake import AllowListChanged, HouseholdChanged, HouseholdRegistered
from shared.spine import record

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.tables import Household
    from shared.identity import Actor


def registered_fact(home: Household) -> HouseholdRegistered:
    """The first fact about a household."""
    return HouseholdRegistered(
        household=home.id,
        number=home.number,
        area=None if home.protected else home.area,
        district=None if home.protected else home.district,
        incomplete=home.incomplete,
    )


async def state_household(session: AsyncSession, actor: Actor | None, home: Household) -> None:
    """Say the whole present state again; the caller holds the household. Who lives elsewhere has another office."""
    event = HouseholdChanged(
        household=home.id,
        number=home.number,
        area=None if home.protected else home.area,
        district=None if home.protected else home.district,
        incomplete=home.incomplete,
    )
    await record(session, event, actor=actor, occurred_at=clock.now())
    if home.protected:
        await state_allow_list(session, actor, home)


async def state_allow_list(
    session: AsyncSession, actor: Actor | None, home: Household, *, event_id: UUID | None = None
) -> None:
    """Say who of its own office stands on the allow-list; the caller holds the household and has changed the list."""
    posts = await listed_for_the_area(session, home)
    event = AllowListChanged(household=home.id, posts=posts)
    await record(session, event, actor=actor, occurred_at=clock.now(), id=event_id)
