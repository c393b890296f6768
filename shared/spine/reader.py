"""Following the others: ``advance`` takes the unbroken run after the cursor and applies it in one transaction.

The cursor stands in the reader's own database and moves in the transaction that applies: an effect happens exactly
once, in order, whatever crashes. Where the entries come from is a matter of speed only: handed in by the transport,
else read from the stream, else from the producer's feed, which has the last word. Replicas stand by through the
cursor's lock; a frozen one loses it when PostgreSQL ends its session.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import RedisError

from shared import clock
from shared.spine import wire
from shared.spine.applying import Applier, park
from shared.spine.bell import Bell
from shared.spine.cursors import Position, create, diverge, known_as_lost, lock, look, move, replayed, replaying
from shared.spine.failures import failure_of, passes
from shared.spine.follow import FeedAwayError, FeedGoneBackError
from shared.spine.going_back import go_back
from shared.spine.parked import count_open, drain, open_subjects
from shared.spine.positions import BATCH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.events import Envelope
    from shared.spine.follow import FeedClient
    from shared.spine.subscriptions import Subscriptions
    from shared.spine.wire import Names

TICK = 1.0
"""Seconds after which a reader looks by itself."""
PATROL = 5.0
"""Seconds after which the feed is asked although the stream has nothing new: the relay may be unable to append."""
_LONGEST_PAUSE = 5.0
_DRAIN_REST = 0.8
"""How much sooner than after a tick parked events are looked at when something new was applied."""
_MOST_HANDED = 4 * BATCH
_PLENTY = 2 * BATCH

log = structlog.get_logger()


@dataclass(slots=True)
class Source:
    """What one replica knows of one source; nothing of it has to be true."""

    name: str
    stream: str
    uri: str
    cursor: Position | None = None
    known: int = 0
    """The last position we know to be applied, by us or by another replica."""
    head: int = 0
    """The last position of the log that we have heard of."""
    handed: dict[int, Envelope] = field(default_factory=dict)
    bell: Bell = field(default_factory=Bell)
    moved: Bell = field(default_factory=Bell)
    next_stream: float = 0.0
    next_feed: float = 0.0
    next_drain: float = 0.0
    quiet: bool = False
    """All that was handed in is applied: whatever comes next rings."""
    fed: bool = False
    """Something was applied, of whatever source, since what is parked was last looked at."""
    stands_by: str | None = None
    """Why this replica does not apply, where it is not simply slower than another one."""


class Reader:
    """One replica's reader of all the sources that its service follows."""

    def __init__(
        self, db: Database, subscriptions: Subscriptions, names: Names, redis: Redis | None, feed: FeedClient
    ) -> None:
        self._db = db
        self._subscriptions = subscriptions
        self._applier = Applier(subscriptions)
        self._redis = redis
        self._feed = feed
        self._log = log.bind(service=subscriptions.service)
        self.sources = {name: Source(name, names.stream(name), names.source(name)) for name in subscriptions.sources}

    async def run(self) -> None:
        """Follow all sources until cancelled."""
        async with asyncio.TaskGroup() as group:
            for source in self.sources.values():
                group.create_task(self._follow(source))

    def hand_in(self, name: str, entries: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> None:
        """Take entries that a transport has read, whatever they are, and wake the reader of that source."""
        source = self.sources[name]
        for raw_id, fields in entries:
            if (wire.position_of(raw_id) or 0) <= source.known:
                continue  # applied already, or none of ours
            envelope = wire.decode(raw_id, fields, source.uri)
            if envelope is not None:
                if len(source.handed) >= _MOST_HANDED:
                    source.handed.clear()  # the stream still has them
                source.handed[envelope.position] = envelope
                source.head = max(source.head, envelope.position)
        source.bell.ring()

    async def has_room(self, name: str) -> None:
        """Wait while plenty is at hand, but not for long: who reads ahead of the reader reads for nothing."""
        source = self.sources[name]
        ends = clock.monotonic() + TICK
        with source.moved.listen() as ear:
            while len(source.handed) >= _PLENTY and clock.monotonic() < ends:
                await ear.wait(TICK / 10)

    async def wait_for(self, name: str, position: int, timeout: float) -> bool:  # noqa: ASYNC109
        """Whether this service has applied a source up to a position, at the latest after ``timeout`` seconds."""
        source = self.sources.get(name)
        if source is None:
            return True
        ends = clock.monotonic() + timeout
        with source.moved.listen() as ear:
            while source.known < position:
                async with self._db.read() as session:  # another replica may be the one that applies
                    cursor = await look(session, name)
                if cursor is not None and cursor.position >= position:
                    return True
                left = ends - clock.monotonic()
                if left <= 0:
                    return False
                source.bell.ring()
                await ear.wait(min(left, 0.1))
        return True

    async def _follow(self, source: Source) -> None:
        pause = 0.0
        with source.bell.listen() as ear:
            while True:
                try:
                    busy = await self.advance(source.name)
                    pause = 0.0
                except Exception as error:  # noqa: BLE001 - the reader must outlive whatever it meets
                    if isinstance(error, RedisError):
                        error = FeedAwayError("redis")
                    source.cursor, busy = None, True
                    pause = min(max(2 * pause, 0.05), _LONGEST_PAUSE)
                    told = self._log.warning if passes(error) else self._log.error
                    told("reader pauses", source=source.name, failure=failure_of(error), seconds=pause)
                    await asyncio.sleep(pause)
                if not busy or source.quiet:
                    await ear.wait(TICK)

    async def advance(self, name: str) -> bool:
        """Apply one batch of what follows the cursor, if there is any. False when there was nothing to do.

        Raises what passes by itself: database and network errors.
        """
        source = self.sources[name]
        source.quiet = False
        cursor = source.cursor
        if cursor is None or not _unbroken(cursor, source.handed, most=1):
            cursor = await self._cursor(source)
        if cursor is None or not await self._may_follow(source, cursor):
            return False
        if cursor.state != "ok":
            return await self._seek_way_back(source, cursor)
        if cursor.open_parked and await self._drain(source, cursor):
            return True
        batch = _unbroken(cursor, source.handed)
        handed = bool(batch)
        batch = batch or await self._from_stream(source, cursor) or await self._from_feed(source, cursor)
        if not batch:
            return False
        moved = await self._apply(source, cursor, batch)
        if moved:
            source.quiet = handed and not source.handed and not cursor.open_parked
            self._after_batch(source)
        return moved

    async def _cursor(self, source: Source) -> Position | None:
        async with self._db.read() as session:
            cursor = await look(session, source.name)
        if cursor is None:
            async with self._db.transaction() as session:
                cursor = await create(session, source.name, self._subscriptions.types_of(source.name))
        source.cursor = cursor
        source.known = cursor.position if cursor else 0
        return cursor

    async def _may_follow(self, source: Source, cursor: Position) -> bool:
        """Whether this replica knows the types that were followed; replays those that were not."""
        ours, known = self._subscriptions.types_of(source.name), self._subscriptions.known_of(source.name)
        missing = cursor.types - known
        if missing:
            if source.stands_by is None:
                self._log.warning("stands by for a newer replica", source=source.name, types=sorted(missing))
            source.stands_by = f"does not know {', '.join(sorted(missing))}"
            source.handed.clear()
            return False
        source.stands_by = None
        if ours - cursor.types and cursor.state == "ok":
            await self._replay(source, cursor, ours - cursor.types)
            return False
        return True

    async def _from_stream(self, source: Source, cursor: Position) -> list[Envelope]:
        """The unbroken run that Redis has, which is none when it is away, behind, or has a gap."""
        if self._redis is None or clock.monotonic() < source.next_stream:
            source.next_feed = 0.0
            return []
        try:
            first = wire.entry_id(cursor.position + 1)
            entries: Any = await self._redis.xrange(source.stream, min=first, count=BATCH)
        except (RedisError, OSError, TimeoutError):
            source.next_stream = clock.monotonic() + PATROL  # a hanging Redis must not slow the feed down
            source.next_feed = 0.0
            return []
        found = {}
        for raw_id, fields in entries:
            envelope = wire.decode(raw_id, fields, source.uri)
            if envelope is not None:
                found[envelope.position] = envelope
        batch = _unbroken(cursor, found)
        if entries and not batch:
            source.next_feed = 0.0  # a gap
        return batch

    async def _from_feed(self, source: Source, cursor: Position) -> list[Envelope]:
        if clock.monotonic() < source.next_feed:
            return []
        try:
            page = await self._feed.fetch(source.name, cursor.position, event_id=cursor.event_id, limit=BATCH)
        except FeedGoneBackError as gone:
            await self._gone_back(source, cursor, gone.epoch, str(gone))
            return []
        except FeedAwayError:
            source.next_feed = clock.monotonic() + PATROL  # the stream may have more all the same
            return []
        source.next_feed = clock.monotonic() + PATROL if page.until >= page.head else 0.0
        source.head = page.head
        batch = _unbroken(cursor, {event.position: event for event in page.events})
        if page.events and not batch:
            await self._gone_back(source, cursor, page.epoch, "the log goes on from another event than ours")
        return batch

    async def _gone_back(self, source: Source, cursor: Position, epoch: str, why: str) -> None:
        async with self._db.transaction() as session:
            if not await lock(session, cursor):
                return
            await diverge(session, source.name, why)
        self._log.critical("source has gone back", source=source.name, epoch=epoch, cursor=cursor.position)
        source.next_feed = 0.0

    async def _seek_way_back(self, source: Source, cursor: Position) -> bool:
        """A diverged source goes on by itself once its operator has adopted the log: in a new epoch."""
        source.handed.clear()
        if clock.monotonic() < source.next_feed:
            return False
        source.next_feed = clock.monotonic() + PATROL
        back = await go_back(self._db, self._feed, cursor)
        if back is not None:
            self._log.warning("follows the adopted log", source=source.name, back_to=back, came_from=cursor.position)
            source.cursor, source.next_feed = None, 0.0
        return back is not None

    async def _apply(self, source: Source, cursor: Position, batch: list[Envelope]) -> bool:
        """One transaction: lock, see that nothing has moved, apply, move. False when another one was quicker."""
        source.cursor = None
        try:
            moved = await self._attempt(cursor, batch, careful=False)
        except Exception as error:
            if passes(error):
                raise
            moved = await self._attempt(cursor, batch, careful=True)
        source.cursor = moved
        if moved is None:
            return False
        source.known = moved.position
        source.head = max(source.head, moved.position)
        for position in [position for position in source.handed if position <= moved.position]:
            del source.handed[position]
        return True

    async def _attempt(self, cursor: Position, batch: list[Envelope], *, careful: bool) -> Position | None:
        async with self._db.transaction() as session:
            moved = await move(session, cursor, batch)
            if moved is not None and await self._run(session, cursor, batch, careful=careful):
                moved = replace(moved, open_parked=await count_open(session, cursor.source))
            return moved

    async def _run(self, session: AsyncSession, cursor: Position, batch: list[Envelope], *, careful: bool) -> bool:
        """Apply a batch; whether something of it was parked."""
        again = await known_as_lost(session, cursor, batch)
        batch = [envelope for envelope in batch if envelope.id not in again] if again else batch
        closed = await open_subjects(session, cursor.source) if cursor.open_parked else set()
        way = self._applier.careful if careful else self._applier.quick
        parks = await way(session, batch, closed)
        await park(session, cursor.source, parks)
        return bool(parks)

    async def _drain(self, source: Source, cursor: Position) -> bool:
        now = clock.monotonic()
        if now < source.next_drain - (_DRAIN_REST if source.fed else 0.0):
            return False
        source.next_drain, fed, source.fed = now + TICK, source.fed, False
        async with self._db.transaction() as session:
            if not await lock(session, cursor):
                return False
            done = await drain(session, self._applier, source.name, all_waiting=fed)
        if done:
            source.cursor = None
            self._after_batch(source)
        return bool(done)

    def _after_batch(self, source: Source) -> None:
        """Whoever waits for this source, and what waited in the lines of all sources, may go on."""
        source.moved.ring()
        for other in self.sources.values():
            if other.cursor is None or other.cursor.open_parked:
                other.fed = True
                if other is not source:
                    other.bell.ring()

    async def _replay(self, source: Source, cursor: Position, missing: frozenset[str]) -> None:
        """Fetch newly followed types up to the cursor; only then the cursor may go on with them."""
        async with self._db.transaction() as session:
            types, after = await replaying(session, source.name, missing)
        if not types <= self._subscriptions.known_of(source.name):
            source.stands_by = "a newer replica is fetching types that this one does not know"
            return
        going = True
        while going:
            page = await self._feed.fetch(source.name, after, types=types)
            after = min(page.until, cursor.position)
            batch = [event for event in page.events if event.position <= after]
            going = await self._replay_page(cursor, batch, types, after) and after < cursor.position
        source.cursor = None

    async def _replay_page(self, cursor: Position, batch: list[Envelope], types: frozenset[str], until: int) -> bool:
        try:
            return await self._replay_attempt(cursor, batch, types, until, careful=False)
        except Exception as error:
            if passes(error):
                raise
            return await self._replay_attempt(cursor, batch, types, until, careful=True)

    async def _replay_attempt(
        self, cursor: Position, batch: list[Envelope], types: frozenset[str], until: int, *, careful: bool
    ) -> bool:
        async with self._db.transaction() as session:
            if not await lock(session, cursor):
                return False
            if await self._run(session, cursor, batch, careful=careful):
                await count_open(session, cursor.source)
                await replayed(session, cursor, types, until)
                return False  # the cursor is no longer as we read it; the replay goes on from where it is noted
            await replayed(session, cursor, types, until)
            return True


def _unbroken(cursor: Position, found: dict[int, Envelope], most: int = BATCH) -> list[Envelope]:
    """The run that follows the cursor without a gap, each event naming the one before it; at most one batch."""
    batch: list[Envelope] = []
    position, previous = cursor.position, cursor.event_id
    while len(batch) < most:
        envelope = found.get(position + 1)
        if envelope is None or envelope.previous != previous:
            break
        batch.append(envelope)
        position, previous = envelope.position, envelope.id
    return batch
