from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.events.intake import HouseholdChanged, HouseholdsLinked
from shared.spine import Fact, NotHeldError, erase, hold, positions_of, record, record_many, recorded_in
from shared.spine.log import MOST_HELD
from tests.spine.rig import Node, Rig, change, households, until


@pytest.fixture
async def intake(rig: Rig) -> Node:
    return await rig.node("intake")


async def test_a_fact_needs_its_subject_held(intake: Node) -> None:
    event = HouseholdChanged(household=uuid4(), number="1")
    with pytest.raises(NotHeldError, match="without hold"):
        async with intake.db.transaction() as session:
            await record(session, event)
    assert await intake.log() == []


async def test_a_fact_about_two_households_needs_both(intake: Node) -> None:
    one, other = households(2)
    event = HouseholdsLinked(household=one, other=other)
    with pytest.raises(NotHeldError):  # noqa: PT012
        async with intake.db.transaction() as session:
            await hold(session, one)
            await record(session, event)
    async with intake.db.transaction() as session:
        await hold(session, one, other)
        await record(session, event)
    assert await intake.one("SELECT subjects FROM event_log") == [str(one), str(other)]


async def test_a_lock_taken_in_a_savepoint_goes_with_it(intake: Node) -> None:
    home = uuid4()
    async with intake.db.transaction() as session:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the whole savepoint is what is tried
            async with session.begin_nested():
                await hold(session, home)
                await record(session, HouseholdChanged(household=home, number="1"))
                raise ZeroDivisionError
        assert recorded_in(session) == []
        with pytest.raises(NotHeldError):
            await record(session, HouseholdChanged(household=home, number="2"))
        async with session.begin_nested():
            await hold(session, home)
        await record(session, HouseholdChanged(household=home, number="3"))
    assert [line.type for line in recorded_in(session)] == ["intake.household_changed"]
    assert [row[3] for row in await intake.log()] == ["3"]


async def test_nothing_is_held_after_the_transaction(intake: Node) -> None:
    home = uuid4()
    async with intake.db._sessions() as session:  # one session, two transactions
        async with session.begin():
            await hold(session, home)
        with pytest.raises(NotHeldError):
            async with session.begin():
                await record(session, HouseholdChanged(household=home, number="1"))


async def test_a_rolled_back_fact_was_never_stated(intake: Node) -> None:
    home = uuid4()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the whole transaction is what is tried
        async with intake.db.transaction() as session:
            await hold(session, home)
            await record(session, HouseholdChanged(household=home, number="1"))
            raise ZeroDivisionError
    assert recorded_in(session) == []
    assert await intake.log() == []


async def test_order_of_a_household_is_the_order_of_its_commits(intake: Node) -> None:
    """Many writers of few households, each slow at the end: the log tells the order in which they had the lock."""
    await intake.run("CREATE TABLE counter (household uuid PRIMARY KEY, n int)")
    homes = households(3)
    for home in homes:
        await intake.run("INSERT INTO counter VALUES (:h, 0)", h=home)

    async def write(number: int) -> None:
        home = homes[number % 3]
        async with intake.db.transaction() as session:
            await hold(session, home)
            values = {"h": home}
            n = await session.scalar(text("UPDATE counter SET n = n + 1 WHERE household = :h RETURNING n"), values)
            await record(session, HouseholdChanged(household=home, number=str(n)))
            await session.execute(text("SELECT pg_sleep(random() / 100)"))

    await asyncio.gather(*(write(number) for number in range(60)))
    rows = await intake.rows("SELECT subject, data->>'number' FROM event_log ORDER BY log_id")
    for home in homes:
        assert [int(word) for subject, word in rows if subject == str(home)] == list(range(1, 21))


