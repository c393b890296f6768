"""Forgetting a household: everything casework has written about it, and the word to intake that it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from services.casework.actions.files import close_files
from services.casework.tables import Base, Case, Clock
from shared.erasure import forget_everything
from shared.events.casework import HouseholdForgotten
from shared.spine import record

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncSession

_CASES: Final = Case.__tablename__


def _belongs_to_a_case(table: Table) -> bool:
    return "id" in table.c and any(key.column.table.name == _CASES for key in table.foreign_keys)


_OF_A_CASE: Final = tuple(table for table in Base.metadata.sorted_tables if _belongs_to_a_case(table))
"""Found by their foreign keys, so that a table that comes later is not forgotten."""


async def erase_household(session: AsyncSession, household: UUID) -> None:
    """Erase what casework has written about a household, half-written forms too, and what its log says of it."""
    cases = set(await session.scalars(select(Case.id).where(Case.household == household)))
    things, classes = set(cases), {_CASES} if cases else set()
    for table in _OF_A_CASE:
        found = set(await session.scalars(select(table.c.id).where(table.c.case_id.in_(cases))))
        things |= found
        classes |= {table.name} if found else set()
    await session.execute(delete(Case).where(Case.household == household))
    close_files(session, household)
    await session.execute(delete(Clock).where(Clock.household == household))
    await forget_everything(session, household, things)
    await record(session, HouseholdForgotten(household=household, classes=tuple(sorted(classes))))
