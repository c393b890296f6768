"""The cursor of one source: where a service stands in another's log, in its own database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

    from shared.events import Envelope


@dataclass(frozen=True, slots=True)
class Position:
    """A cursor as it was read; :func:`lock` sees whether it is still so."""

    source: str
    epoch: str
    position: int
    event_id: UUID | None
    types: frozenset[str]
    open_parked: int
    state: str
    has_lost: bool
    """Whether this service knows facts of the source that a restored backup has lost."""


async def look(session: AsyncSession, source: str) -> Position | None:
    """The cursor as it stands, None before the first contact."""
    row = (await session.execute(_LOOK, {"source": source})).one_or_none()
    if row is None:
        return None
    return Position(
        source, row.epoch, row.position, row.event_id, frozenset(row.types), row.open_parked, row.state, row.has_lost
    )


async def create(session: AsyncSession, source: str, types: Iterable[str]) -> Position | None:
    """Begin at the beginning of a source's log."""
    await session.execute(_CREATE, {"source": source, "types": sorted(types)})
    return await look(session, source)


async def lock(session: AsyncSession, cursor: Position) -> bool:
    """Lock the cursor for the transaction; False when another replica has it, or it is no longer as we read it."""
    values = (
        cursor.source, cursor.position, cursor.event_id, sorted(cursor.types), cursor.open_parked, cursor.state
    )  # fmt: skip
    return await session.run_sync(_bare, _LOCK, values) is not None


async def move(session: AsyncSession, cursor: Position, batch: Sequence[Envelope]) -> Position | None:
    """Lock the cursor as :func:`lock` does and move it to the end of ``batch``, keeping the ids of what it passes.

    Its lines that stand open are counted as before; None where the lock would have been refused.
    """
    last = batch[-1]
    values = (
        cursor.source, cursor.position, cursor.event_id, sorted(cursor.types), cursor.open_parked, cursor.state,
        last.epoch, last.position, last.id, last.recorded_at,
        [envelope.id for envelope in batch],
        [envelope.type for envelope in batch],
        [",".join(envelope.subjects) for envelope in batch],
    )  # fmt: skip
    if await session.run_sync(_bare, _MOVE, values) is None:
        return None
    return replace(cursor, epoch=last.epoch, position=last.position, event_id=last.id)


def _bare(session: Session, statement: str, values: tuple[Any, ...]) -> Any:
    """The first value of a statement in the driver's own words: these run once a batch, and its detours add up."""
    return session.connection().exec_driver_sql(statement, values).scalar()


async def diverge(session: AsyncSession, source: str, reason: str) -> None:
    """Stop following until the way back is clear."""
    await session.execute(_DIVERGE, {"source": source, "reason": reason})


async def replaying(session: AsyncSession, source: str, missing: Iterable[str]) -> tuple[frozenset[str], int]:
    """The types being fetched for a source and how far that is; begins with ``missing`` where nothing was begun."""
    await session.execute(_BEGIN_REPLAY, {"source": source, "types": sorted(missing)})
    row = (await session.execute(_REPLAY, {"source": source})).one()
    return frozenset(row.types), int(row.position)


async def replayed(session: AsyncSession, cursor: Position, types: frozenset[str], until: int) -> None:
    """Note how far the replay is; at the (locked) cursor its types join those that are followed."""
    if until < cursor.position:
        await session.execute(_REPLAYED, {"source": cursor.source, "position": until})
        return
    await session.execute(_FOLLOW, {"source": cursor.source, "types": sorted(cursor.types | types)})
    await session.execute(_END_REPLAY, {"source": cursor.source})


async def known_as_lost(session: AsyncSession, cursor: Position, batch: Sequence[Envelope]) -> set[UUID]:
    """The events of ``batch`` that were applied already in an earlier epoch, before the log lost and found them."""
    if not cursor.has_lost:
        return set()
    values = {"source": cursor.source, "ids": [envelope.id for envelope in batch]}
    return set(await session.scalars(_FOUND_AGAIN, values))


_LOOK = text("""
    SELECT epoch, position, event_id, types, open_parked, state,
           EXISTS (SELECT FROM lost_fact AS f WHERE f.source = cursor.source AND f.found_in = 'reader') AS has_lost
    FROM cursor WHERE source = :source
""")
_CREATE = text("INSERT INTO cursor (source, types) VALUES (:source, :types) ON CONFLICT DO NOTHING")
_LOCK = """
    SELECT 1 FROM cursor
    WHERE source = $1 AND position = $2 AND event_id IS NOT DISTINCT FROM $3::uuid AND types = $4
          AND open_parked = $5 AND state = $6
    FOR UPDATE SKIP LOCKED
"""
_MOVE = f"""
    WITH mine AS MATERIALIZED ({_LOCK}),
    moved AS (
        UPDATE cursor SET epoch = $7, position = $8, event_id = $9, event_at = $10, updated_at = now()
        WHERE source = $1 AND EXISTS (SELECT FROM mine)
        RETURNING source
    ), kept AS (
        INSERT INTO applied_run (source, epoch, last, ids, types, subjects)
        SELECT source, $7, $8, $11, $12, $13 FROM moved
    )
    SELECT source FROM moved
"""  # noqa: S608 - a constant
_DIVERGE = text("UPDATE cursor SET state = 'diverged', reason = :reason, updated_at = now() WHERE source = :source")
_BEGIN_REPLAY = text("INSERT INTO replay (source, types) VALUES (:source, :types) ON CONFLICT DO NOTHING")
_REPLAY = text("SELECT types, position FROM replay WHERE source = :source")
_REPLAYED = text("UPDATE replay SET position = :position WHERE source = :source")
_FOLLOW = text("UPDATE cursor SET types = :types, updated_at = now() WHERE source = :source")
_END_REPLAY = text("DELETE FROM replay WHERE source = :source")
_FOUND_AGAIN = text("""
    DELETE FROM lost_fact WHERE source = :source AND found_in = 'reader' AND event_id = ANY(:ids) RETURNING event_id
""")
