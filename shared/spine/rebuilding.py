"""Making a service's projections again from the logs of the others, and comparing them with the live tables.

The live service goes on meanwhile. One snapshot of its database gives the cursors and a hash of every projected row;
the logs are then read through the feeds, from the beginning up to exactly those cursors, and applied by the projecting
handlers to a scratch database in which there is no table but the projections. Events of different sources are applied
in the order in which they were recorded, those of one source in the order of its log. See ADR 0020.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from sqlalchemy.engine import make_url

from shared.db import Database
from shared.spine.applying import Applier
from shared.spine.failures import failure_of
from shared.spine.follow import FeedAwayError, FeedGoneBackError

if TYPE_CHECKING:
    from shared.events import Envelope
    from shared.projections import Projection
    from shared.spine.follow import FeedClient, Page
    from shared.spine.subscriptions import Subscriptions

_PAGE = 1000
_BATCH = 2000
"""Events applied in one transaction."""
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
SHOWN = 10
"""Differing rows that are named, for each table."""


class RebuildError(Exception):
    """The projections can't be made again now; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the live service had applied one source, and which types, when it was looked at."""

    source: str
    position: int
    event_id: UUID | None
    types: frozenset[str]


@dataclass(slots=True)
class Snapshot:
    """The live database at one moment. ``rows`` holds table, key and hash of every projected row, in COPY's form."""

    marks: list[Mark]
    not_applied: set[UUID]
    """Events before the marks that stand parked or were skipped, so that live tables know nothing of them."""
    rows: IO[bytes]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same: ``missing`` in the live table, ``surplus`` there, or ``changed``. Ids and codes."""

    key: str
    how: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One table, live and made again; hashes are MD5 over the rows' hashes in the order of their keys."""

    table: str
    live: int
    rebuilt: int
    hash_live: str
    hash_rebuilt: str
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether both have the same rows."""
        return (self.live, self.hash_live) == (self.rebuilt, self.hash_rebuilt)


async def look(live_url: str, projections: Sequence[Projection], rows: IO[bytes]) -> Snapshot:
    """Read marks and row hashes of the live database in one snapshot; the hashes go into the open file ``rows``.

    Raises RebuildError for a diverged source.
    """
    connection = await asyncpg.connect(plain(live_url), server_settings={"timezone": "UTC"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            cursors = await connection.fetch("SELECT source, position, event_id, types, state FROM cursor")
            parked = await connection.fetch(_NOT_APPLIED)
            for projection in projections:
                await connection.copy_from_query(_hashes(projection), output=rows)
    finally:
        await connection.close()
    gone_back = [cursor["source"] for cursor in cursors if cursor["state"] != "ok"]
    if gone_back:
        msg = f"it has diverged from {', '.join(gone_back)}; run ./kasane log adopt there first"
        raise RebuildError(msg)
    marks = [Mark(row["source"], row["position"], row["event_id"], frozenset(row["types"])) for row in cursors]
    rows.seek(0)
    return Snapshot(marks, {row["event_id"] for row in parked}, rows)


async def furnish(scratch_url: str, projections: Sequence[Projection]) -> None:
    """Make the projected tables in an empty database. Raises RebuildError when something is in it."""
    db = Database(scratch_url, pool_size=1)
    try:
        async with db.engine.begin() as connection:
            found = await connection.exec_driver_sql(_ANY_TABLE)
            if (name := found.scalar()) is not None:
                msg = f"the database to rebuild into is not empty: it has the table {name}"
                raise RebuildError(msg)
            for projection in projections:
                await connection.run_sync(projection.table.create)
    finally:
        await db.close()


async def replay(
    scratch_url: str,
    subscriptions: Subscriptions,
    feed: FeedClient,
    snapshot: Snapshot,
    tell: Callable[[int], None] = lambda _count: None,
) -> int:
    """Apply what the marks have passed to the scratch database; how many events that was.

    ``tell`` hears the count after each batch. Raises RebuildError for a fact that can't be projected and for a log
    that has gone back, FeedAwayError when a producer does not answer.
    """
    projecting = subscriptions.projecting()
    applier, db, count = Applier(projecting), Database(scratch_url, pool_size=1), 0
    sources = [_Source(feed, mark, projecting.types_of(mark.source) & mark.types) for mark in snapshot.marks]
    try:
        async for batch in _merged(sources):
            fresh = [event for event in batch if event.id not in snapshot.not_applied]
            async with db.transaction() as session:
                await _project(applier, session, fresh)
            count += len(fresh)
            tell(count)
    finally:
        await db.close()
    return count


async def compare(scratch_url: str, projections: Sequence[Projection], snapshot: Snapshot) -> list[Compared]:
    """Compare the scratch tables with the snapshot's hashes; nothing of that stays in the scratch database."""
    connection = await asyncpg.connect(plain(scratch_url), server_settings={"timezone": "UTC"})
    try:
        await connection.execute("CREATE TEMP TABLE live_row (name text, key text, hash text)")
        await connection.execute("CREATE TEMP TABLE made_row (LIKE live_row)")
        await connection.copy_to_table("live_row", source=snapshot.rows)
        for projection in projections:
            await connection.execute(f"INSERT INTO made_row {_hashes(projection)}")
        return [await _compare_one(connection, projection.table.name) for projection in projections]
    finally:
        await connection.close()


