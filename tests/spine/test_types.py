"""Rolling upgrades: an old replica beside a new one that knows one more type."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.intake import MemberLeft
from shared.spine import Received, Subscriptions, hold, record
from tests.spine.rig import Node, Rig, caught_up, change, note, noting, running, until


def newer() -> Subscriptions:
    subscriptions = noting()

    @subscriptions.on(MemberLeft, projects=True, batch=True)
    async def _(session: AsyncSession, run: Sequence[Received[MemberLeft]]) -> None:
        for heard in run:
            await note(session, heard, heard.event.reason)

    return subscriptions


async def leave(node: Node, household: UUID, reason: str) -> None:
    async with node.db.transaction() as session:
        await hold(session, household)
        await record(session, MemberLeft(household=household, member=uuid4(), reason=reason))


async def types(node: Node) -> set[str]:
    return set(await node.one("SELECT types FROM cursor WHERE source = 'intake'"))


async def words(node: Node) -> list[str]:
    return sorted(row[3] for row in await node.effects())


async def test_a_new_type_is_replayed_from_the_beginning(rig: Rig) -> None:
    intake, old = await rig.node("intake"), await rig.node(noting())
    home = uuid4()
    async with running(intake):
        async with running(old):
            for n in range(3):
                await change(intake.db, home, str(n))
                await leave(intake, home, f"left {n}")
            await caught_up(intake, old)
            assert await words(old) == ["0", "1", "2"]
            new = await rig.node(newer())
            async with running(new):

                async def knows() -> bool:
                    return "intake.member_left" in await types(new)

                await until(knows, "the new type is followed")
                await leave(intake, home, "left 3")
                await change(intake.db, home, "3")
                await caught_up(intake, new)
                assert await words(new) == ["0", "1", "2", "3", "left 0", "left 1", "left 2", "left 3"]

                async def stands_by() -> bool:
                    return (await old.spine.status()).sources[0].state == "standby"

                await until(stands_by, "the old replica stands by")
        async with running(old):
            await change(intake.db, home, "4")
            await until(stands_by, "the old replica still stands by")
            assert "4" not in await words(old)
        async with running(new):
            await caught_up(intake, new)
    assert [row[3] for row in await new.effects()].count("4") == 1


async def test_a_retired_type_keeps_nobody_waiting(rig: Rig) -> None:
    intake, new = await rig.node("intake"), await rig.node(newer())
    home = uuid4()
    async with running(intake):
        async with running(new):
            await leave(intake, home, "left")
            await caught_up(intake, new)
        without = noting()
        without.retire("intake.member_left")
        later = await rig.node(without)
        async with running(later):
            await change(intake.db, home, "a")
            await caught_up(intake, later)
    assert await words(later) == ["a", "left"]


async def test_a_replay_goes_on_where_it_was_interrupted(rig: Rig) -> None:
    intake, old = await rig.node("intake"), await rig.node(noting())
    homes = [uuid4() for _ in range(3)]
    async with running(intake):
        async with running(old):
            for n in range(6):
                await leave(intake, homes[n % 3], f"left {n}")
            await caught_up(intake, old)
        await old.run("INSERT INTO replay (source, types, position) VALUES ('intake', '{intake.member_left}', 4)")
        new = await rig.node(newer())
        async with running(new):

            async def knows() -> bool:
                return "intake.member_left" in await types(new)

            await until(knows, "the new type is followed")
    # a heart-beat may stand anywhere among them
    left = await intake.rows("SELECT position FROM event_log WHERE type = 'intake.member_left' AND position > 4")
    assert left
    assert sorted(row[0] for row in await new.effects()) == sorted(row[0] for row in left)
    assert await new.rows("SELECT * FROM replay") == []
