"""What a reader keeps of what it heard, forgotten for one subject: parked events, the memory of its way, lost facts.

Ids and positions stay where the way back needs them (:mod:`shared.spine.going_back`); type and subjects go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.events import BLANK

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def forget_heard(session: AsyncSession, subject: object) -> None:
    """Forget what this service has heard about a subject; what stood behind its parked events is tried again.

    An event about two households goes with either. The caller holds the subject; cursors are not locked: the next
    look at what is parked brings their counts up to date.
    """
    values = {"name": str(subject), "blank": BLANK}
    for statement in (_FORGET_PARKED, _FORGET_LOST, _FORGET_WAY):
        await session.execute(statement, values)


_FORGET_PARKED = text("DELETE FROM parked WHERE :name = ANY(subjects)")
_FORGET_LOST = text("UPDATE lost_fact SET type = :blank, subjects = '{}', envelope = NULL WHERE :name = ANY(subjects)")
_FORGET_WAY = text("""
    UPDATE applied_run AS run SET types = blanked.types, subjects = blanked.subjects
    FROM (
        SELECT source, epoch, last,
               array_agg(CASE WHEN concerns THEN :blank ELSE line.type END ORDER BY n) AS types,
               array_agg(CASE WHEN concerns THEN '' ELSE line.subject END ORDER BY n) AS subjects
        FROM applied_run, unnest(types, subjects) WITH ORDINALITY AS line (type, subject, n),
             LATERAL (SELECT :name = ANY(string_to_array(line.subject, ',')) AS concerns) AS looked
        WHERE array_to_string(applied_run.subjects, ',') LIKE '%' || :name || '%'
        GROUP BY source, epoch, last
    ) AS blanked
    WHERE (run.source, run.epoch, run.last) = (blanked.source, blanked.epoch, blanked.last)
""")
