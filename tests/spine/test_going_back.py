"""A restored backup: found out by everybody, adopted by the operator, and followed again by rule."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.intake import HouseholdChanged
from shared.spine import NotYet, Received, Subscriptions, adopt_log, list_parked, lost_facts
from shared.spine.stream import Stream
from tests.spine.rig import Node, Rig, caught_up, change, note, noting, running, until


@dataclass
class Pair:
    rig: Rig
    intake: Node
    casework: Node

    async def restore(self, position: int) -> None:
        """Make intake's log what it was at ``position``, as a restored backup would."""
        await self.intake.run("DELETE FROM event_log WHERE position IS NULL OR position > :p", p=position)
        await self.intake.run(
            "UPDATE log_head SET position = :p, event_id = (SELECT id FROM event_log WHERE position = :p)", p=position
        )
        self.intake.spine.relay.head = position

    async def again(self) -> None:
        """A new process for intake, on the same database."""
        old = self.intake
        await old.spine.stop()
        self.intake = await self.rig.node("intake")
        await self.intake.spine.start()

    async def state(self) -> str:
        return str(await self.casework.one("SELECT state FROM cursor WHERE source = 'intake'"))

    async def adopt(self) -> list[str]:
        adopted = await adopt_log(self.intake.db, self.intake.spine.redis, self.intake.spine.names, "intake")
        return [fact.envelope["data"]["number"] for fact in adopted.lost if fact.envelope]

    async def words(self) -> list[str]:
        return [row[3] for row in await self.casework.effects()]


@pytest.fixture
async def pair(rig: Rig) -> AsyncIterator[Pair]:
    intake, casework = await rig.node("intake"), await rig.node(noting())
    await intake.run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now() + interval '1 day', now())")
    await intake.run("UPDATE probe SET started_at = now()")
    pair = Pair(rig, intake, casework)
    async with running(intake, casework):
        yield pair


async def say(pair: Pair, words: str) -> list[UUID]:
    return [await change(pair.intake.db, uuid4(), word) for word in words]


async def diverged(pair: Pair) -> bool:
    return await pair.state() == "diverged"


async def test_a_restored_backup_is_found_adopted_and_followed(pair: Pair) -> None:
    await say(pair, "abcdef")
    await caught_up(pair.intake, pair.casework)
    await pair.intake.spine.stop()
    await pair.restore(3)
    await pair.again()

    async def stopped() -> bool:
        return bool(await pair.intake.one("SELECT state FROM log_head") == "diverged")

    await until(stopped, "the relay stops")
    await until(lambda: diverged(pair), "the reader stops")
    assert await pair.adopt() == ["d", "e", "f"]
    await say(pair, "xyz")
    await caught_up(pair.intake, pair.casework)
    assert await pair.words() == [*"abcdef", *"xyz"]
    lost = await lost_facts(pair.casework.db, "intake")
    assert [(fact.position, fact.found_in) for fact in lost] == [(4, "reader"), (5, "reader"), (6, "reader")]
    assert len({epoch for (epoch,) in await pair.intake.rows("SELECT epoch FROM epoch")}) == 2
    status = await pair.casework.spine.status()
    assert status.lost_facts == 3


async def test_without_redis_the_readers_find_it(rig: Rig) -> None:
    intake, casework = await rig.node("intake", redis=False), await rig.node(noting(), redis=False)
    pair = Pair(rig, intake, casework)
    async with running(intake, casework):
        await say(pair, "abcd")
        await caught_up(intake, casework)
        await intake.spine.stop()
        head = await intake.one("SELECT position FROM log_head")
        await pair.restore(head - 2)
        pair.intake = await rig.node("intake", redis=False)
        await pair.intake.spine.start()
        await until(lambda: diverged(pair), "the reader stops")
        await pair.adopt()
        await say(pair, "xyz")
        await caught_up(pair.intake, casework)
        await pair.intake.spine.stop()
    assert (await pair.words())[-3:] == [*"xyz"]
    assert len(await lost_facts(casework.db, "intake")) == 2


async def test_a_second_restore_is_told_from_the_first(pair: Pair) -> None:
    """The epochs of both lost histories are gone from the log; the readers find the last common event all the same."""
    await say(pair, "abcdef")
    await caught_up(pair.intake, pair.casework)
    for base, words in ((4, "gh"), (2, "ijk")):
        await pair.intake.spine.stop()
        await pair.restore(base)
        await pair.intake.run("DELETE FROM epoch WHERE from_position > :p", p=base)
        await pair.again()
        await until(lambda: diverged(pair), "the reader stops")
        await pair.adopt()
        await say(pair, words)
        await caught_up(pair.intake, pair.casework)
    assert await pair.words() == [*"abcdef", *"gh", *"ijk"]
    lost = [fact.position for fact in await lost_facts(pair.casework.db, "intake")]
    assert sorted(lost) == [3, 4, 5, 5, 6, 6]


