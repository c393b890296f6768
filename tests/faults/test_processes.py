"""Processes killed and frozen while events flow."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from shared.settings import Settings
from tests.faults.town import Replica, Town, free_port
from tests.spine.rig import KEYS, Books, Showing, caught_up, compare, until

pytestmark = pytest.mark.faults


async def effects(casework: Books) -> int:
    return int(await casework.one("SELECT count(*) FROM effect"))


async def test_the_reader_is_killed_in_the_middle_of_a_batch(town: Town) -> None:
    intake, casework, load = await town.settle()
    town.start("intake")
    reader = town.start("casework", slow=0.01)
    writing = asyncio.create_task(load.write(300))
    for goal in (10, 80, 160):

        async def some(goal: int = goal) -> bool:
            return await effects(casework) > goal

        await until(some, f"{goal} effects")
        await asyncio.sleep(0.05)
        reader.kill()
        reader = town.start("casework", slow=0.005)
    await writing
    await caught_up(intake, casework)
    await load.kept()
    await compare(intake, casework)


async def test_the_relay_is_killed_between_database_and_redis(town: Town) -> None:
    """Once before Redis has the batch, twice after Redis has it and before the relay knows."""
    intake, casework, load = await town.settle()
    town.start("casework")
    writing = asyncio.create_task(load.flow())
    for point, appends in (("before", 5), ("after", 9), ("after", 1)):
        relay = town.start("intake", die=(point, appends))

        async def died(relay: Replica = relay) -> bool:
            return relay.gone

        await until(died, f"killed {point} append {appends}")
    town.start("intake")
    load.enough.set()
    await writing
    await caught_up(intake, casework)
    await load.kept()
    await compare(intake, casework)


async def test_sigterm_ends_a_long_poll_with_an_empty_batch(town: Town) -> None:
    await town.settle()
    intake = town.start("intake")
    auth = Showing(Settings(municipality=town.municipality, service_key=KEYS["casework"]), "casework")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{town.ports['intake']}", auth=auth) as http:

        async def up() -> bool:
            try:
                return (await http.get("/intake/events")).status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        await until(up, "the feed answers")
        poll = asyncio.create_task(http.get("/intake/events", params={"timeout": 30}, timeout=60))
        await asyncio.sleep(0.5)
        intake.terminate()
        answer = await asyncio.wait_for(poll, 20)
        assert answer.status_code == httpx.codes.OK
        assert answer.json() == []

    async def gone() -> bool:
        return intake.gone

    await until(gone, "the process has ended")


async def test_both_replicas_of_both_are_killed_at_once(town: Town) -> None:
    intake, casework, load = await town.settle()
    town.start("intake")
    town.start("intake", port=free_port())
    town.start("casework", slow=0.002)
    town.start("casework", slow=0.002, port=free_port())
    writing = asyncio.create_task(load.write(300))

    async def some() -> bool:
        return await effects(casework) > 60

    await until(some, "effects")
    for replica in town.replicas:
        replica.kill()
    town.start("intake")
    town.start("casework")
    await writing
    await caught_up(intake, casework)
    await load.kept()
    await compare(intake, casework)


async def test_a_frozen_leader_and_a_frozen_reader_lose_their_places(town: Town) -> None:
    """PostgreSQL ends the idle session of the one and the open transaction of the other after ten seconds."""
    intake, casework, load = await town.settle()
    leader, reader = town.start("intake"), town.start("casework", slow=0.02)
    await load.write(60)

    async def some() -> bool:
        return await effects(casework) > 0

    await until(some, "effects")
    others = town.start("intake", port=free_port()), town.start("casework", port=free_port())
    await load.write(40)  # so that the reader is in the middle of a batch
    for replica in (leader, reader):
        replica.freeze()
    await load.write(20)
    # the feed of the frozen one does not answer: what the others know comes by the stream
    await caught_up(intake, casework)
    for replica in (leader, reader):
        replica.wake()
    await load.write(20)
    await caught_up(intake, casework)
    for replica in others:
        replica.terminate()
    await load.write(20)
    await caught_up(intake, casework)
    await load.kept()
    await compare(intake, casework)
