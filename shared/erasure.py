"""Forgetting a household in what every service has: drafts, answers kept for repetitions, the log, what was heard.

The service itself deletes its own tables first, then calls :func:`forget_everything` with the ids of what it deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from shared import clock
from shared.drafts import forget_drafts
from shared.spine import erase, forget_heard, hold
from shared.tombstones import set_tombstones

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

_FORGET_ANSWERS = text("""
    DELETE FROM idempotency_key WHERE EXISTS (
        SELECT FROM jsonb_path_query(answer, '$.**') AS part WHERE part #>> '{}' = ANY(:ids)
    )
""")


async def forget_everything(session: AsyncSession, household: UUID, things: Iterable[UUID] = ()) -> None:
    """Blank the log, drop drafts, stored answers and parked events of a household and set its tombstones.

    ``things``: the ids of whatever belonged to it here. Doing it again changes nothing; record what must stay (that it
    was erased) after this.
    """
    await hold(session, household)
    ids = {household, *things}
    await set_tombstones(session, ids, clock.now())
    await forget_drafts(session, household, ids)
    await session.execute(_FORGET_ANSWERS, {"ids": [str(one) for one in ids]})
    await forget_heard(session, household)
    await erase(session, household)
