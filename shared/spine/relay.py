"""The relay: gives each recorded event its position, and appends what is positioned to the stream.

One replica leads, by a session-level advisory lock on the very connection that does the positioning. That connection
only ever carries small answers and beats every two seconds; PostgreSQL ends it when nothing comes for ten (a frozen
leader), so another replica takes over. It is the one connection that must never go through a transaction pooler.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import asyncpg
import structlog
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from shared import clock
from shared.spine import bell
from shared.spine.positions import BATCH, CHANNEL, PLACE, leading_here
from shared.spine.stream import DivergedError, Stream
from shared.spine.tables import ensure_partitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from shared.db import Database
    from shared.spine.positions import Line
    from shared.spine.wire import Names

LEADER_LOCK = 8050_0001
BEAT = 2.0
"""Seconds between two signs of life of the relay's connection; at the latest then it also looks for new events."""

_LOOKS = 0.5
_GATHERS = 0.008
"""Seconds left to others to commit while events come thick: one placing for many spares the writers' processor."""
_APPENDS = 0.025
"""Seconds left likewise between two appendings: each is a reader's transaction, in every service that follows."""
_TELLS = 0.05
"""Seconds at least between two words to the other replicas, which only wait to answer those who follow by HTTP."""
_LONGEST_PAUSE = 5.0
_SESSION = {
    "application_name": "kasane-relay",
    "timezone": "UTC",
    "default_transaction_isolation": "repeatable read",
    "idle_session_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
    # the few rows without a position are always found by their partial index, whatever the statistics say
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    # before PostgreSQL 18 a plan kept from seqscan costs 1e10, and would be compiled for ten seconds at every look
    "jit": "off",
}

log = structlog.get_logger()


