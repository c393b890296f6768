"""What the others are told of a household itself: its number, and where it is unless somebody is protected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared import clock
from shared.events.intake import HouseholdChanged, HouseholdRegistered
from shared.spine import record

if TYPE_CHECKING:
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
    """Say the whole present state again; the caller holds the household."""
    event = HouseholdChanged(
        household=home.id,
        number=home.number,
        area=None if home.protected else home.area,
        district=None if home.protected else home.district,
        incomplete=home.incomplete,
    )
    await record(session, event, actor=actor, occurred_at=clock.now())
