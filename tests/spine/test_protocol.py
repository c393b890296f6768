"""The protocol against a model: whatever happens in whatever order, every effect comes once, in order, at last.

Hypothesis drives the parts by hand (no background tasks), on a real PostgreSQL and a real Redis: facts are stated,
placed, published and followed; in between processes forget what they knew, die in the middle of a batch, Redis is
emptied, trimmed, filled with nonsense or away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from redis.exceptions import ResponseError
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from shared.embedded import EmbeddedRedis
from shared.events.intake import HouseholdChanged
from shared.rooms import with_database
from shared.spine import NotYet, Received, Subscriptions, hold, list_parked, record
from shared.spine.positions import PLACE
from shared.spine.reader import Reader, Source
from shared.spine.stream import Stream
from tests.spine.rig import Node, Rig, change, compare, note

T = TypeVar("T")
HOMES = [uuid4() for _ in range(3)]


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
            if self.killed_after is not None:
                self.killed_after -= 1
                if self.killed_after < 0:
                    self.killed_after = None
                    raise Killed
            if self.reluctant and heard.event.number.endswith("7"):
                raise NotYet

        self.intake, self.casework = await self.rig.node("intake"), await self.rig.node(subscriptions)
        self.placer = await self._connect(self.intake.db.url)

    async def clean(self) -> None:
        await self.intake.run("TRUNCATE event_log")
        await self.intake.run("UPDATE log_head SET position = 0, event_id = NULL, state = 'ok'")
        await self.casework.run("TRUNCATE effect, cursor, parked, applied_run, lost_fact")
        await self.redis.flushdb()
        self.killed_after, self.reluctant = None, False
        self.rig.doors.shut.clear()
        self.forget_relay()
        self.forget_reader()

    @property
    def redis(self) -> Any:
        return self.intake.spine.redis

    @property
    def key(self) -> str:
        return self.intake.spine.names.stream("intake")

    def forget_relay(self) -> None:
        self.stream = Stream(self.redis, self.intake.db, self.intake.spine.names, "intake")

    def forget_reader(self) -> None:
        spine = self.casework.spine
        redis = spine.redis if self.redis_up else None
        self.reader = Reader(spine.db, spine.reader._subscriptions, spine.names, redis, spine.feed)

    redis_up = True

    async def place(self) -> None:
        await self.placer.fetchrow(PLACE)

    async def publish(self, most: int) -> None:
        head = await self.intake.one("SELECT position FROM log_head")
        await self.stream.publish(min(head, most))

    async def advance(self) -> bool:
        try:
            source: Source = self.reader.sources["intake"]
            source.next_feed = source.next_drain = 0.0
            return await self.reader.advance("intake")
        except Killed:
            self.forget_reader()
            return False

    async def close(self) -> None:
        await self.placer.close()
        await self.rig.close()
        connection = await self._connect(self.postgres)
        for name in self.made:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()


class Protocol(RuleBasedStateMachine):
    """The steps that the world may take."""

    stage: Stage

    @initialize()
    def begin(self) -> None:
        self.number = 0
        self.stage.redis_up = True
        self.stage.run(self.stage.clean())

    @rule(home=st.sampled_from(HOMES), count=st.integers(1, 4))
    def state_facts(self, home: UUID, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.stage.run(change(self.stage.intake.db, home, str(self.number)))

    @rule(homes=st.permutations(HOMES))
    def commit_out_of_order(self, homes: list[UUID]) -> None:
        """The first to record is the last to commit."""

        async def nested(rest: list[UUID]) -> None:
            async with self.stage.intake.db.transaction() as session:
                await hold(session, rest[0])
                self.number += 1
                await record(session, HouseholdChanged(household=rest[0], number=str(self.number)))
                if rest[1:]:
                    await nested(rest[1:])
                await self.stage.place()

        self.stage.run(nested(homes))

    @rule()
    def place(self) -> None:
        self.stage.run(self.stage.place())

    @rule(most=st.integers(1, 60))
    def publish(self, most: int) -> None:
        self.stage.run(self.stage.publish(most))

    @rule()
    def advance(self) -> None:
        self.stage.run(self.stage.advance())

    @rule(after=st.integers(0, 5))
    def be_killed_in_a_batch(self, after: int) -> None:
        self.stage.killed_after = after
        self.stage.run(self.stage.advance())
        self.stage.killed_after = None

    @rule()
    def restart_the_relay(self) -> None:
        self.stage.forget_relay()

    @rule(up=st.booleans())
    def restart_the_reader(self, up: bool) -> None:
        self.stage.redis_up = up
        self.stage.forget_reader()

    @rule(picks=st.lists(st.integers(0, 40), max_size=12))
    def hand_in_whatever(self, picks: list[int]) -> None:
        entries: Any = self.stage.run(self.stage.redis.xrange(self.stage.key))
        some = [entries[pick % len(entries)] for pick in picks] if entries else [(b"9-9", {b"x": b"y"})]
        self.stage.reader.hand_in("intake", some)

    @rule()
    def empty_redis(self) -> None:
        self.stage.run(self.stage.redis.flushdb())

    @rule(keep=st.integers(0, 5))
    def trim(self, keep: int) -> None:
        self.stage.run(self.stage.redis.xtrim(self.stage.key, maxlen=keep, approximate=False))

    @rule(number=st.sampled_from([1, 10**15]))
    def add_nonsense(self, number: int) -> None:
        entries: Any = self.stage.run(self.stage.redis.xrevrange(self.stage.key, count=1))
        last = int(entries[0][0].split(b"-")[0]) if entries else 0
        with contextlib.suppress(ResponseError):  # an emptied stream takes no low id
            self.stage.run(self.stage.redis.xadd(self.stage.key, {"id": "x", "e": "{}"}, id=f"{last + number}-1"))
        self.stage.forget_relay()

    @rule(shut=st.booleans())
    def shut_the_feed(self, shut: bool) -> None:
        (self.stage.rig.doors.shut.add if shut else self.stage.rig.doors.shut.discard)("intake")

    @rule(reluctant=st.booleans())
    def let_some_wait(self, reluctant: bool) -> None:
        self.stage.reluctant = reluctant

    def teardown(self) -> None:
        self.stage.run(self._settle())

    async def _settle(self) -> None:
        """Let everything work again; now all must come."""
        stage = self.stage
        stage.reluctant = False
        stage.rig.doors.shut.clear()
        stage.forget_relay()
        await stage.place()
        for _ in range(3):
            await stage.publish(10**6)
        for _ in range(200):
            if not await stage.advance() and not await list_parked(stage.casework.db):
                break
        await compare(stage.intake, stage.casework)
        tail: Any = await stage.redis.xrevrange(stage.key, count=1)
        assert [entry[0] for entry in tail] == ([f"{self.number}-0".encode()] if self.number else [])


@pytest.fixture
def stage(postgres_url: str, own_redis: EmbeddedRedis) -> Iterator[Stage]:
    made = Stage(postgres_url, own_redis.url)
    try:
        made.run(made.open())
        yield made
        made.run(made.close())
    finally:
        made.loop.close()


def test_every_effect_once_in_order_at_last(stage: Stage) -> None:
    machine = type("Staged", (Protocol,), {"stage": stage})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
