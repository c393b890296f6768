"""What a service's spine says about itself: one function for the operator's page, the command and the metrics.

One statement in the service's database and one round to Redis. It costs the same whatever the log holds, and tells no
personal data: numbers, states, types, ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from redis.exceptions import RedisError
from sqlalchemy import text

from shared import clock
from shared.spine import wire
from shared.spine.heartbeat import LATE
from shared.spine.relay import LEADER_LOCK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis
    from sqlalchemy.engine import Row

    from shared.db import Database
    from shared.spine.wire import Names

RATE_WINDOW = timedelta(minutes=5)
_MOST_COUNTED = 50_000
"""Events of the window that are counted; where there are more, the time that so many took tells the rate."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source is followed.

    ``lag_seconds``: how long ago the first event was stated that is not applied yet; ``waiting``, ``parked``,
    ``behind``: open parked events by their state; ``oldest_at``: since when the oldest of their heads stands.
    """

    source: str
    position: int
    head: int | None
    lag_events: int
    lag_seconds: float
    state: str
    """``ok``; ``diverged``: the source's log has gone back; ``standby``: this replica leaves it to a newer one."""
    reason: str | None
    waiting: int
    parked: int
    behind: int
    heard_at: datetime | None
    subjects: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedReader:
    """Who has asked this service's feed, when last, and up to where they had it then."""

    reader: str
    asked_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class BeatStatus:
    """The last probe of the heart-beat that this service has sent, or heard from ``service``."""

    service: str
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """One service's spine at one moment, seen from one replica; no personal data."""

    service: str
    at: datetime
    epoch: str
    head: int
    log_state: str
    log_reason: str | None
    unplaced: int
    per_minute: float
    """Events stated a minute, over the last five."""
    redis: bool | None
    """Whether Redis answers; None where none is used."""
    stream_tail: str | None
    stream_length: int | None
    leader: str | None
    """Address and process of the replica that leads, as PostgreSQL sees it."""
    leader_since: datetime | None
    leader_beat_at: datetime | None
    """The leader's last word on its connection; it speaks at least every two seconds."""
    leading: bool
    sources: list[SourceStatus]
    beats: list[BeatStatus]
    feed_readers: list[FeedReader]
    subjects: int
    """Households (and posts) that stand still because of a parked event."""
    incidents: int
    lost_facts: int

    @property
    def ring_closed(self) -> timedelta | None:
        """Age of the last probe that passed all four services; only intake, where it comes home, can say."""
        home = next((beat for beat in self.beats if (self.service, beat.service) == ("intake", "notify")), None)
        return None if home is None else max(self.at - home.started_at, timedelta(0))

    @property
    def light(self) -> bool:
        """The heart-beat's light, at intake: a probe passed all four services within the last minutes."""
        age = self.ring_closed
        return age is not None and age <= LATE

    @property
    def sound(self) -> bool:
        """Nothing here waits for an operator."""
        return self.log_state == "ok" and not any(s.parked or s.state == "diverged" for s in self.sources)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one replica's reader knows of a source beside the database: nothing of it has to be true."""

    head: int
    stands_by: str | None


async def read_status(
    db: Database,
    redis: Redis | None,
    names: Names,
    service: str,
    *,
    leading: bool = False,
    seen: Mapping[str, Seen] | None = None,
) -> Status:
    """A service's spine as its database and Redis have it, and as ``seen`` by the replica that asks.

    Raises database errors; without Redis the figures of streams are None and a head is what was last ``seen``.
    """
    now = clock.now()
    values = {"lock": LEADER_LOCK & 0xFFFFFFFF, "since": now - RATE_WINDOW, "most": _MOST_COUNTED}
    async with db.read() as session:
        row = (await session.execute(_STATE, values)).one()
    cursors = _CURSORS.validate_json(row.sources)
    streams = await _ask_redis(redis, names, service, cursors)
    told = None if redis is None else streams is not None
    tail, length, heads = streams or (None, None, {})
    return Status(
        service=service,
        at=now,
        epoch=row.epoch,
        head=row.position,
        log_state=row.state,
        log_reason=row.reason,
        unplaced=row.unplaced,
        per_minute=_rate(row, now),
        redis=told,
        stream_tail=tail,
        stream_length=length,
        leader=row.leader,
        leader_since=row.leader_since,
        leader_beat_at=row.leader_beat_at,
        leading=leading,
        sources=[_source(cursor, heads.get(cursor.source), (seen or {}).get(cursor.source), now) for cursor in cursors],
        beats=_BEATS.validate_json(row.beats),
        feed_readers=_READERS.validate_json(row.feed_readers),
        subjects=row.subjects,
        incidents=row.incidents,
        lost_facts=row.lost,
    )


@dataclass(frozen=True, slots=True)
class _Cursor:
    source: str
    position: int
    event_at: datetime | None
    state: str
    reason: str | None
    waiting: int
    parked: int
    behind: int
    subjects: int
    oldest_at: datetime | None


_CURSORS = TypeAdapter(list[_Cursor])
_BEATS = TypeAdapter(list[BeatStatus])
_READERS = TypeAdapter(list[FeedReader])

_Heads = dict[str, tuple[int, datetime | None]]
"""By source: the stream's last position, and when the first event after our cursor was stated."""


