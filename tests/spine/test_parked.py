from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from sqlalchemy import column, select, text, values
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from shared.errors import Conflict, Missing, Refused
from shared.events.casework import CaseOpened
from shared.events.intake import HouseholdChanged, HouseholdsLinked, ProtectionEnded, ProtectionSet
from shared.spine import (
    NotYet,
    Received,
    Subscriptions,
    closed,
    closed_subjects,
    hold,
    is_closed,
    list_parked,
    record,
    retry_parked,
    show_parked,
    skip_parked,
)
from shared.spine.positions import leading_here
from tests.spine.rig import Node, Rig, caught_up, change, compare, households, note, running, until

SECRET = "山田花子"


@dataclass
class Mood:
    """What the handlers of a trial take badly."""

    poison: set[str] = field(default_factory=set)
    wait: set[str] = field(default_factory=set)


@dataclass
class Pair:
    intake: Node
    casework: Node
    mood: Mood

    async def state(self) -> list[tuple[str, str]]:
        return [
            (row[0], row[1])
            for row in await self.casework.rows(
                "SELECT envelope->'data'->>'number', state FROM parked ORDER BY position"
            )
        ]

    async def words(self, home: UUID) -> list[str]:
        return [row[3] for row in await self.casework.effects() if row[2] == str(home)]


@pytest.fixture
async def pair(rig: Rig) -> AsyncIterator[Pair]:
    mood = Mood()
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        word = heard.event.number
        await note(session, heard)
        if word in mood.wait:
            raise NotYet
        if word in mood.poison:
            await session.execute(text("INSERT INTO cursor (source) VALUES (:name), (:name)"), {"name": SECRET})

    @subscriptions.on(HouseholdsLinked, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdsLinked]) -> None:
        await note(session, heard, "linked")

    @subscriptions.on(ProtectionSet, projects=True)
    async def _(session: AsyncSession, heard: Received[ProtectionSet]) -> None:
        await note(session, heard, "set")

    @subscriptions.on(ProtectionEnded, projects=True)
    async def _(session: AsyncSession, heard: Received[ProtectionEnded]) -> None:
        await note(session, heard, "ended")

    pair = Pair(await rig.node("intake"), await rig.node(subscriptions), mood)
    async with running(pair.intake, pair.casework):
        yield pair


async def test_a_poison_event_stops_its_household_alone(pair: Pair) -> None:
    one, other = households(2)
    pair.mood.poison = {"b"}
    for home, word in ((one, "a"), (one, "b"), (other, "x"), (one, "c"), (other, "y"), (one, "d")):
        await change(pair.intake.db, home, word)
    await caught_up(pair.intake, pair.casework)
    assert await pair.words(one) == ["a"]
    assert await pair.words(other) == ["x", "y"]
    assert await pair.state() == [("b", "parked"), ("c", "behind"), ("d", "behind")]
    async with pair.casework.db.read() as session:
        assert await closed_subjects(session) == {str(one)}
        assert await is_closed(session, one)
        assert not await is_closed(session, other)
        table = values(column("household", Uuid()), name="home").data([(one,), (other,)])
        assert list(await session.scalars(select(table.c.household).where(closed(table.c.household)))) == [one]

    head = (await list_parked(pair.casework.db))[0]
    assert (head.state, head.behind, head.error_class, head.sqlstate) == ("parked", 2, "UniqueViolationError", "23505")
    assert head.constraint == "pk_cursor"
    pair.mood.poison = set()
    await retry_parked(pair.casework.db, head.id, by="operator")

    async def done() -> bool:
        return not await list_parked(pair.casework.db)

    await until(done, "nothing parked")
    await compare(pair.intake, pair.casework)
    assert await pair.casework.one("SELECT open_parked FROM cursor WHERE source = 'intake'") == 0


async def test_no_value_of_an_error_is_kept(pair: Pair) -> None:
    pair.mood.poison = {"b"}
    await change(pair.intake.db, uuid4(), "b")
    await caught_up(pair.intake, pair.casework)
    ((line,),) = await pair.casework.rows("SELECT parked::text FROM parked")
    assert SECRET not in line
    assert "23505" in line


async def test_a_skipped_head_does_not_skip_its_followers(pair: Pair) -> None:
    home = uuid4()
    pair.mood.poison = {"b"}
    for word in "abcd":
        await change(pair.intake.db, home, word)
    await caught_up(pair.intake, pair.casework)
    head, follower, _ = await list_parked(pair.casework.db)
    with pytest.raises(Refused):
        await skip_parked(pair.casework.db, head.id, by="operator", reason=" ")
    with pytest.raises(Conflict):
        await retry_parked(pair.casework.db, follower.id, by="operator")
    with pytest.raises(Missing):
        await show_parked(pair.casework.db, 10**9)
    await skip_parked(pair.casework.db, head.id, by="operator", reason="entered twice by hand")

    async def done() -> bool:
        return not await list_parked(pair.casework.db)

    await until(done, "nothing parked")
    assert await pair.words(home) == ["a", "c", "d"]
    line, envelope = await show_parked(pair.casework.db, head.id)
    assert (line.state, line.reason, line.resolved_by) == ("skipped", "entered twice by hand", "operator")
    assert envelope["type"] == "intake.household_changed"
    with pytest.raises(Conflict):
        await skip_parked(pair.casework.db, head.id, by="operator", reason="again")


