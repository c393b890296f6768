"""After a restored backup: the log begins a new epoch, and its readers find back to the last event both know.

The operator runs ``./kasane log adopt SERVICE`` once the restored database is up. Readers then go back by themselves:
each event names the one before it, so where two histories agree at one position they agree on all before it, and the
last common one is found in a few steps. What lies beyond is listed as lost, at the producer (from its old stream) and
at each reader (what it had applied).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from redis.exceptions import RedisError
from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.spine import wire
from shared.spine.cursors import lock
from shared.spine.follow import FeedGoneBackError
from shared.spine.stream import KEEP_ASIDE_SECONDS
from shared.spine.tables import AppliedRun, LostFact

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.spine.cursors import Position
    from shared.spine.follow import FeedClient
    from shared.spine.wire import Names


@dataclass(frozen=True, slots=True)
class Adopted:
    """What ``log adopt`` did."""

    epoch: str
    position: int
    """The new epoch goes on after this."""
    old_stream: str | None
    lost: list[LostFact]
    """What the old stream had beyond that position, in its order; empty too when Redis could not be asked."""


async def adopt_log(db: Database, redis: Redis | None, names: Names, service: str) -> Adopted:
    """Take a restored log as the truth: a new epoch, the old stream renamed, its lost facts listed.

    The relay and the readers may run meanwhile. Without Redis the stream is set aside when the relay meets it.
    """
    epoch = uuid4().hex
    async with db.transaction() as session:
        head = (await session.execute(text("SELECT epoch, position, event_id FROM log_head FOR UPDATE"))).one()
        entries = await _entries(redis, names, service, head.position)
        lost = await _missing(session, names, service, entries)
        if lost:
            await session.execute(upsert(LostFact).on_conflict_do_nothing(), lost)
        values = {"epoch": epoch, "position": head.position, "id": head.event_id}
        await session.execute(_NEW_EPOCH, values)
        await session.execute(_NEW_HEAD, {"epoch": epoch})
    old = await _rename(redis, names, service, head.epoch)
    return Adopted(epoch, head.position, old, await lost_facts(db, service, "stream"))


async def lost_facts(db: Database, source: str | None = None, found_in: str | None = None) -> list[LostFact]:
    """The facts that restored logs no longer know, as this service's database lists them."""
    query = select(LostFact).order_by(LostFact.source, LostFact.position)
    if source is not None:
        query = query.where(LostFact.source == source)
    if found_in is not None:
        query = query.where(LostFact.found_in == found_in)
    async with db.read() as session:
        return list(await session.scalars(query))


async def go_back(db: Database, feed: FeedClient, cursor: Position) -> int | None:
    """Find the last event that we and the producer's log have in common, and put the cursor there.

    Only when the log was adopted (another epoch), or has our event after all. None when that is not so, or when our
    own memory does not reach back far enough: then the source stays diverged. Raises FeedAwayError.
    """
    page = await feed.fetch(cursor.source, 0, limit=1)
    known: dict[int, UUID | None] = {0: None, cursor.position: cursor.event_id}
    if page.epoch == cursor.epoch:
        if page.head >= cursor.position and await _agree(feed, cursor.source, cursor.position, cursor.event_id):
            return await _put_back(db, cursor, cursor.position, cursor.event_id, page.epoch)
        return None
    high, low, step = cursor.position + 1, cursor.position, 1
    while not await _agree(feed, cursor.source, low, known[low]):
        high, low, step = low, max(0, low - step), step * 2
        if low not in known:
            known[low] = await _applied_at(db, cursor.source, low)
            if known[low] is None:
                return None
    while high - low > 1:
        middle = (high + low) // 2
        known[middle] = await _applied_at(db, cursor.source, middle)
        if known[middle] is None:
            return None
        if await _agree(feed, cursor.source, middle, known[middle]):
            low = middle
        else:
            high = middle
    return await _put_back(db, cursor, low, known[low], page.epoch)


async def _agree(feed: FeedClient, source: str, position: int, event_id: UUID | None) -> bool:
    if position == 0:
        return True
    try:
        page = await feed.fetch(source, position, event_id=event_id, limit=1)
    except FeedGoneBackError:
        return False
    return not page.events or page.events[0].previous == event_id


async def _applied_at(db: Database, source: str, position: int) -> UUID | None:
    async with db.read() as session:
        found: UUID | None = await session.scalar(_APPLIED_AT, {"source": source, "position": position})
        return found


async def _put_back(db: Database, cursor: Position, position: int, event_id: UUID | None, epoch: str) -> int | None:
    async with db.transaction() as session:
        if not await lock(session, cursor):
            return None
        await _list_lost(session, cursor, position)
        values = {"source": cursor.source, "position": position}
        await session.execute(_LOSE_PARKED, values)
        await session.execute(_FREE_PLACES, values)
        await session.execute(_PUT_BACK, values | {"event_id": event_id, "epoch": epoch})
    return position