class Relay:
    """One replica's relay of one service; ``run`` until cancelled."""

    def __init__(self, db: Database, redis: Redis | None, names: Names, service: str) -> None:
        self._db = db
        self._service = service
        self._log = log.bind(service=service)
        self._stream = Stream(redis, db, names, service) if redis is not None else None
        self._ear: bell.Ear | None = None
        self.positioned = bell.Bell()
        """Rings when the head has moved, on every replica."""
        self.leading = False
        self.head = 0

    @property
    def published(self) -> int | None:
        """The last position known to be in the stream."""
        return self._stream.tail.position if self._stream and self._stream.tail else None

    async def run(self) -> None:
        """Take part in the election and do the work while leading, whatever happens to the servers."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._position())
            group.create_task(self._announce())
            if self._stream is not None:
                group.create_task(self._publish(self._stream))

    def take(self, stated: Sequence[Line]) -> None:
        """Hear from a transaction of this process what it has committed, and perhaps placed by itself."""
        last = stated[-1]["position"]
        if self._stream is not None:
            self._stream.take(stated)
        if last is not None:
            self._moved(last)

    def _moved(self, head: int) -> None:
        if head > self.head:
            self.head = head
            self.positioned.ring()

    async def _position(self) -> None:
        pause = 0.1
        while True:
            began = clock.monotonic()
            try:
                await self._serve()
            except Exception as error:  # noqa: BLE001 - the relay must outlive whatever it meets
                self._log.warning("relay lost its connection", error=type(error).__name__)
            finally:
                self.leading = False
                leading_here.pop(str(self._db.engine.url), None)
            pause = 0.1 if clock.monotonic() - began > BEAT else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _serve(self) -> None:
        url = make_url(self._db.url).set(drivername="postgresql")
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            url.render_as_string(hide_password=False), server_settings=_SESSION, timeout=5, command_timeout=15
        )
        try:
            await connection.add_listener(CHANNEL, self._hear)
            with bell.committed[str(self._db.engine.url)].listen() as self._ear:
                await self._work(connection, self._ear)
        finally:
            self._ear = None
            with contextlib.suppress(Exception):
                await connection.close(timeout=1)

    async def _work(self, connection: asyncpg.Connection[asyncpg.Record], ear: bell.Ear) -> None:
        tended = -86400.0
        while True:
            if not self.leading:
                await self._stand_for_leader(connection)
            if self.leading:
                if clock.monotonic() - tended > 86400:  # noqa: PLR2004 - once a day
                    await self._tend()
                    tended = clock.monotonic()
                placed = await self._place(connection)
                if placed == BATCH:
                    continue
                if placed > 1:
                    await asyncio.sleep(_GATHERS)
            if await ear.wait(_LOOKS if self.leading else BEAT) and not self.leading:
                await connection.execute(_TELL, "")

    async def _stand_for_leader(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
            return
        # the name of its connection says since when: pg_stat_activity shows it to every replica and every operator
        since = f"{_SESSION['application_name']} since {clock.now():%Y-%m-%dT%H:%M:%S%z}"
        await connection.execute("SELECT set_config('application_name', $1, false)", since)
        self.head = int(await connection.fetchval("SELECT position FROM log_head") or 0)
        if self._stream is not None:
            # what is already in the stream tells whether this log has gone back, before anything new is placed
            self._stream.tail = None
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._look(self._stream)
        self.leading = True
        leading_here[str(self._db.engine.url)] = self
        self.positioned.ring()

    async def _place(self, connection: asyncpg.Connection[asyncpg.Record]) -> int:
        try:
            row = await connection.fetchrow(PLACE)
        except asyncpg.SerializationError:
            return BATCH
        if self._stream is not None and row["ids"]:
            self._stream.place(row["ids"], row["position"], row["previous"], row["epoch"])
        self._moved(int(row["position"]))
        return int(row["n"])

    async def _announce(self) -> None:
        """Tell the other replicas how far the log is; they wait for it to answer whoever follows it by HTTP."""
        told = 0
        with self.positioned.listen() as ear:
            while True:
                await ear.wait(BEAT)
                if not self.leading or self.head <= told:
                    continue
                await asyncio.sleep(_GATHERS)  # the stream first
                head = self.head
                try:
                    await self._db.fetch(_TELL, str(head))
                    told = head
                    await asyncio.sleep(_TELLS)
                except Exception as error:  # noqa: BLE001 - as above; they also look by themselves
                    self._log.warning("announcing failed", error=type(error).__name__)
                    await asyncio.sleep(BEAT)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if payload:
            self._moved(int(str(payload)))
        elif self.leading and self._ear is not None:
            self._ear.wake()

    async def _publish(self, stream: Stream) -> None:
        pause, checked = 0.0, clock.monotonic()
        with self.positioned.listen() as ear:
            while True:
                if not pause:
                    await ear.wait(BEAT)
                try:
                    if self.leading and clock.monotonic() - checked > BEAT:
                        await stream.check()  # Redis may have been emptied in a quiet hour
                        checked = clock.monotonic()
                    while self.leading and (appended := await self._look(stream)):
                        if appended > 1:
                            await asyncio.sleep(_APPENDS)
                    pause = 0.0
                except Exception as error:  # noqa: BLE001 - as above; a starting PostgreSQL refuses in asyncpg's own words
                    stream.tail = None
                    pause = min(max(pause * 2, 0.1), _LONGEST_PAUSE)
                    self._log.warning("publishing failed", error=type(error).__name__, pause=pause)
                    await asyncio.sleep(pause)

    async def _look(self, stream: Stream) -> int:
        try:
            return await stream.publish(self.head)
        except DivergedError as error:
            stream.tail = None
            async with self._db.transaction() as session:
                marked = await session.execute(_DIVERGED, {"reason": str(error), "epoch": error.epoch})
            if marked.rowcount:  # type: ignore[attr-defined] # an UPDATE's result has it
                self._log.critical("the log has gone back; see ./kasane log adopt", reason=str(error))
            return 0

    async def _tend(self) -> None:
        try:
            async with self._db.engine.begin() as connection:
                await connection.execute(text("SET LOCAL lock_timeout = '2s'"))
                await ensure_partitions(connection, clock.today())
                await connection.execute(_FORGET_THE_WAY)
        except (SQLAlchemyError, asyncpg.PostgresError) as error:  # the default partition takes what has no other
            self._log.warning("housekeeping failed", error=type(error).__name__)


# Nothing that must outlive a crash: a notification alone would make PostgreSQL wait for its disk.
_TELL = f"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{CHANNEL}', $1)"
_FORGET_THE_WAY = text("DELETE FROM applied_run WHERE applied_at < now() - interval '60 days'")
# An operator may have adopted the log since we looked: what was wrong in its old epoch is so no more.
_DIVERGED = text("""
    UPDATE log_head SET state = 'diverged', reason = :reason WHERE state = 'ok' AND epoch = :epoch
""")