async def test_a_fact_about_two_households_stands_in_both_lines(pair: Pair) -> None:
    one, other = households(2)
    pair.mood.poison = {"b"}
    await change(pair.intake.db, one, "b")
    async with pair.intake.db.transaction() as session:
        await hold(session, one, other)
        await record(session, HouseholdsLinked(household=one, other=other))
    await change(pair.intake.db, other, "y")
    await caught_up(pair.intake, pair.casework)
    assert await pair.words(other) == []
    pair.mood.poison = set()
    await retry_parked(pair.casework.db, (await list_parked(pair.casework.db))[0].id, by="operator")

    async def done() -> bool:
        return not await list_parked(pair.casework.db)

    await until(done, "nothing parked")
    assert [row[3] for row in await pair.casework.effects()] == ["b", "linked", "y"]


async def test_what_takes_a_right_away_never_waits(pair: Pair) -> None:
    """It is applied at once, and its projection once more in its turn, so an older event can't undo it."""
    home = uuid4()
    pair.mood.poison = {"b"}
    await change(pair.intake.db, home, "b")
    ended = ProtectionEnded(household=home, protection=uuid4(), member=uuid4())
    again = ProtectionSet(household=home, protection=uuid4(), member=uuid4(), kind="dv")
    for event in (ended, again):
        async with pair.intake.db.transaction() as session:
            await hold(session, home)
            await record(session, event)
    await caught_up(pair.intake, pair.casework)
    assert await pair.words(home) == ["set"]
    pair.mood.poison = set()
    await retry_parked(pair.casework.db, (await list_parked(pair.casework.db))[0].id, by="operator")

    async def done() -> bool:
        return not await list_parked(pair.casework.db)

    await until(done, "nothing parked")
    assert await pair.words(home) == ["set", "b", "ended", "set"]


async def test_an_unknown_version_parks_and_an_unknown_type_is_passed_over(pair: Pair) -> None:
    one, other = households(2)
    url = str(pair.intake.db.engine.url)

    async def led() -> bool:
        return url in leading_here

    await until(led, "a relay that leads")
    await pair.intake.run("UPDATE log_head SET state = 'diverged'")  # so that nothing is placed yet
    leader = leading_here.pop(url)  # nor handed to the relay, which would believe it
    await change(pair.intake.db, one, "a")
    await change(pair.intake.db, other, "x")
    await pair.intake.run("UPDATE event_log SET version = 99 WHERE subject = :s", s=str(one))
    await pair.intake.run("UPDATE event_log SET type = 'intake.never_heard_of' WHERE subject = :s", s=str(other))
    await change(pair.intake.db, other, "y")
    await pair.intake.run("UPDATE log_head SET state = 'ok'")
    leading_here[url] = leader
    await caught_up(pair.intake, pair.casework)
    assert await pair.words(other) == ["y"]
    assert [(line.state, line.error_class) for line in await list_parked(pair.casework.db)] == [
        ("parked", "UnknownVersionError")
    ]


async def test_what_waits_is_tried_again_by_itself(pair: Pair) -> None:
    one, other = households(2)
    pair.mood.wait = {"b"}
    for word in "bc":
        await change(pair.intake.db, one, word)
    await caught_up(pair.intake, pair.casework)
    assert await pair.state() == [("b", "waiting"), ("c", "behind")]
    pair.mood.wait = set()
    await change(pair.intake.db, other, "x")

    async def done() -> bool:
        return not await list_parked(pair.casework.db)

    await until(done, "nothing parked")
    await caught_up(pair.intake, pair.casework)
    await compare(pair.intake, pair.casework)


async def test_after_ten_minutes_it_is_the_operators_and_still_tried(pair: Pair) -> None:
    home = uuid4()
    pair.mood.wait = {"b"}
    await change(pair.intake.db, home, "b")
    await caught_up(pair.intake, pair.casework)
    await pair.casework.run("UPDATE parked SET parked_at = now() - interval '11 minutes', next_try_at = now()")

    async def operators() -> bool:
        return await pair.state() == [("b", "parked")]

    await until(operators, "shown to the operator")
    pair.mood.wait = set()
    await pair.casework.run("UPDATE parked SET next_try_at = now()")

    async def done() -> bool:
        return not await list_parked(pair.casework.db)

    await until(done, "nothing parked")
    assert await pair.words(home) == ["b"]


async def test_what_waits_for_another_source_goes_when_that_has_come(rig: Rig) -> None:
    subscriptions = Subscriptions("outreach")

    @subscriptions.on(CaseOpened, acts=True)
    async def _(session: AsyncSession, heard: Received[CaseOpened]) -> None:
        query = text("SELECT 1 FROM effect WHERE source = 'intake' AND subject = :s")
        if await session.scalar(query, {"s": heard.envelope.subjects[0]}) is None:
            raise NotYet
        await note(session, heard, "opened")

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        await note(session, heard)

    intake, casework, outreach = await rig.node("intake"), await rig.node("casework"), await rig.node(subscriptions)
    home = uuid4()
    async with running(intake, casework, outreach):
        async with casework.db.transaction() as session:
            await hold(session, home)
            await record(
                session,
                CaseOpened(
                    household=home, case=uuid4(), number="K26-0001", owner=uuid4(), agency="hokatsu-n", urgency="B"
                ),
            )
        await caught_up(casework, outreach)
        assert [line.state for line in await list_parked(outreach.db)] == ["waiting"]
        await change(intake.db, home, "a")

        async def done() -> bool:
            return not await list_parked(outreach.db)

        await until(done, "nothing parked")
    assert [row[3] for row in await outreach.effects()] == ["a", "opened"]
