"""One log with two relays and its reader with two replicas, driven by hand: what the protocol's trial plays on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.intake import HouseholdChanged
from shared.rooms import with_database
from shared.spine import NotYet, Received, Subscriptions, adopt_log, lost_facts
from shared.spine.positions import PLACE, Line, leading_here
from shared.spine.reader import Reader, Source
from shared.spine.stream import DivergedError, Stream
from tests.spine.rig import Node, Rig, note

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone in the middle of a transaction."""


class Stage:
    """The servers and databases of one test run, emptied for each example."""

    def __init__(self, postgres: str, redis: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.postgres, self.made = postgres, list[str]()
        self.killed_after: int | None = None
        self.reluctant = False
        self.rig = Rig(self._make, redis)
        self.streams: dict[int, Stream] = {}
        self.readers: dict[int, Reader] = {}
        self.asleep: dict[str, tuple[asyncio.Event, asyncio.Task[Any]]] = {}
        """A relay or a reader in the middle of its work, until its event is set."""
        self.to_sleep: dict[str, Callable[[], Awaitable[None]]] = {}
        """What the next one to append, or to apply, is to do first."""
        self.intake: Node
        self.casework: Node

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _connect(self, url: str) -> asyncpg.Connection[asyncpg.Record]:
        dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        return await asyncpg.connect(dsn, server_settings={"default_transaction_isolation": "repeatable read"})

    async def _make(self, _name: str, furnish: Callable[[str], Awaitable[None]]) -> str:
        name = f"t_protocol_{uuid4().hex[:12]}"
        connection = await self._connect(self.postgres)
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()
        self.made.append(name)
        url = with_database(self.postgres, name)
        await furnish(url)
        return url

    async def open(self) -> None:
        subscriptions = Subscriptions("casework")

        @subscriptions.on(HouseholdChanged, projects=True)
        async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
            await note(session, heard)
            await self._rest("reader")
            if self.killed_after is not None:
                self.killed_after -= 1
                if self.killed_after < 0:
                    self.killed_after = None
                    raise Killed
            if self.reluctant and heard.event.number.endswith("7"):
                raise NotYet

        self.intake, self.casework = await self.rig.node("intake"), await self.rig.node(subscriptions)
        self.placer = await self._connect(self.intake.db.url)
        await self.intake.run("CREATE TABLE saved_log AS SELECT * FROM event_log WITH NO DATA")
        await self.intake.run("CREATE TABLE saved_epoch AS SELECT * FROM epoch WITH NO DATA")

    async def clean(self) -> None:
        await self.intake.run("TRUNCATE event_log, lost_fact, saved_log, saved_epoch")
        await self.intake.run("DELETE FROM epoch WHERE number > (SELECT min(number) FROM epoch)")
        await self.intake.run(
            "UPDATE log_head SET position = 0, event_id = NULL, state = 'ok', epoch = (SELECT epoch FROM epoch)"
        )
        await self.casework.run("TRUNCATE effect, cursor, parked, applied_run, lost_fact")
        await self.redis.flushdb()
        self.killed_after, self.reluctant = None, False
        self.writers_place(False)
        self.rig.doors.shut.clear()
        self.streams.clear()
        self.readers.clear()
        for replica in range(2):
            self.forget_relay(replica)
            self.forget_reader(replica)

    @property
    def redis(self) -> Any:
        return self.intake.spine.redis

    @property
    def key(self) -> str:
        return self.intake.spine.names.stream("intake")

    def forget_relay(self, replica: int) -> None:
        stream = Stream(self.redis, self.intake.db, self.intake.spine.names, "intake")
        append = stream._append

        async def late(*args: Any) -> bool:
            await self._rest("relay")
            return await append(*args)

        stream._append = late  # type: ignore[assignment,method-assign] # so that others may come in between
        self.streams[replica] = stream

    def forget_reader(self, replica: int) -> None:
        spine = self.casework.spine
        redis = spine.redis if self.redis_up else None
        self.readers[replica] = Reader(spine.db, spine.reader._subscriptions, spine.names, redis, spine.feed)

    redis_up = True

    def writers_place(self, at_once: bool) -> None:
        url = str(self.intake.db.engine.url)
        if at_once:
            leading_here[url] = self
        else:
            leading_here.pop(url, None)

    def take(self, stated: Sequence[Line]) -> None:
        """Be the leader that hears of it: its stream gets it at hand."""
        self.streams[0].take(stated)

    async def place(self) -> None:
        row = await self.placer.fetchrow(PLACE)
        if row["ids"]:
            self.streams[0].place(row["ids"], row["position"], row["previous"], row["epoch"])

    async def publish(self, replica: int, most: int) -> None:
        head = await self.intake.one("SELECT position FROM log_head")
        stream = self.streams[replica]
        try:
            await stream.publish(min(head, most))
        except DivergedError as error:
            stream.tail = None
            mark = "UPDATE log_head SET state = 'diverged' WHERE state = 'ok' AND epoch = :epoch"
            await self.intake.run(mark, epoch=error.epoch)
        except RedisError:
            stream.tail = None

    async def advance(self, replica: int) -> bool:
        reader = self.readers[replica]
        try:
            source: Source = reader.sources["intake"]
            source.next_feed = source.next_drain = 0.0
            return bool(await reader.advance("intake"))
        except Killed:
            self.forget_reader(replica)
            return False

    async def _rest(self, who: str) -> None:
        sleep = self.to_sleep.pop(who, None)
        if sleep is not None:
            await sleep()

    async def fall_asleep(self, who: str, work: Coroutine[Any, Any, object]) -> None:
        """Let a relay (or reader) do its work up to the middle: to just before its append, within its transaction."""
        reached, wake = asyncio.Event(), asyncio.Event()

        async def sleep() -> None:
            reached.set()
            await wake.wait()

        self.to_sleep[who] = sleep
        task, there = asyncio.create_task(work), asyncio.create_task(reached.wait())
        await asyncio.wait({task, there}, return_when=asyncio.FIRST_COMPLETED)
        there.cancel()
        self.to_sleep.pop(who, None)
        if task.done():
            task.result()  # there was nothing to do
        else:
            self.asleep[who] = wake, task

    async def awake(self, who: str) -> None:
        """Let it go on as if nothing had happened; PostgreSQL may have ended its transaction."""
        if who in self.asleep:
            wake, task = self.asleep.pop(who)
            wake.set()
            with contextlib.suppress(DBAPIError):
                await task

    async def back_up(self) -> None:
        await self.intake.run("TRUNCATE saved_log, saved_epoch")
        await self.intake.run("INSERT INTO saved_log SELECT * FROM event_log")
        await self.intake.run("INSERT INTO saved_epoch SELECT * FROM epoch")

    async def restore(self) -> None:
        """Put the log's database back to the backup; its processes are new, and look before they place."""
        await self.intake.run("TRUNCATE event_log, epoch")
        await self.intake.run("INSERT INTO event_log SELECT * FROM saved_log")
        await self.intake.run("INSERT INTO epoch SELECT * FROM saved_epoch")
        await self.intake.run(RESTORED_HEAD)
        for replica in range(2):
            self.forget_relay(replica)
            await self.publish(replica, 10**6)

    async def adopt(self) -> None:
        await adopt_log(self.intake.db, self.redis, self.intake.spine.names, "intake")

    async def listed(self) -> set[UUID]:
        """What producer and reader say that the log has lost."""
        return {fact.event_id for node in (self.intake, self.casework) for fact in await lost_facts(node.db)}

    async def close(self) -> None:
        await self.placer.close()
        await self.rig.close()
        connection = await self._connect(self.postgres)
        for name in self.made:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()


RESTORED_HEAD = """
    UPDATE log_head SET state = 'ok', reason = NULL, epoch = (SELECT epoch FROM epoch ORDER BY number DESC LIMIT 1),
        position = coalesce((SELECT max(position) FROM event_log), 0),
        event_id = (SELECT id FROM event_log WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1)
"""
