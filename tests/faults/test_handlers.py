"""Handlers that fail: just before a quiet hour, for ever, and for a version or type they do not know."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.intake import HouseholdChanged, MemberLeft
from shared.spine import Received, Subscriptions, hold, list_parked, record, retry_parked
from tests.faults.town import Load
from tests.spine.rig import Node, Rig, caught_up, change, compare, households, note, noting, running, until

pytestmark = pytest.mark.faults


async def quiet(rig: Rig) -> Node:
    intake = await rig.node("intake")
    await intake.run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())")  # no heart-beat for now
    return intake


@pytest.mark.parametrize("sqlstate", ["40001", "53100", None])
async def test_a_handler_fails_just_before_a_quiet_hour(rig: Rig, sqlstate: str | None) -> None:
    """Nothing comes after the event whose handler failed, so nothing but the reader itself can try again."""
    failures = 3
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        nonlocal failures
        await note(session, heard)
        if heard.event.number == "last" and failures:
            failures -= 1
            if sqlstate is None:
                raise ConnectionResetError
            await session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$"))

    intake, casework = await quiet(rig), await rig.node(subscriptions)
    home = uuid4()
    async with running(intake, casework):
        for word in ("a", "b", "last"):
            await change(intake.db, home, word)
        await caught_up(intake, casework)
    assert failures == 0
    assert await list_parked(casework.db) == []
    await compare(intake, casework)


async def test_poison_among_households_under_load(rig: Rig) -> None:
    poisoned = {"7", "20", "33"}
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        await note(session, heard)
        if heard.event.number in poisoned:
            raise ValueError(heard.event.number)

    intake, casework = await quiet(rig), await rig.node(subscriptions)
    load = Load(intake, households(6), pause=0.0)
    async with running(intake, casework):
        await load.write(60)
        await caught_up(intake, casework)
        ill = {str(load.homes[int(word) % 6]) for word in poisoned}
        done: dict[str, list[str]] = {}
        for row in await casework.effects():
            done.setdefault(row[2], []).append(row[3])
        for home, words in load.promised.items():
            stop = next((n for n, word in enumerate(words) if word in poisoned), len(words))
            assert done.get(home, []) == words[:stop], "a household does not stand where its poison is"
        heads = [line for line in await list_parked(casework.db) if line.state == "parked"]
        assert {line.subjects[0] for line in heads} == ill
        poisoned.clear()
        for head in heads:
            await retry_parked(casework.db, head.id, by="operator")

        async def done_all() -> bool:
            return not await list_parked(casework.db)

        await until(done_all, "nothing parked")
        await load.write(12)
        await caught_up(intake, casework)
    await load.kept()
    await compare(intake, casework)


async def test_an_old_replica_beside_a_new_one_under_load(rig: Rig) -> None:
    newer = noting()

    @newer.on(MemberLeft, projects=True)
    async def _(session: AsyncSession, heard: Received[MemberLeft]) -> None:
        await note(session, heard, heard.event.reason)

    intake, old, new = await quiet(rig), await rig.node(noting()), await rig.node(newer, door="another")
    load = Load(intake, households(4), pause=0.002)

    async def leave() -> None:
        for n in range(30):
            home = load.homes[n % 4]
            async with intake.db.transaction() as session:
                await hold(session, home)
                await record(session, MemberLeft(household=home, member=uuid4(), reason=f"left {n}"))
            await asyncio.sleep(0.02)

    async with running(intake, old):
        writing = asyncio.create_task(load.flow())
        leaving = asyncio.create_task(leave())
        await asyncio.sleep(0.3)
        async with running(new):
            await leaving
            load.enough.set()
            await writing

            async def all_followed() -> bool:
                types = await new.one("SELECT types FROM cursor WHERE source = 'intake'")
                return "intake.member_left" in types

            await until(all_followed, "the new type is followed")
            await caught_up(intake, new)
    await load.kept()
    promised = await intake.rows(
        "SELECT id, subject, coalesce(data->>'number', data->>'reason') FROM event_log ORDER BY position"
    )
    effects = [(row[1], row[2], row[3]) for row in await new.effects()]
    assert sorted(effects) == sorted(tuple(row) for row in promised), "lost or doubled"
    for kind in (True, False):  # each type keeps its order for each household; a replayed type comes later as a whole
        for home in load.homes:
            mine = [row for row in effects if row[1] == str(home) and row[2].startswith("left") == kind]
            assert mine == [tuple(row) for row in promised if row[1] == str(home) and row[2].startswith("left") == kind]
