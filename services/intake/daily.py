"""The daily look at every household's types: birthdays change ages, and months of silence grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from services.intake.actions.findings import PORTION, recompute_types
from services.intake.tables import Household
from shared import clock

if TYPE_CHECKING:
    from shared.service import Service


async def look_again_daily(service: Service) -> int:
    """Look at all households that nobody has looked at today, a portion a transaction; how many verdicts changed.

    Stopped in the middle, it goes on where it was: each household remembers its day.
    """
    today, changed = clock.today(), 0
    while True:
        async with service.db.read() as session:
            households = (
                await session.scalars(
                    select(Household.id)
                    .where(Household.types_on < today)
                    .order_by(Household.types_on, Household.id)
                    .limit(PORTION)
                )
            ).all()
        if not households:
            return changed
        async with service.db.transaction() as session:
            changed += await recompute_types(session, households, today)
