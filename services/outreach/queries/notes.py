"""Notes at the door are personal data of the highest class: shown under rights.

The other two verbs: ``queries.disclosure`` exports, ``actions.ending.erase_household`` erases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.outreach.queries.access import viewer_of, visible_visits
from services.outreach.tables import Note, Visit

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor


@dataclass(frozen=True, slots=True)
class Words:
    """One note."""

    id: UUID
    visit: UUID
    author: UUID
    occurred_at: datetime
    recorded_at: datetime
    words: str


async def show_notes(session: AsyncSession, actor: Actor, visit_id: UUID) -> list[Words]:
    """The notes of a visit, the oldest first; none for those who may see the visit but not read its words."""
    readable = visible_visits(await viewer_of(session, actor), "note")
    rows = await session.scalars(
        select(Note)
        .join(Visit, Visit.id == Note.visit)
        .where(Note.visit == visit_id, readable)
        .order_by(Note.recorded_at)
    )
    return [_words(row) for row in rows]


def _words(row: Note) -> Words:
    return Words(row.id, row.visit, row.author, row.occurred_at, row.recorded_at, row.words)