async def _compare_one(connection: Any, name: str) -> Compared:
    live, rebuilt = [await connection.fetchrow(_SUM.format(side), name) for side in ("live_row", "made_row")]
    same = (live["count"], live["hash"]) == (rebuilt["count"], rebuilt["hash"])
    rows = [] if same else await connection.fetch(_DIFFERENCES, name, SHOWN)
    found = [Difference(row["key"], row["how"]) for row in rows]
    return Compared(name, live["count"], rebuilt["count"], live["hash"], rebuilt["hash"], found)


async def _project(applier: Applier, session: Any, batch: Sequence[Envelope]) -> None:
    with contextlib.suppress(Exception):  # the one that fails is looked for below
        async with session.begin_nested():
            await applier.quick(session, batch, set())
            return
    for envelope in batch:
        try:
            await applier.quick(session, [envelope], set())
        except Exception as error:
            failure = failure_of(error)
            why = " ".join(part for part in (failure.error_class, failure.sqlstate, failure.constraint) if part)
            msg = f"{envelope.type} at {envelope.service}:{envelope.position} can't be projected again ({why})"
            raise RebuildError(msg) from error


class _Source:
    """One log as it is read: the next events at hand, the page after them on its way."""

    def __init__(self, feed: FeedClient, mark: Mark, types: frozenset[str]) -> None:
        self._feed, self._mark, self._types = feed, mark, types
        self._after = 0 if types else mark.position
        self._next: asyncio.Task[list[Envelope]] | None = None
        self.events: deque[Envelope] = deque()

    async def fill(self) -> bool:
        """Have the next event at hand; False at the mark."""
        while not self.events:
            if self._next is None:
                if self._after >= self._mark.position:
                    return False
                if not self._after:
                    await self._see_mark()
                self._next = asyncio.create_task(self._page())
            self.events.extend(await self._next)
            self._next = asyncio.create_task(self._page()) if self._after < self._mark.position else None
        return True

    def stop(self) -> None:
        """Ask for nothing more."""
        if self._next is not None:
            self._next.cancel()

    async def _see_mark(self) -> None:
        """The log must still have the event that the live service applied last."""
        mark = self._mark
        try:
            await self._feed.fetch(mark.source, mark.position, event_id=mark.event_id, limit=1)
        except FeedGoneBackError:
            msg = f"the log of {mark.source} has gone back before position {mark.position}; see ./kasane log adopt"
            raise RebuildError(msg) from None

    async def _page(self) -> list[Envelope]:
        page = await self._fetch()
        self._after = max(page.until, self._after + 1)
        return [event for event in page.events if event.position <= self._mark.position]

    async def _fetch(self) -> Page:
        """The next page; a producer that is away for a moment is asked again, for hours of work hang on it."""
        for pause in _PAUSES:
            with contextlib.suppress(FeedAwayError):
                return await self._feed.fetch(self._mark.source, self._after, limit=_PAGE, types=self._types)
            await asyncio.sleep(pause)
        return await self._feed.fetch(self._mark.source, self._after, limit=_PAGE, types=self._types)


async def _merged(sources: Sequence[_Source]) -> AsyncIterator[list[Envelope]]:
    """All events in batches, the one recorded first first; each source in its own order."""
    going, batch = list(sources), list[Any]()
    try:
        while True:
            going = [source for source in going if source.events or await source.fill()]
            if not going:
                break
            batch.append(min(going, key=lambda source: source.events[0].recorded_at).events.popleft())
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
    finally:
        for source in sources:
            source.stop()


def plain(url: str) -> str:
    """The address as asyncpg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _hashes(projection: Projection) -> str:
    """Name, key and hash of each row, over the columns that come from facts."""
    columns = ", ".join(f'"{name}"' for name in projection.columns)
    key = ", ".join(f'"{name}"' for name in projection.key)
    return (
        f"SELECT '{projection.table.name}', concat_ws(',', {key}), md5(ROW({columns})::text)"  # noqa: S608 - our names
        f' FROM "{projection.table.name}"'
    )


_NOT_APPLIED = """
    SELECT event_id FROM parked WHERE state IN ('waiting', 'parked', 'behind', 'skipped') AND NOT taken_early
"""
_ANY_TABLE = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' LIMIT 1"
_SUM = """
    SELECT count(*) AS count, md5(coalesce(string_agg(hash, '' ORDER BY key COLLATE "C"), '')) AS hash
    FROM {} WHERE name = $1
"""
_DIFFERENCES = """
    SELECT key, CASE WHEN live.hash IS NULL THEN 'missing' WHEN made.hash IS NULL THEN 'surplus' ELSE 'changed' END
           AS how
    FROM (SELECT key, hash FROM live_row WHERE name = $1) AS live
    FULL JOIN (SELECT key, hash FROM made_row WHERE name = $1) AS made USING (key)
    WHERE live.hash IS DISTINCT FROM made.hash
    ORDER BY key COLLATE "C" LIMIT $2
"""