async def test_who_gave_up_waiting_for_a_household_leaves_nothing_behind(intake: Node) -> None:
    home, begun = uuid4(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        await change(intake.db, home, "never")

    async with intake.db.transaction() as session:
        await hold(session, home)
        await session.execute(text("SELECT"))  # the lock goes along with the first statement
        await record(session, HouseholdChanged(household=home, number="1"))
        waiting = asyncio.create_task(wait())
        await begun.wait()
        await asyncio.sleep(0.2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    for number in range(2, 12):
        await change(intake.db, home, str(number))
    assert [row[3] for row in await intake.log()] == [str(number) for number in range(1, 12)]


async def test_what_fails_with_the_begin_spoils_no_connection(intake: Node) -> None:
    for _ in range(6):  # more than the pool has
        with pytest.raises(DBAPIError):  # noqa: PT012 - the transaction is what is tried
            async with intake.db.transaction() as session:
                raw = await (await session.connection()).get_raw_connection()
                raw.driver_connection.with_begin = "SELECT 1 / 0;"  # type: ignore[union-attr]
                await session.execute(text("SELECT 1"))
    await change(intake.db, uuid4(), "1")
    assert [row[3] for row in await intake.log()] == ["1"]


async def test_several_holds_before_anything_is_sent_all_hold(intake: Node) -> None:
    homes = households(2)
    async with intake.db.transaction() as session:
        for home in homes:
            await hold(session, home)
        await session.execute(text("SELECT 1"))
        held = await session.scalar(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        )
    assert held == 2


async def test_many_facts_keep_their_order(intake: Node) -> None:
    homes = households(4)
    facts = [Fact(HouseholdChanged(household=homes[n % 4], number=str(n))) for n in range(200)]
    async with intake.db.transaction() as session:
        await hold(session, *homes)
        recorded = await record_many(session, facts, actor="post")
    rows = await intake.rows("SELECT id, data->>'number', actor FROM event_log ORDER BY log_id")
    assert [row[1] for row in rows] == [str(n) for n in range(200)]
    assert [row[0] for row in rows] == [line.id for line in recorded]
    assert {row[2] for row in rows} == {"post"}


async def test_no_facts_are_no_statement(intake: Node) -> None:
    async with intake.db.transaction() as session:
        assert await record_many(session, []) == []


async def test_one_transaction_holds_only_so_many(intake: Node) -> None:
    async with intake.db.transaction() as session:
        with pytest.raises(NotHeldError, match="portions"):
            await hold(session, *range(MOST_HELD + 1))


async def test_the_position_of_an_answer(intake: Node) -> None:
    await change(intake.db, uuid4(), "0")
    home = uuid4()
    async with intake.db.transaction() as session:
        await hold(session, home)
        await record(session, HouseholdChanged(household=home, number="1"))
    assert await positions_of(intake.db, "intake", recorded_in(session), timeout=0.05) is None
    await intake.spine.start()
    assert await intake.spine.position_after(recorded_in(session), timeout=10) == "intake:2"
    assert await intake.spine.position_after([]) is None


async def test_facts_enter_the_log_together_and_in_order(intake: Node) -> None:
    """Without what went with a savepoint."""
    home = uuid4()
    async with intake.db.transaction() as session:
        await hold(session, home)
        await record(session, HouseholdChanged(household=home, number="1"))
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the whole savepoint is what is tried
            async with session.begin_nested():
                await record(session, HouseholdChanged(household=home, number="gone"))
                raise ZeroDivisionError
        assert await session.scalar(text("SELECT count(*) FROM event_log")) == 0
        await record_many(session, [Fact(HouseholdChanged(household=home, number="2"))])
        await record(session, HouseholdChanged(household=home, number="3"))
    assert [row[3] for row in await intake.rows(_LINES)] == ["1", "2", "3"]
    assert len(recorded_in(session)) == 3


async def test_what_has_gathered_is_erased_with_the_rest(intake: Node) -> None:
    home = uuid4()
    async with intake.db.transaction() as session:
        await hold(session, home)
        await record(session, HouseholdChanged(household=home, number="1"))
        assert await erase(session, home) == 1
    assert await intake.one("SELECT count(*) FROM event_log WHERE data::text <> '{}'") == 0


async def leading(intake: Node) -> None:
    await intake.spine.start()

    async def leads() -> bool:
        return intake.spine.relay.leading and await intake.one("SELECT bool_and(position IS NOT NULL) FROM event_log")

    await until(leads, "the relay leads, and the first probe is in its place")


async def test_who_commits_places_where_nothing_waits(intake: Node) -> None:
    await leading(intake)
    home = uuid4()
    async with intake.db.transaction() as session:
        await hold(session, home)
        first, second = await record_many(session, [Fact(HouseholdChanged(household=home, number=n)) for n in "12"])
    assert first.position is not None
    assert second.position == first.position + 1
    assert await positions_of(intake.db, "intake", recorded_in(session)) == f"intake:{second.position}"
    rows = await intake.rows(
        "SELECT position, previous FROM event_log WHERE type = 'intake.household_changed' ORDER BY position"
    )
    assert [row[0] for row in rows] == [first.position, second.position]
    assert rows[1][1] == first.id


async def test_who_finds_the_head_taken_leaves_placing_to_the_relay(intake: Node) -> None:
    """And so does whoever comes after, for what was stated before must stand before."""
    await leading(intake)
    home = uuid4()
    async with intake.db.transaction() as busy:
        await busy.execute(text("SELECT FROM log_head FOR UPDATE"))
        for word in "123":
            await change(intake.db, home, word)
        assert await intake.one("SELECT count(position) FROM event_log WHERE type = 'intake.household_changed'") == 0
    await until(lambda: intake.one("SELECT bool_and(position IS NOT NULL) FROM event_log"), "everything in its place")
    assert [row[3] for row in await intake.rows(_LINES)] == ["1", "2", "3"]


async def test_many_at_once_leave_no_gap_and_keep_the_order_of_each(intake: Node) -> None:
    homes = [uuid4() for _ in range(5)]

    async def work(home: UUID) -> None:
        for n in range(30):
            await change(intake.db, home, str(n))

    await leading(intake)
    await asyncio.gather(*(work(home) for home in [*homes, *homes[:3]]))
    await until(lambda: intake.one("SELECT bool_and(position IS NOT NULL) FROM event_log"), "everything in its place")
    rows = await intake.rows("SELECT position, id, previous, subject, log_id FROM event_log ORDER BY position")
    assert len(rows) >= 240
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert [row[2] for row in rows] == [None, *(row[1] for row in rows[:-1])]
    for home in homes:
        mine = [row[4] for row in rows if row[3] == str(home)]
        assert mine == sorted(mine)
    head = await intake.rows("SELECT position, event_id FROM log_head")
    assert (head[0][0], head[0][1]) == (rows[-1][0], rows[-1][1])


_LINES = """
    SELECT position, id, subject, data->>'number' FROM event_log WHERE type = 'intake.household_changed' ORDER BY log_id
"""