async def test_an_event_that_only_lost_its_position_is_not_applied_twice(pair: Pair) -> None:
    """The backup was taken between the commit and the placing."""
    _, _, kept = await say(pair, "abc")
    await caught_up(pair.intake, pair.casework)
    await pair.intake.spine.stop()
    await pair.intake.run("UPDATE event_log SET position = NULL, previous = NULL, epoch = NULL WHERE position = 3")
    await pair.intake.run("UPDATE log_head SET position = 2, event_id = (SELECT id FROM event_log WHERE position = 2)")
    await pair.intake.run("UPDATE event_log SET log_id = log_id + 1000 WHERE position IS NULL")
    await say(pair, "x")
    await pair.intake.run("UPDATE event_log SET log_id = log_id + 2000 WHERE id = :id", id=kept)
    await pair.again()
    await until(lambda: diverged(pair), "the reader stops")
    await pair.adopt()
    await caught_up(pair.intake, pair.casework)
    assert [row[1] for row in await pair.intake.log()][-1] == kept
    assert await pair.words() == [*"abc", "x"]
    assert await lost_facts(pair.casework.db, "intake") == []


async def test_an_event_that_waited_while_its_position_was_lost_is_applied_when_it_comes_again(rig: Rig) -> None:
    """It was passed by the cursor, but never applied: what the way back remembers as passed is not all known."""
    reluctant = True
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        if reluctant and heard.event.number == "c":
            raise NotYet
        await note(session, heard)

    intake, casework = await rig.node("intake"), await rig.node(subscriptions)
    await intake.run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())")  # no heart-beat for now
    pair = Pair(rig, intake, casework)
    async with running(intake, casework):
        kept = (await say(pair, "abc"))[2]
        await caught_up(intake, casework)
        assert [str(line.event_id) for line in await list_parked(casework.db)] == [str(kept)]
        await intake.spine.stop()
        await intake.run("UPDATE event_log SET position = NULL, previous = NULL, epoch = NULL WHERE position = 3")
        await intake.run("UPDATE log_head SET position = 2, event_id = (SELECT id FROM event_log WHERE position = 2)")
        await say(pair, "x")
        await intake.run("UPDATE event_log SET log_id = log_id + 2000 WHERE id = :id", id=kept)
        await pair.again()
        await until(lambda: diverged(pair), "the reader stops")
        await pair.adopt()
        reluctant = False
        await caught_up(pair.intake, casework)

        async def nothing_waits() -> bool:
            return not await list_parked(casework.db)

        await until(nothing_waits, "nothing waits")
        await pair.intake.spine.stop()
    assert await pair.words() == [*"ab", "x", "c"]
    assert await lost_facts(casework.db, "intake") == []


async def test_parking_goes_on_where_a_lost_history_had_parked(rig: Rig) -> None:
    """Redis was lost with the database, so new facts take the old positions, in the old epoch, before anybody looks."""
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        if heard.event.number == "bad":
            raise ValueError(heard.event.number)
        await note(session, heard)

    intake, casework = await rig.node("intake", redis=False), await rig.node(subscriptions, redis=False)
    await intake.run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())")  # no heart-beat for now
    pair = Pair(rig, intake, casework)
    async with running(intake, casework):
        await change(intake.db, uuid4(), "a")
        await change(intake.db, uuid4(), "bad")
        await caught_up(intake, casework)
        await intake.spine.stop()
        await pair.restore(1)
        pair.intake = await rig.node("intake", redis=False)
        lately = await change(pair.intake.db, uuid4(), "bad")
        await pair.intake.spine.start()
        await until(lambda: diverged(pair), "the reader stops")
        await pair.adopt()
        await change(pair.intake.db, uuid4(), "z")
        await caught_up(pair.intake, casework)
        await pair.intake.spine.stop()
    assert await pair.words() == [*"az"]
    lines = await list_parked(casework.db)
    assert [(str(line.event_id), line.state, line.position) for line in lines] == [(str(lately), "parked", 2)]


async def test_the_right_backup_after_the_wrong_one_heals(pair: Pair) -> None:
    await say(pair, "abc")
    await caught_up(pair.intake, pair.casework)
    await pair.casework.run("UPDATE cursor SET state = 'diverged', reason = 'the wrong backup was up for a while'")

    async def fine() -> bool:
        return await pair.state() == "ok"

    await until(fine, "the reader goes on")
    await say(pair, "d")
    await caught_up(pair.intake, pair.casework)
    assert await pair.words() == [*"abcd"]
    assert await list_parked(pair.casework.db) == []


async def test_an_adoption_is_not_undone_by_a_relay_that_looked_before_it(rig: Rig) -> None:
    """The relay has seen the old stream and is about to say so while the operator adopts the log."""
    intake = await rig.node("intake")
    await intake.run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())")  # no heart-beat for now
    for word in "abc":
        await change(intake.db, uuid4(), word)
    async with running(intake):
        await until(lambda: published(intake, 3), "all is in the stream")
    pair = Pair(rig, intake, intake)
    await pair.restore(1)
    relay, stream = intake.spine.relay, Stream(intake.spine.redis, intake.db, intake.spine.names, "intake")  # type: ignore[arg-type] # there is a Redis
    async with intake.db.transaction() as session:
        await session.execute(text("SELECT 1 FROM log_head FOR UPDATE"))
        adopting = asyncio.create_task(pair.adopt())
        await until(lambda: waiting(intake, 1), "the operator waits")
        looking = asyncio.create_task(relay._look(stream))
        await until(lambda: waiting(intake, 2), "the relay waits behind")
    assert await adopting == ["b", "c"]
    await looking
    assert await intake.one("SELECT state FROM log_head") == "ok"


async def published(node: Node, position: int) -> bool:
    return node.spine.relay.published == position


async def waiting(node: Node, count: int) -> bool:
    """Whether so many sessions of the node's database wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await node.one(query) == count)
