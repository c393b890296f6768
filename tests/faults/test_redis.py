"""Redis emptied, away, full, and full of nonsense while events flow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from shared.embedded import EmbeddedRedis
from shared.events.intake import HouseholdChanged
from shared.spine import Fact, hold, record_many, wire
from shared.testing import FreshDatabase
from tests.faults.town import Load
from tests.spine.rig import Node, Rig, caught_up, compare, households, noting, running, until

pytestmark = pytest.mark.faults


async def quiet(rig: Rig) -> Node:
    intake = await rig.node("intake")
    await intake.run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())")  # no heart-beat for now
    return intake


@pytest.fixture
async def own(fresh_database: FreshDatabase, own_redis: EmbeddedRedis) -> AsyncIterator[Rig]:
    """A rig whose Redis may be killed."""
    made = Rig(fresh_database, own_redis.url)
    yield made
    await made.close()


async def test_flushall_while_events_flow(own: Rig) -> None:
    intake, casework = await quiet(own), await own.node(noting())
    load = Load(intake, households(5))
    async with running(intake, casework), Redis.from_url(own.redis_url or "") as redis:
        writing = asyncio.create_task(load.flow())
        for _ in range(6):
            await asyncio.sleep(0.4)
            await redis.flushall()
        load.enough.set()
        await writing
        await caught_up(intake, casework)
        await load.kept()
        await compare(intake, casework)

        async def refilled() -> bool:
            return bool(await redis.xlen(intake.spine.names.stream("intake")) == load.number)

        await until(refilled, "the stream is the log again")


async def test_redis_is_away_at_the_start_and_comes_later(own: Rig, own_redis: EmbeddedRedis) -> None:
    own_redis.stop()
    intake, casework = await quiet(own), await own.node(noting())
    load = Load(intake, households(5))
    began = time.monotonic()
    async with running(intake, casework):
        assert time.monotonic() - began < 1.5
        await load.write(40)
        await caught_up(intake, casework)
        await compare(intake, casework)
        assert (await intake.spine.status()).stream_length is None
        assert (await casework.spine.health())["ok"]
        own_redis.start()
        await load.write(20)
        await caught_up(intake, casework)

        async def filled() -> bool:
            return (await intake.spine.status()).stream_length == load.number

        await until(filled, "the stream is the log")
    await load.kept()
    await compare(intake, casework)


async def test_redis_is_killed_and_restarted_while_events_flow(own: Rig, own_redis: EmbeddedRedis) -> None:
    intake, casework = await quiet(own), await own.node(noting())
    load = Load(intake, households(5))
    async with running(intake, casework):
        writing = asyncio.create_task(load.flow())
        for _ in range(2):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(own_redis.kill)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(own_redis.start)
        load.enough.set()
        await writing
        await caught_up(intake, casework)
    await load.kept()
    await compare(intake, casework)


async def test_memory_is_refused_in_the_middle_of_a_batch(own: Rig) -> None:
    """What a full Redis took is the beginning of the batch; the readers go on by the feed; room brings the rest."""
    intake, casework = await quiet(own), await own.node(noting())
    homes = households(5)
    async with running(intake, casework), Redis.from_url(own.redis_url or "") as redis:
        used = (await redis.info("memory"))["used_memory"]
        await redis.config_set("maxmemory", used + 400_000)
        total = 3000
        for first in range(0, total, 500):
            async with intake.db.transaction() as session:
                await hold(session, *homes)
                events = [HouseholdChanged(household=homes[n % 5], number=str(first + n)) for n in range(500)]
                await record_many(session, [Fact(event) for event in events])

        async def refused() -> bool:
            return int((await redis.info("errorstats")).get("errorstat_OOM", {}).get("count", 0)) > 0

        await until(refused, "Redis refuses")
        await caught_up(intake, casework)
        await compare(intake, casework)
        key = intake.spine.names.stream("intake")
        entries: Any = await redis.xrange(key)
        ids = [wire.position_of(entry[0]) for entry in entries]
        assert len(ids) < total
        assert ids == list(range(1, len(ids) + 1)), "a hole"
        await redis.config_set("maxmemory", 0)

        async def filled() -> bool:
            # the log's own length: where this took longer than a minute, a heart-beat came after the 3,000
            return bool(await redis.xlen(key) == await intake.one("SELECT position FROM log_head"))

        await until(filled, "the rest is appended")


async def test_one_unreadable_entry_among_good_ones(rig: Rig) -> None:
    intake, casework = await quiet(rig), await rig.node(noting())
    load = Load(intake, households(3))
    redis: Any = intake.spine.redis
    key = intake.spine.names.stream("intake")
    async with running(intake):
        await load.write(30)

        async def published() -> bool:
            return bool(await redis.xlen(key) == 30)

        await until(published, "all in the stream")
        entries = await redis.xrange(key)
        async with redis.pipeline() as pipe:
            pipe.delete(key)
            for raw_id, fields in entries:
                spoilt = {
                    b"7-0": {b"id": fields[b"id"], b"e": b'{"specversion": '},
                    b"12-0": {b"nonsense": b"\xff\xfe"},
                    b"20-0": {b"id": str(uuid4()).encode(), b"e": fields[b"e"]},
                }
                pipe.xadd(key, spoilt.get(raw_id, fields), id=raw_id)
            await pipe.execute()
        async with running(casework):
            await caught_up(intake, casework)
            await load.write(10)
            await caught_up(intake, casework)
    await load.kept()
    await compare(intake, casework)


async def test_entries_doubled_reordered_and_unknown_handed_to_the_reader(rig: Rig) -> None:
    """Whatever a transport hands in, the reader takes the unbroken run and nothing else."""
    intake, casework = await quiet(rig), await rig.node(noting())
    load = Load(intake, households(3))
    redis: Any = intake.spine.redis
    key = intake.spine.names.stream("intake")
    async with running(intake):
        await load.write(30)

        async def published() -> bool:
            return bool(await redis.xlen(key) == 30)

        await until(published, "all in the stream")
        entries = await redis.xrange(key)
        reader = casework.spine.reader
        reader.hand_in("intake", [*reversed(entries[:20]), *entries[5:9], (b"99999-0", {b"e": b"?"}), *entries[25:]])
        while await reader.advance("intake"):
            reader.hand_in("intake", entries[:3])
        async with running(casework):
            await caught_up(intake, casework)
    await compare(intake, casework)
