"""The background look at the clocks: what has run out is stated once, by whichever replica comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.casework.actions.files import open_files
from services.casework.actions.keeping import add_happening, facts_of, refresh_case
from services.casework.rules.clocks import is_missed
from services.casework.tables import Clock
from shared import clock
from shared.events.casework import DeadlineMissed
from shared.spine import derived_id, hold, record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database

_AT_ONCE = 500


async def sweep_clocks(db: Database) -> int:
    """State every deadline that has passed; how many there were. Each household in a transaction of its own."""
    async with db.read() as session:
        found = (
            await session.execute(
                select(Clock.household, Clock.id)
                .where(Clock.stopped_at.is_(None), Clock.missed_at.is_(None), Clock.due_at < clock.now())
                .order_by(Clock.due_at)
                .limit(_AT_ONCE)
            )
        ).all()
    households: dict[UUID, list[UUID]] = {}
    for household, clock_id in found:
        households.setdefault(household, []).append(clock_id)
    missed = 0
    for household, ids in households.items():
        async with db.transaction() as session:
            missed += await _state_missed(session, household, ids)
    return missed


async def _state_missed(session: AsyncSession, household: UUID, ids: list[UUID]) -> int:
    await hold(session, household)
    missed = 0
    touched: set[UUID] = set()
    found = select(Clock).where(Clock.id.in_(ids)).execution_options(populate_existing=True)
    for running in (await session.scalars(found)).all():
        if not is_missed(facts_of(running), clock.now()):
            continue
        running.missed_at = clock.now()
        add_happening(
            session, running.case_id, "deadline_missed", running.due_at, agency=running.agency, code=running.kind
        )
        await record(
            session,
            DeadlineMissed(
                household=household,
                case=running.case_id,
                clock=running.id,
                kind=running.kind,
                due_at=running.due_at,
                owner=running.owner,
                agency=running.agency,
            ),
            occurred_at=running.due_at,
            id=derived_id(running.id, "missed"),
        )
        missed += 1
        touched.add(running.case_id)
    for file in await open_files(session, touched):
        await refresh_case(session, file.case)
    return missed
