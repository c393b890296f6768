"""The protocol against a model: whatever happens in whatever order, every effect comes once, in order, at last.

Hypothesis drives the parts by hand (no background tasks), on a real PostgreSQL and a real Redis: facts are stated,
placed, published and followed by two replicas of relay and reader, also while one stands still in the middle; in
between processes forget what they knew, die in the middle of a batch, Redis is emptied, trimmed, put back to what it
was, filled with nonsense or away, and the log is restored from a backup and adopted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from redis.exceptions import ResponseError

from shared.embedded import EmbeddedRedis
from shared.events.intake import HouseholdChanged
from shared.spine import hold, list_parked, record
from shared.spine.log import write_recorded
from tests.spine.rig import change, compare
from tests.spine.stage import Stage

HOMES = [uuid4() for _ in range(3)]
REPLICAS = st.integers(0, 1)


class Protocol(RuleBasedStateMachine):
    """The steps that the world may take."""

    stage: Stage

    @initialize()
    def begin(self) -> None:
        self.number = 0
        self.saved = self.restored = False
        self.copied: bytes | None = None
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
                await write_recorded(session)  # its line in the log is taken here, before the others'
                if rest[1:]:
                    await nested(rest[1:])
                await self.stage.place()

        self.stage.run(nested(homes))

    @rule(at_once=st.booleans())
    def let_who_commits_place(self, at_once: bool) -> None:
        """As in the process whose relay leads, or as in any other."""
        self.stage.writers_place(at_once)

    @rule()
    def place(self) -> None:
        self.stage.run(self.stage.place())

    @rule(replica=REPLICAS, most=st.integers(1, 60))
    def publish(self, replica: int, most: int) -> None:
        self.stage.run(self.stage.publish(replica, most))

    @rule(replica=REPLICAS)
    def advance(self, replica: int) -> None:
        self.stage.run(self.stage.advance(replica))

    @precondition(lambda self: "relay" not in self.stage.asleep)
    @rule()
    def freeze_a_relay(self) -> None:
        """It has read its batch and still thinks it leads; another one (or its own next life) takes over."""
        self.stage.run(self.stage.fall_asleep("relay", self.stage.publish(0, 10**6)))
        self.stage.forget_relay(0)

    @precondition(lambda self: "reader" not in self.stage.asleep)
    @rule()
    def freeze_a_reader(self) -> None:
        """It has the cursor's lock and has applied something."""
        self.stage.run(self.stage.fall_asleep("reader", self.stage.advance(0)))
        self.stage.forget_reader(0)

    @rule(who=st.sampled_from(["relay", "reader"]))
    def wake(self, who: str) -> None:
        self.stage.run(self.stage.awake(who))

    @rule(replica=REPLICAS, after=st.integers(0, 5))
    def be_killed_in_a_batch(self, replica: int, after: int) -> None:
        self.stage.killed_after = after
        self.stage.run(self.stage.advance(replica))
        self.stage.killed_after = None

    @rule(replica=REPLICAS)
    def restart_the_relay(self, replica: int) -> None:
        self.stage.forget_relay(replica)

    @rule(replica=REPLICAS, up=st.booleans())
    def restart_the_reader(self, replica: int, up: bool) -> None:
        self.stage.redis_up = up
        self.stage.forget_reader(replica)

    @rule(replica=REPLICAS, picks=st.lists(st.integers(0, 40), max_size=12))
    def hand_in_whatever(self, replica: int, picks: list[int]) -> None:
        entries: Any = self.stage.run(self.stage.redis.xrange(self.stage.key))
        some = [entries[pick % len(entries)] for pick in picks] if entries else [(b"9-9", {b"x": b"y"})]
        self.stage.readers[replica].hand_in("intake", some)

    @rule()
    def empty_redis(self) -> None:
        self.stage.run(self.stage.redis.flushdb())

    @rule()
    def copy_redis(self) -> None:
        self.copied = self.stage.run(self.stage.redis.dump(self.stage.key))

    @precondition(lambda self: self.copied is not None)
    @rule()
    def put_an_old_copy_of_redis_back(self) -> None:
        self.stage.run(self.stage.redis.restore(self.stage.key, 0, self.copied, replace=True))

    @precondition(lambda self: not self.saved)
    @rule()
    def back_the_log_up(self) -> None:
        self.stage.run(self.stage.back_up())
        self.saved = True

    @precondition(lambda self: self.saved)
    @rule()
    def restore_the_log(self) -> None:
        """Once: what came after the backup is no more, and the operator will have to adopt what is left."""
        self.stage.run(self.stage.restore())
        self.saved, self.restored = False, True

    @rule()
    def adopt_the_log(self) -> None:
        """Also when there was no need."""
        self.stage.run(self.stage.adopt())

    @rule(keep=st.integers(0, 5))
    def trim(self, keep: int) -> None:
        self.stage.run(self.stage.redis.xtrim(self.stage.key, maxlen=keep, approximate=False))

    @rule(number=st.sampled_from([1, 10**15]))
    def add_nonsense(self, number: int) -> None:
        entries: Any = self.stage.run(self.stage.redis.xrevrange(self.stage.key, count=1))
        last = int(entries[0][0].split(b"-")[0]) if entries else 0
        with contextlib.suppress(ResponseError):  # an emptied stream takes no low id
            self.stage.run(self.stage.redis.xadd(self.stage.key, {"id": "x", "e": "{}"}, id=f"{last + number}-1"))
        self.stage.forget_relay(0)

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
        for who in ("relay", "reader"):
            await stage.awake(who)
        stage.forget_relay(0)
        if self.restored:
            await stage.adopt()
        await stage.place()
        for _ in range(3):
            await stage.publish(0, 10**6)
        for turn in range(200):
            moved = [await stage.advance(replica) for replica in range(2)]
            diverged = await stage.casework.rows("SELECT 1 FROM cursor WHERE state <> 'ok'")
            if not any(moved) and not diverged and not await list_parked(stage.casework.db) and turn:
                break
        await self._compare()
        head = await stage.intake.one("SELECT position FROM log_head")
        tail: Any = await stage.redis.xrevrange(stage.key, count=1)
        assert [entry[0] for entry in tail] == ([f"{head}-0".encode()] if head else [])

    async def _compare(self) -> None:
        """Of what the log has, each effect once and in order; of what it has lost, each effect once, and listed."""
        stage = self.stage
        known = {line[1] for line in await stage.intake.log()}
        gone = [effect for effect in await stage.casework.effects() if effect[1] not in known]
        assert len({effect[1] for effect in gone}) == len(gone), "a fact that is lost was applied twice"
        assert {effect[1] for effect in gone} <= await stage.listed(), "a fact is lost and not listed"
        assert self.restored or not gone
        await compare(stage.intake, stage.casework, beside=gone)


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
