from __future__ import annotations

import asyncio

from tests.spine.rig import Rig, caught_up, change, compare, households, noting, running, until


async def test_facts_travel_by_the_stream(rig: Rig) -> None:
    intake, casework = await rig.node("intake"), await rig.node(noting())
    homes = households(5)
    async with running(intake, casework):
        await asyncio.gather(*(change(intake.db, homes[n % 5], str(n)) for n in range(60)))
        await caught_up(intake, casework)
        await compare(intake, casework)
        assert intake.spine.relay.leading
        status = await casework.spine.status()
        assert status.sources[0].position == 61  # with one heart-beat


async def test_facts_travel_without_redis(rig: Rig) -> None:
    intake, casework = await rig.node("intake", redis=False), await rig.node(noting(), redis=False)
    homes = households(3)
    async with running(intake, casework):
        for n in range(20):
            await change(intake.db, homes[n % 3], str(n))
        await caught_up(intake, casework)
    await compare(intake, casework)


async def test_a_late_reader_begins_at_the_beginning(rig: Rig) -> None:
    intake, casework = await rig.node("intake"), await rig.node(noting())
    async with running(intake):
        for n in range(20):
            await change(intake.db, households(1)[0], str(n))

        async def published() -> bool:
            return (await intake.spine.status()).stream_tail == "21-0"

        await until(published, "all in the stream")
        assert intake.spine.redis is not None
        await intake.spine.redis.xtrim(intake.spine.names.stream("intake"), maxlen=3, approximate=False)
        async with running(casework):
            await caught_up(intake, casework)
    await compare(intake, casework)
