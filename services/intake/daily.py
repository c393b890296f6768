"""The daily looks: at every household's types, for birthdays change ages; at every old record, for periods end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from services.intake.actions.findings import PORTION, recompute_types
from services.intake.actions.protections import warn_of_end
from services.intake.actions.retention import list_what_is_due
from services.intake.queries.protections import ending
from services.intake.queries.retention import not_as_listed, periods_of
from services.intake.rules.retention import add_months
from services.intake.tables import Household
from services.intake.tables.retention import Disposal
from shared import clock
from shared.calendar import end_of_day
from shared.spine import hold

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


async def warn_of_protections(service: Service) -> int:
    """State which measures run out soon or have run out; how many. Each warning is given once, whoever looks."""
    async with service.db.read() as session:
        protections = await ending(session)
    warned = 0
    for protection in protections:
        async with service.db.transaction() as session:
            warned += await warn_of_end(session, protection)
    return warned


async def list_what_has_become_due(service: Service) -> int:
    """Bring the disposal list up to date; how many lines came or went. It erases nothing.

    Looks at records older than the shortest period and at what stands on the list, a portion at a time.
    """
    today, changed, after = clock.today(), 0, None
    while True:
        async with service.db.read() as session:
            shortest = min(period.months for period in await periods_of(session))
            old = Household.last_heard_at <= end_of_day(add_months(today, -shortest))
            listed = Household.id.in_(select(Disposal.household).where(Disposal.state == "listed"))
            query = select(Household.id).where(or_(old, listed)).order_by(Household.id).limit(PORTION)
            households = (await session.scalars(query if after is None else query.where(Household.id > after))).all()
            if not households:
                return changed
            after = households[-1]
            others = await not_as_listed(session, households, today)
        if others:
            async with service.db.transaction() as session:
                await hold(session, *others)
                changed += await list_what_is_due(session, others, today)
