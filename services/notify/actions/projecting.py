"""What notify keeps of others' facts, written into its projections (marked in ``services/notify/tables.py``).

Nothing here records, looks at the clock or at notify's own tables: the same facts make the same rows, whenever they
are heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.notify.tables import Case, ErasedHousehold, Household, Invitation, Visit, VisitRequest
from shared.projections import put_many

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notify.tables import Base


async def erased_among(session: AsyncSession, households: Iterable[UUID]) -> set[UUID]:
    """Which of these were erased: what still comes about them is dropped."""
    return set(await session.scalars(select(ErasedHousehold.id).where(ErasedHousehold.id.in_(set(households)))))


async def keep_households(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Facts about households; ``id`` and the same further columns in each row."""
    gone = await erased_among(session, (row["id"] for row in rows))
    await put_many(session, Household, [row for row in rows if row["id"] not in gone])


async def keep(session: AsyncSession, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Facts about something of a household; ``id``, ``household`` and the same further columns in each row."""
    gone = await erased_among(session, (row["household"] for row in rows))
    await put_many(session, model, [row for row in rows if row["household"] not in gone])


async def forget_area(session: AsyncSession, household: UUID) -> None:
    """Where they are is forgotten."""
    await keep_households(session, [{"id": household, "area": None}])
    for table in (Case, VisitRequest):
        await session.execute(update(table).where(table.household == household).values(area=None))


async def forget(session: AsyncSession, household: UUID, at: datetime) -> None:
    """Keep nothing of a household but its bare id, so that what comes late brings nothing back."""
    for table in (Case, Invitation, VisitRequest, Visit):
        await session.execute(delete(table).where(table.household == household))
    await session.execute(delete(Household).where(Household.id == household))
    await session.execute(insert(ErasedHousehold).values(id=household, erased_at=at).on_conflict_do_nothing())
