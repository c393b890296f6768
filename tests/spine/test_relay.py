from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.engine import make_url

from shared import clock
from shared.events import BLANK
from shared.events.intake import HouseholdChanged, HouseholdErased
from shared.spine import NotHeldError, ensure_partitions, erase, hold, record, wire
from shared.spine.positions import PLACE
from shared.spine.stream import DivergedError, Stream
from shared.spine.wire import Names
from tests.spine.rig import Node, Rig, change, households, running, until


@pytest.fixture
async def intake(rig: Rig) -> Node:
    node = await rig.node("intake")
    await node.run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())")  # no heart-beat for now
    return node


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    async with Redis.from_url(redis_url) as client:
        yield client


def key(intake: Node) -> str:
    return intake.spine.names.stream("intake")


async def placer(intake: Node) -> asyncpg.Connection[asyncpg.Record]:
    url = make_url(intake.db.url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(url, server_settings={"default_transaction_isolation": "repeatable read"})


async def place_all(intake: Node) -> None:
    connection = await placer(intake)
    while (await connection.fetchrow(PLACE))["n"]:
        pass
    await connection.close()


async def stream_is_the_log(intake: Node, redis: Any) -> None:
    """Every entry is its position's event, and none is missing between the first and the head."""

    async def published() -> bool:
        if await redis.type(key(intake)) != b"stream":
            return False
        entries = await redis.xrevrange(key(intake), count=1)
        head = await intake.one("SELECT count(*) FROM event_log")
        return bool(entries) and entries[0][0] == f"{head}-0".encode()

    await until(published, "the log in the stream")
    lines = {row[0]: str(row[1]) for row in await intake.log()}
    head = max(lines)
    entries = await redis.xrange(key(intake))
    ids = [wire.position_of(entry[0]) for entry in entries]
    assert ids == list(range(ids[0] or 0, head + 1))
    for raw_id, fields in entries:
        position = wire.position_of(raw_id)
        assert position is not None
        assert fields[b"id"].decode() == lines[position]
        assert wire.decode(raw_id, fields, intake.spine.names.source("intake")) is not None


async def test_positions_have_no_gap_and_name_the_one_before(intake: Node) -> None:
    for n in range(7):
        await change(intake.db, uuid4(), str(n))
    await place_all(intake)
    rows = await intake.rows("SELECT position, id, previous, epoch FROM event_log ORDER BY position")
    assert [row[0] for row in rows] == list(range(1, 8))
    assert [row[2] for row in rows] == [None, *(row[1] for row in rows[:-1])]
    assert {row[3] for row in rows} == {await intake.one("SELECT epoch FROM log_head")}
    assert await intake.one("SELECT event_id FROM log_head") == rows[-1][1]


async def test_two_leaders_at_once_leave_no_gap(intake: Node) -> None:
    """A leader that does not know yet that it lost its lock fails, or does the same thing."""

    async def place() -> None:
        connection = await placer(intake)
        for _ in range(40):
            try:
                await connection.fetchrow(PLACE)
            except asyncpg.SerializationError:
                continue
        await connection.close()

    async def state() -> None:
        for n in range(60):
            await change(intake.db, uuid4(), str(n))

    await asyncio.gather(place(), place(), place(), state())
    await place_all(intake)
    rows = await intake.rows("SELECT position, id, previous FROM event_log ORDER BY position")
    assert [row[0] for row in rows] == list(range(1, 61))
    assert [row[2] for row in rows[1:]] == [row[1] for row in rows[:-1]]


async def test_a_commit_that_comes_late_is_placed_late(intake: Node) -> None:
    """A transaction took its log id first and commits last: its event is after, and nothing is skipped."""
    slow, quick = households(2)
    wait, go = asyncio.Event(), asyncio.Event()

    async def late() -> None:
        async with intake.db.transaction() as session:
            await hold(session, slow)
            await record(session, HouseholdChanged(household=slow, number="late"))
            wait.set()
            await go.wait()

    task = asyncio.create_task(late())
    await wait.wait()
    await change(intake.db, quick, "early")
    await place_all(intake)
    assert [row[3] for row in await intake.log() if row[0]] == ["early"]
    go.set()
    await task
    await place_all(intake)
    assert [row[3] for row in await intake.log()] == ["early", "late"]


async def test_flushall_is_filled_again(intake: Node, redis: Any) -> None:
    async with running(intake):
        for n in range(5):
            await change(intake.db, uuid4(), str(n))
        await stream_is_the_log(intake, redis)
        await redis.flushdb()
        await stream_is_the_log(intake, redis)
        await change(intake.db, uuid4(), "after")
        await stream_is_the_log(intake, redis)


async def test_what_was_erased_is_a_blank_everywhere(intake: Node, redis: Any) -> None:
    gone, stays = households(2)
    async with running(intake):
        for n in range(3):
            await change(intake.db, gone, f"gone {n}")
            await change(intake.db, stays, f"stays {n}")
        await stream_is_the_log(intake, redis)
        with pytest.raises(NotHeldError):
            async with intake.db.transaction() as session:
                await erase(session, gone)
        async with intake.db.transaction() as session:
            await hold(session, gone)
            assert await erase(session, gone) == 3
            await record(session, HouseholdErased(household=gone))

        async def forgotten() -> bool:
            return str(gone).encode() not in b"".join(
                fields[b"e"] for raw_id, fields in await redis.xrange(key(intake)) if raw_id < b"7"
            )

        await until(forgotten, "the stream has forgotten")
        await stream_is_the_log(intake, redis)
    rows = await intake.rows("SELECT position, type, data FROM event_log ORDER BY position")
    assert [row[1] for row in rows][:2] == [BLANK, "intake.household_changed"]
    assert [row[0] for row in rows if row[2] == {}] == [1, 3, 5]
    assert rows[-1][1] == "intake.household_erased"


async def test_a_stale_copy_is_caught_up(intake: Node, redis: Any) -> None:
    async with running(intake):
        for n in range(5):
            await change(intake.db, uuid4(), str(n))
        await stream_is_the_log(intake, redis)
        await redis.xtrim(key(intake), minid="4-0", approximate=False)
        await redis.copy(key(intake), "copy")
        for n in range(5):
            await change(intake.db, uuid4(), str(n))
        await stream_is_the_log(intake, redis)
        await redis.rename("copy", key(intake))
        await change(intake.db, uuid4(), "after")
        await stream_is_the_log(intake, redis)


@pytest.mark.parametrize(
    "foreign",
    [
        ("99999999999999-0", {"hello": "world"}),
        ("7-7", {"id": "x"}),
        ("7-0", {"id": "x", "e": "{"}),
        ("1800000000000-5", {"__data__": b"\x89BIN\xff\x00"}),
    ],
)
async def test_a_foreign_tail_is_set_aside(
    intake: Node, redis: Any, foreign: tuple[str, dict[str, str | bytes]]
) -> None:
    async with running(intake):
        await change(intake.db, uuid4(), "1")
        await stream_is_the_log(intake, redis)
        await redis.xadd(key(intake), foreign[1], id=foreign[0])
        await change(intake.db, uuid4(), "2")
        await stream_is_the_log(intake, redis)
        assert await intake.one("SELECT count(*) FROM incident") == 1
        assert len(await redis.keys(key(intake).replace("{", "?").replace("}", "?") + ":aside-*")) == 1
        assert await intake.one("SELECT state FROM log_head") == "ok"


async def test_a_key_of_another_kind_is_set_aside(intake: Node, redis: Any) -> None:
    await redis.set(key(intake), "something else")
    async with running(intake):
        await change(intake.db, uuid4(), "1")
        await stream_is_the_log(intake, redis)
    assert await intake.one("SELECT count(*) FROM incident") == 1


async def test_an_emptied_stream_is_set_aside(intake: Node, redis: Any) -> None:
    """It remembers its last id and would take none of ours below it."""
    async with running(intake):
        await change(intake.db, uuid4(), "1")
        await stream_is_the_log(intake, redis)
        await redis.xtrim(key(intake), maxlen=0, approximate=False)
        await change(intake.db, uuid4(), "2")
        await stream_is_the_log(intake, redis)


async def test_a_stream_ahead_of_the_log_stops_everything(intake: Node, redis: Any) -> None:
    for n in range(3):
        await change(intake.db, uuid4(), str(n))
    async with running(intake):
        await stream_is_the_log(intake, redis)
    await intake.run("DELETE FROM event_log WHERE position > 1")  # as if yesterday's backup had been restored
    await intake.run("UPDATE log_head SET position = 1, event_id = (SELECT id FROM event_log WHERE position = 1)")
    await change(intake.db, uuid4(), "new")
    intake.spine.relay._stream.tail = None  # type: ignore[union-attr] # a new process knows nothing
    await intake.spine.start()

    async def diverged() -> bool:
        return bool(await intake.one("SELECT state FROM log_head") == "diverged")

    await until(diverged, "diverged")
    assert await intake.one("SELECT count(*) FROM event_log WHERE position IS NULL") >= 1
    assert (await redis.xrevrange(key(intake), count=1))[0][0].split(b"-")[1] == b"0"
    assert "stream is at" in (await intake.spine.status()).log_reason  # type: ignore[operator] # not None


async def test_other_events_at_the_same_positions_stop_everything(intake: Node, redis: Any) -> None:
    for n in range(3):
        await change(intake.db, uuid4(), str(n))
    await place_all(intake)
    stream = Stream(redis, intake.db, Names(intake.spine.settings.municipality), "intake")
    assert await stream.publish(3) == 3
    await intake.run("UPDATE event_log SET id = gen_random_uuid() WHERE position = 3")
    stream.tail = None
    with pytest.raises(DivergedError, match="other events"):
        await stream.inspect()


async def test_appending_compares(intake: Node, redis: Any) -> None:
    """Two relays that both think they lead append each event once."""
    for n in range(30):
        await change(intake.db, uuid4(), str(n))
    await place_all(intake)
    streams = [Stream(redis, intake.db, Names(intake.spine.settings.municipality), "intake") for _ in range(3)]
    for step in range(10, 31, 10):
        await asyncio.gather(*(stream.publish(step) for stream in streams))
        await asyncio.gather(*(stream.publish(step) for stream in streams))
    entries = await redis.xrange(key(intake))
    assert [wire.position_of(entry[0]) for entry in entries] == list(range(1, 31))


async def test_a_month_without_partition_still_takes_events(intake: Node) -> None:
    await intake.run("DROP TABLE " + (await intake.one("SELECT 'event_log_' || to_char(now(), 'YYYY_MM')")))
    await change(intake.db, uuid4(), "1")
    assert await intake.one("SELECT tableoid::regclass::text FROM event_log") == "event_log_rest"
    async with intake.db.engine.begin() as connection:
        assert await ensure_partitions(connection, clock.today()) == []
        query = text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'event_log'::regclass")
        count = await connection.scalar(query)
    assert count == 4
