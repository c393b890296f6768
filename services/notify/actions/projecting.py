"""What notify keeps of others' facts, written into its projections (marked in ``services/notify/tables.py``).

Nothing here records, looks at the clock or at notify's own tables: the same facts make the same rows, whenever they
are heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.notify.tables import Case, ErasedHousehold, Household, Invitation, Protection, Visit, VisitRequest
from shared.projections import forget_loaded, put_many, table_of

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


async def place(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Where households are. While somebody is protected the area stays forgotten, whatever an older fact says."""
    gone = await erased_among(session, (row["id"] for row in rows))
    kept = [row for row in rows if row["id"] not in gone]
    await put_many(
        session, Household, kept, also=lambda new: {"area": case((Household.protected, None), else_=new["area"])}
    )


async def keep(session: AsyncSession, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Facts about something of a household; ``id``, ``household`` and the same further columns in each row."""
    households = {row["household"] for row in rows}
    gone, guarded = await erased_among(session, households), await _protected_among(session, households)
    await put_many(
        session,
        model,
        [
            row | {"area": None} if "area" in row and row["household"] in guarded else row
            for row in rows
            if row["household"] not in gone
        ],
    )


async def _protected_among(session: AsyncSession, households: Iterable[UUID]) -> set[UUID]:
    """Which of these hold a protected person. The rows are held: whoever protects one comes before us or after us."""
    table = table_of(Household)
    query = (
        select(table.c.id, table.c.protected)
        .where(table.c.id.in_(set(households)))
        .order_by(table.c.id)
        .with_for_update(read=True)
    )
    return {row.id for row in await session.execute(query) if row.protected}


async def set_protection(session: AsyncSession, household: UUID, protection: UUID, *, ended: bool) -> None:
    """Note a protection, or its end. One that was ended already stays ended; while one runs no area is kept."""
    if await erased_among(session, [household]):
        return
    row = {"id": protection, "household": household, "ended": ended}
    await put_many(session, Protection, [row], also=lambda new: {"ended": Protection.ended | new.ended})
    runs = select(Protection.id).where(Protection.household == household, Protection.ended.is_(False)).exists()
    protected = bool(await session.scalar(select(runs)))
    facts: dict[str, Any] = {"protected": protected} | ({"area": None} if protected else {})
    await session.execute(
        insert(Household).values(id=household, **facts).on_conflict_do_update(index_elements=[Household.id], set_=facts)
    )
    if protected:
        for table in (Case, VisitRequest):
            await session.execute(update(table).where(table.household == household).values(area=None))
    forget_loaded(session, table_of(Household))


async def forget(session: AsyncSession, household: UUID, at: datetime) -> None:
    """Keep nothing of a household but its bare id, so that what comes late brings nothing back."""
    for table in (Case, Invitation, VisitRequest, Visit, Protection):
        await session.execute(delete(table).where(table.household == household))
    await session.execute(delete(Household).where(Household.id == household))
    await session.execute(insert(ErasedHousehold).values(id=household, erased_at=at).on_conflict_do_nothing())