def _source(
    cursor: _Cursor, heard: tuple[int, datetime | None] | None, seen: Seen | None, now: datetime
) -> SourceStatus:
    known = [position for position in (heard[0] if heard else 0, seen.head if seen else 0) if position]
    head = max(*known, cursor.position) if known else None
    lag = head - cursor.position if head is not None else 0
    since = (heard[1] if heard else None) or cursor.event_at
    stands_by = seen.stands_by if seen else None
    return SourceStatus(
        source=cursor.source,
        position=cursor.position,
        head=head,
        lag_events=lag,
        lag_seconds=max((now - since).total_seconds(), 0.0) if lag and since else 0.0,
        state="standby" if stands_by else cursor.state,
        reason=stands_by or cursor.reason,
        waiting=cursor.waiting,
        parked=cursor.parked,
        behind=cursor.behind,
        heard_at=cursor.event_at,
        subjects=cursor.subjects,
        oldest_at=cursor.oldest_at,
    )


def _rate(row: Row[Any], now: datetime) -> float:
    """Events a minute: counted, or for very many from how long the last :data:`_MOST_COUNTED` took."""
    if row.full_since is None:
        counted: int = row.recent
        return counted / (RATE_WINDOW.total_seconds() / 60)
    full_since: datetime = row.full_since
    return _MOST_COUNTED / max((now - full_since).total_seconds() / 60, 1 / 60)


async def _ask_redis(
    redis: Redis | None, names: Names, service: str, cursors: Sequence[_Cursor]
) -> tuple[str | None, int | None, _Heads] | None:
    """The own stream's tail and length, and what the others' streams say; None when Redis does not answer."""
    if redis is None:
        return None
    pipeline = redis.pipeline(transaction=False)
    own = names.stream(service)
    pipeline.xrevrange(own, count=1)
    pipeline.xlen(own)
    for cursor in cursors:
        stream = names.stream(cursor.source)
        pipeline.xrevrange(stream, count=1)
        pipeline.xrange(stream, min=wire.entry_id(cursor.position + 1), count=1)
    try:
        tail, length, *others = await pipeline.execute(raise_on_error=False)
    except (RedisError, OSError, TimeoutError):
        return None
    heads: _Heads = {}
    for cursor, last, following in zip(cursors, others[::2], others[1::2], strict=True):
        end, after = (_envelope(entries, names.source(cursor.source)) for entries in (last, following))
        if end is not None:
            heads[cursor.source] = end[0], after[1] if after and after[0] == cursor.position + 1 else None
    shown = tail[0][0].decode() if isinstance(tail, list) and tail else None
    return shown, length if isinstance(length, int) else None, heads


def _envelope(entries: object, source: str) -> tuple[int, datetime] | None:
    """Position and moment of the one entry of an answer, if it is one of ours."""
    if not isinstance(entries, list) or not entries:
        return None
    envelope = wire.decode(entries[0][0], entries[0][1], source)
    return None if envelope is None else (envelope.position, envelope.recorded_at)


_STATE = text("""
    SELECT head.epoch, head.position, head.state, head.reason,
           (SELECT count(*) FROM event_log WHERE position IS NULL) AS unplaced,
           (SELECT count(*) FROM incident) AS incidents,
           (SELECT count(*) FROM lost_fact) AS lost,
           (SELECT count(DISTINCT subject) FROM parked, unnest(subjects) AS subject
            WHERE state IN ('waiting', 'parked', 'behind')) AS subjects,
           (SELECT count(*) FROM event_log
            WHERE position > head.position - coalesce(reach.least, CAST(:most AS bigint))
                  AND recorded_at > CAST(:since AS timestamptz)) AS recent,
           (SELECT min(recorded_at) FROM event_log
            WHERE reach.least IS NULL AND position = head.position - CAST(:most AS bigint)) AS full_since,
           leader.name AS leader, leader.since AS leader_since, leader.beat_at AS leader_beat_at,
           (SELECT coalesce(json_agg(line ORDER BY line.source), '[]')::text FROM (
                SELECT source, position, event_at, state, reason, open.*
                FROM cursor CROSS JOIN LATERAL (
                    SELECT count(DISTINCT id) FILTER (WHERE parked.state = 'waiting') AS waiting,
                           count(DISTINCT id) FILTER (WHERE parked.state = 'parked') AS parked,
                           count(DISTINCT id) FILTER (WHERE parked.state = 'behind') AS behind,
                           count(DISTINCT subject) AS subjects,
                           min(parked_at) FILTER (WHERE parked.state <> 'behind') AS oldest_at
                    FROM parked LEFT JOIN LATERAL unnest(parked.subjects) AS subject ON true
                    WHERE parked.source = cursor.source AND parked.state IN ('waiting', 'parked', 'behind')
                ) AS open
           ) AS line) AS sources,
           (SELECT coalesce(json_agg(line ORDER BY line.service), '[]')::text FROM (
                SELECT service, started_at, seen_at FROM probe) AS line) AS beats,
           (SELECT coalesce(json_agg(line ORDER BY line.reader), '[]')::text FROM (
                SELECT reader, asked_at, position FROM feed_reader) AS line) AS feed_readers
    FROM log_head AS head
    CROSS JOIN LATERAL (
        -- how far back the window may reach: a few probes by position instead of a look at every partition
        SELECT min(back) AS least FROM unnest(ARRAY[50, 500, 5000, CAST(:most AS bigint)]) AS back
        WHERE NOT EXISTS (
            SELECT FROM event_log
            WHERE position = head.position - back AND recorded_at > CAST(:since AS timestamptz))
    ) AS reach
    LEFT JOIN LATERAL (
        SELECT coalesce(host(client_addr), 'local') || ' pid ' || pid AS name,
               CAST(substring(application_name FROM 'since (.+)$') AS timestamptz) AS since,
               greatest(query_start, state_change) AS beat_at
        FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND granted AND objid = :lock AND pg_locks.database =
              (SELECT oid FROM pg_database WHERE datname = current_database())
        LIMIT 1
    ) AS leader ON true
""")
