"""What was erased, by id: so that nothing which still comes about it is kept again.

A tombstone is an id and a moment, for the household and for everything of it that a draft can be about (a case, a
visit). Who writes a draft waits for an erasure that is going on, and an erasure for drafts on their way: so none slips
in between.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import SharedBase
from shared.errors import Missing
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

_ERASED = N_("この世帯の記録は消去されました。書いたものはここには残せません。")
_WRITES = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('kasane.erasing', 8050))")
_ERASES = text("SELECT pg_advisory_xact_lock(hashtextextended('kasane.erasing', 8050))")
_PORTION = 5000


class Tombstone(SharedBase):
    """Something that was erased."""

    __tablename__ = "tombstone"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime]


async def demand_not_erased(session: AsyncSession, *ids: UUID | None) -> None:
    """Missing when one of ``ids`` was erased; until the transaction ends no erasure begins in this service."""
    asked = [one for one in ids if one is not None]
    if not asked:
        return
    await session.execute(_WRITES)
    if await erased_among(session, asked):
        raise Missing(_ERASED)


async def erased_among(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these were erased."""
    return set(await session.scalars(select(Tombstone.id).where(Tombstone.id.in_(set(ids)))))


async def set_tombstones(session: AsyncSession, ids: Iterable[UUID], at: datetime) -> None:
    """Waits for drafts on their way; from here on nothing is kept about ``ids``. Doing it again changes nothing."""
    await session.execute(_ERASES)
    rows = [{"id": one, "erased_at": at} for one in sorted(set(ids))]
    for start in range(0, len(rows), _PORTION):
        await session.execute(insert(Tombstone).on_conflict_do_nothing(), rows[start : start + _PORTION])
