"""Reading the own log by position, and giving positions to what has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sqlalchemy import text

from shared.events import Envelope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database

CHANNEL = "kasane_log"
"""NOTIFY channel of a service's database: ``""`` something was recorded, ``<n>`` the head is at n."""

BATCH = 500

Line: TypeAlias = "Mapping[str, Any]"
"""One row of the log as the relay reads it: the columns of ``_WRITTEN``, ``data`` as JSON text."""


class Leader(Protocol):
    """A relay that leads, as a transaction of the same process sees it."""

    def take(self, stated: Sequence[Line]) -> None:
        """Hear what has just been committed, in order; with positions where they were free to give, else None."""


leading_here: dict[str, Leader] = {}
"""By database URL: the relay leads in this process and has seen that stream and log agree, so who commits may place."""

PLACE = f"""
    WITH head AS MATERIALIZED (
        SELECT epoch, position, event_id FROM log_head
        WHERE state = 'ok' AND EXISTS (SELECT FROM event_log WHERE event_log.position IS NULL) FOR UPDATE
    ), fresh AS MATERIALIZED (
        SELECT log_id, id, row_number() OVER (ORDER BY log_id) AS n, lag(id) OVER (ORDER BY log_id) AS before
        FROM (SELECT log_id, id FROM event_log WHERE position IS NULL ORDER BY log_id LIMIT {BATCH}) AS line
        WHERE EXISTS (SELECT FROM head)
    ), placed AS (
        UPDATE event_log AS line
        SET position = head.position + fresh.n, previous = coalesce(fresh.before, head.event_id), epoch = head.epoch
        FROM fresh, head
        WHERE line.position IS NULL AND line.log_id = fresh.log_id
    ), moved AS (
        UPDATE log_head SET position = log_head.position + last.n, event_id = last.id
        FROM (SELECT n, id FROM fresh ORDER BY n DESC LIMIT 1) AS last
        RETURNING log_head.position, last.n
    )
    SELECT coalesce(moved.position, log_head.position) AS position, coalesce(moved.n, 0) AS n,
           (SELECT array_agg(id ORDER BY n) FROM fresh) AS ids, head.event_id AS previous, head.epoch
    FROM log_head LEFT JOIN moved ON true LEFT JOIN head ON true
"""  # noqa: S608 - constants
"""Places the next batch: one statement, one transaction, in REPEATABLE READ. Answers the head and how many it placed:
which, after which event, in which epoch.

Under that isolation a second one that ran at the same time (a leader that does not know yet that it lost) fails with
40001 instead of numbering from an old head. ``log_id`` is true order for each subject among what can be seen, and what
is seen of a subject has no gap: see ``log.py``.
"""

_READ = """
    SELECT position, id, previous, epoch, type, version, subjects, data, occurred_at, recorded_at, actor, traceparent
    FROM event_log
    WHERE position > :after AND position <= :last{types}
    ORDER BY position
    LIMIT :limit
"""
_LINES = text(_READ.format(types=""))
_WRITTEN = """
    SELECT position, id, previous, epoch, type, version, subjects, data::text AS data, occurred_at, recorded_at, actor,
           traceparent
    FROM event_log
    WHERE position > $1 AND position <= $2
    ORDER BY position
    LIMIT $3
"""
_LINES_OF_TYPES = text(_READ.format(types=" AND type = ANY(:types)"))


async def read_log(
    session: AsyncSession, source: str, after: int, limit: int, *, last: int = 2**62, types: Iterable[str] | None = None
) -> list[Envelope]:
    """The events after a position, in order, at most ``limit``; only some ``types`` on demand."""
    values: dict[str, Any] = {"after": after, "last": last, "limit": limit}
    if types is None:
        rows = await session.execute(_LINES, values)
    else:
        rows = await session.execute(_LINES_OF_TYPES, values | {"types": sorted(types)})
    return envelopes(rows.all(), source)


async def read_written(
    db: Database, source: str, after: int, last: int, limit: int = BATCH
) -> list[tuple[Envelope, str]]:
    """The same for the relay, in one round trip: each event without its data, and these as PostgreSQL wrote them."""
    return [written(dict(row), source) for row in await db.fetch(_WRITTEN, after, last, limit)]


def written(line: Line, source: str) -> tuple[Envelope, str]:
    """A line of the log as :func:`read_written` gives it."""
    return _envelope({**line, "data": {}}, source), line["data"]


def envelopes(rows: Sequence[Row[Any]], source: str) -> list[Envelope]:
    """Rows of the log as they travel."""
    return [_envelope(row._asdict(), source) for row in rows]


def _envelope(row: Mapping[str, Any], source: str) -> Envelope:
    return Envelope(
        id=row["id"],
        type=row["type"],
        source=source,
        subjects=tuple(row["subjects"]),
        position=row["position"],
        previous=row["previous"],
        epoch=row["epoch"],
        version=row["version"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        data=row["data"],
        actor=row["actor"],
        traceparent=row["traceparent"],
    )
