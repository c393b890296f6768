"""What who commits has placed is handed to the relay and appended without being read again; or is read after all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.events import BLANK, Envelope
from shared.events.intake import HouseholdChanged
from shared.spine import erase, hold, record, wire
from shared.spine.positions import PLACE, Line, leading_here, read_log
from shared.spine.stream import Stream
from tests.spine.rig import Node, Rig, change, households
from tests.spine.test_relay import placer


class Hands:
    """A leader that hands on what it hears, or drops it."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.deaf = stream, False

    def take(self, stated: Sequence[Line]) -> None:
        if not self.deaf:
            self.stream.take(stated)


@pytest.fixture
async def intake(rig: Rig) -> Node:
    return await rig.node("intake")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def hands(intake: Node, redis: Any) -> AsyncIterator[Hands]:
    url = str(intake.db.engine.url)
    hands = Hands(Stream(redis, intake.db, intake.spine.names, "intake"))
    leading_here[url] = hands
    yield hands
    leading_here.pop(url, None)


async def publish(intake: Node, stream: Stream) -> None:
    head = int(await intake.one("SELECT position FROM log_head"))
    while await stream.publish(head):
        pass


async def published(intake: Node, redis: Any) -> list[Envelope]:
    names = intake.spine.names
    entries = await redis.xrange(names.stream("intake"))
    found = [wire.decode(raw, fields, names.source("intake")) for raw, fields in entries]
    return [envelope for envelope in found if envelope is not None]


async def logged(intake: Node) -> list[Envelope]:
    async with intake.db.read() as session:
        return await read_log(session, intake.spine.names.source("intake"), 0, 100)


async def test_what_was_placed_is_appended_as_it_was_handed_in(intake: Node, redis: Any, hands: Hands) -> None:
    (home,) = households(1)
    await change(intake.db, home, "zero")
    await publish(intake, hands.stream)  # the first batch finds out where the stream stands, and reads the log
    for word in ("one", "two"):
        await change(intake.db, home, word)
    true = await logged(intake)
    await intake.run("UPDATE event_log SET data = '{}'")  # who reads the log now finds nothing
    await publish(intake, hands.stream)
    assert await published(intake, redis) == true
    assert [envelope.data["number"] for envelope in true] == ["zero", "one", "two"]


async def test_what_was_not_handed_in_is_read(intake: Node, redis: Any, hands: Hands) -> None:
    (home,) = households(1)
    await change(intake.db, home, "zero")
    await publish(intake, hands.stream)
    for word in ("one", "two", "three", "four"):
        hands.deaf = word in {"one", "three"}
        await change(intake.db, home, word)
    await publish(intake, hands.stream)
    assert await published(intake, redis) == await logged(intake)


async def test_what_the_relay_placed_stands_between(intake: Node, redis: Any, hands: Hands) -> None:
    (home,) = households(1)
    await change(intake.db, home, "zero")
    await publish(intake, hands.stream)
    await change(intake.db, home, "one")
    leading_here.pop(str(intake.db.engine.url))
    await change(intake.db, home, "two")
    connection = await placer(intake)
    await connection.fetchrow(PLACE)
    await connection.close()
    leading_here[str(intake.db.engine.url)] = hands
    await change(intake.db, home, "three")
    await publish(intake, hands.stream)
    assert await published(intake, redis) == await logged(intake)
    assert len(await published(intake, redis)) == 4


async def place(intake: Node, stream: Stream) -> None:
    """As the relay does."""
    connection = await placer(intake)
    row = await connection.fetchrow(PLACE)
    stream.place(row["ids"], row["position"], row["previous"], row["epoch"])
    await connection.close()


async def test_what_another_had_to_place_is_not_read_again_either(intake: Node, redis: Any, hands: Hands) -> None:
    (home,) = households(1)
    await change(intake.db, home, "zero")
    await publish(intake, hands.stream)
    async with intake.db.transaction() as busy:
        await busy.execute(text("SELECT 1 FROM log_head FOR UPDATE"))  # somebody else is placing just now
        await change(intake.db, home, "one")
    await change(intake.db, home, "two")  # behind one that waits
    assert await intake.one("SELECT count(*) FROM event_log WHERE position IS NULL") == 2
    await place(intake, hands.stream)
    true = await logged(intake)
    await intake.run("UPDATE event_log SET data = '{}'")  # who reads the log now finds nothing
    await publish(intake, hands.stream)
    assert await published(intake, redis) == true
    assert [envelope.data["number"] for envelope in true] == ["zero", "one", "two"]


async def test_what_was_stated_elsewhere_is_read_with_what_follows_it(intake: Node, redis: Any, hands: Hands) -> None:
    (home,) = households(1)
    await change(intake.db, home, "zero")
    await publish(intake, hands.stream)
    async with intake.db.transaction() as busy:
        await busy.execute(text("SELECT 1 FROM log_head FOR UPDATE"))
        for word in ("one", "two", "three"):
            hands.deaf = word == "two"  # another replica's
            await change(intake.db, home, word)
    await place(intake, hands.stream)
    await publish(intake, hands.stream)
    assert await published(intake, redis) == await logged(intake)
    assert len(await published(intake, redis)) == 4


async def test_after_a_failure_all_is_read_again(intake: Node, redis: Any, hands: Hands) -> None:
    """What was handed in while Redis was away may have been erased since."""
    (home,) = households(1)
    await change(intake.db, home, "zero")
    await publish(intake, hands.stream)
    await change(intake.db, home, "one")
    async with intake.db.transaction() as session:
        await hold(session, home)
        await erase(session, home)
    hands.stream.tail = None  # as after any error of Redis
    await publish(intake, hands.stream)
    assert [envelope.type for envelope in await published(intake, redis)][-1] == BLANK


async def test_a_commit_that_fails_hands_nothing_in(intake: Node, redis: Any, hands: Hands) -> None:
    """The facts had their positions, and went with the transaction."""
    (home,) = households(1)
    await intake.run("CREATE TABLE parent (id int PRIMARY KEY)")
    await intake.run("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    await change(intake.db, home, "zero")
    await publish(intake, hands.stream)
    with pytest.raises(IntegrityError):
        await _orphan(intake, home)
    await change(intake.db, home, "one")
    await publish(intake, hands.stream)
    assert [envelope.data["number"] for envelope in await published(intake, redis)] == ["zero", "one"]
    assert await published(intake, redis) == await logged(intake)


async def _orphan(intake: Node, home: UUID) -> None:
    async with intake.db.transaction() as session:
        await hold(session, home)
        await session.execute(text("INSERT INTO child VALUES (1)"))
        await record(session, HouseholdChanged(household=home, number="never"))