async def _list_lost(session: AsyncSession, cursor: Position, base: int) -> None:
    """Move what we applied beyond the base from the memory of the way to the list of lost facts.

    What was passed but still stands parked was never applied: should the log find it again, it is heard as new.
    """
    parked = set(await session.scalars(_STILL_PARKED, {"source": cursor.source, "position": base}))
    query = select(AppliedRun).where(AppliedRun.source == cursor.source, AppliedRun.last > base)
    rows: list[dict[str, Any]] = []
    for run in await session.scalars(query.order_by(AppliedRun.last)):
        first = run.last - len(run.ids) + 1
        keep = max(0, base - first + 1)
        lines = list(zip(run.ids, run.types, run.subjects, strict=True))
        for place, (event_id, kind, subjects) in enumerate(lines[keep:], first + keep):
            if event_id in parked:
                continue
            rows.append({
                "source": cursor.source, "epoch": run.epoch, "position": place, "event_id": event_id, "type": kind,
                "subjects": subjects.split(",") if subjects else [], "envelope": None, "found_in": "reader",
            })  # fmt: skip
        await session.delete(run)
        await session.flush()
        if keep:
            kept = lines[:keep]
            await session.execute(
                insert(AppliedRun).values(
                    source=cursor.source,
                    epoch=run.epoch,
                    last=base,
                    ids=[line[0] for line in kept],
                    types=[line[1] for line in kept],
                    subjects=[line[2] for line in kept],
                )
            )
    if rows:
        await session.execute(upsert(LostFact).on_conflict_do_nothing(), rows)


async def _entries(
    redis: Redis | None, names: Names, service: str, after: int
) -> list[tuple[bytes, dict[bytes, bytes]]]:
    if redis is None:
        return []
    try:
        first = wire.entry_id(max(1, after - wire.MOST_KEPT))
        entries: Any = await redis.xrange(names.stream(service), min=first)
        return list(entries)
    except (RedisError, OSError, TimeoutError):
        return []


async def _missing(
    session: AsyncSession, names: Names, service: str, entries: list[tuple[bytes, dict[bytes, bytes]]]
) -> list[dict[str, Any]]:
    """The stream's events whose ids the log does not have (an event may only have lost its position)."""
    rows = []
    for raw_id, fields in entries:
        envelope = wire.decode(raw_id, fields, names.source(service))
        if envelope is not None:
            rows.append({
                "source": service, "epoch": envelope.epoch, "position": envelope.position, "event_id": envelope.id,
                "type": envelope.type, "subjects": list(envelope.subjects), "envelope": envelope.to_cloudevent(),
                "found_in": "stream",
            })  # fmt: skip
    known = set(await session.scalars(_KNOWN_IDS, {"ids": [row["event_id"] for row in rows]}))
    return [row for row in rows if row["event_id"] not in known]


async def _rename(redis: Redis | None, names: Names, service: str, old_epoch: str) -> str | None:
    if redis is None:
        return None
    aside = names.set_aside(service, f"epoch-{old_epoch}")
    try:
        if not await redis.exists(names.stream(service)):
            return None
        await redis.rename(names.stream(service), aside)
        await redis.expire(aside, KEEP_ASIDE_SECONDS)
    except (RedisError, OSError, TimeoutError):
        return None
    return aside


_NEW_EPOCH = text("INSERT INTO epoch (epoch, from_position, base_event_id) VALUES (:epoch, :position, :id)")
_NEW_HEAD = text("UPDATE log_head SET epoch = :epoch, state = 'ok', reason = NULL")
_KNOWN_IDS = text("SELECT id FROM event_log WHERE id = ANY(:ids)")
_APPLIED_AT = text("""
    SELECT ids[cardinality(ids) - (last - :position)] FROM applied_run
    WHERE source = :source AND last >= :position AND last - cardinality(ids) < :position
    ORDER BY last LIMIT 1
""")
_STILL_PARKED = text("""
    SELECT event_id FROM parked
    WHERE source = :source AND position > :position AND state IN ('waiting', 'parked', 'behind')
""")
_LOSE_PARKED = text("""
    UPDATE parked SET state = 'skipped', resolved_at = now(), resolved_by = 'log adopt', reason = 'lost with its log'
    WHERE source = :source AND position > :position AND state IN ('waiting', 'parked', 'behind')
""")
# A log that was restored without anybody's looking may have given the same positions again, in the same epoch.
_FREE_PLACES = text("""
    UPDATE parked SET epoch = epoch || '/' || id
    WHERE source = :source AND position > :position AND epoch NOT LIKE '%/%'
""")
_PUT_BACK = text("""
    UPDATE cursor SET epoch = :epoch, position = :position, event_id = :event_id, state = 'ok', reason = NULL,
        updated_at = now(), open_parked = (
            SELECT count(*) FROM parked WHERE source = :source AND state IN ('waiting', 'parked', 'behind'))
    WHERE source = :source
""")
