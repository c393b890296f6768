from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.casework import CaseOpened
from shared.events.intake import HouseholdChanged, MemberLeft
from shared.spine import Fact, Received, Subscriptions, derived_id, hold, list_parked, record, record_many
from tests.spine.rig import Rig, caught_up, change, households, note, noting, running


def test_a_handler_projects_or_acts_and_hears_others() -> None:
    subscriptions = Subscriptions("casework")
    with pytest.raises(TypeError, match="either projects or acts"):
        subscriptions.on(HouseholdChanged)
    with pytest.raises(TypeError, match="either projects or acts"):
        subscriptions.on(HouseholdChanged, projects=True, acts=True)
    with pytest.raises(TypeError, match="does not hear itself"):
        subscriptions.on(CaseOpened, projects=True)
    assert subscriptions.sources == ()
    assert noting().sources == ("intake",)


async def test_a_projecting_handler_records_nothing(rig: Rig) -> None:
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        await hold(session, heard.event.household)
        await record(session, heard.event)

    intake, casework = await rig.node("intake"), await rig.node(subscriptions)
    async with running(intake, casework):
        await change(intake.db, uuid4(), "a")
        await caught_up(intake, casework)
    assert [line.error_class for line in await list_parked(casework.db)] == ["NotHeldError"]
    assert await casework.log() == []


async def test_an_acting_handler_records_in_the_same_transaction(rig: Rig) -> None:
    """Its subject is held already, and what it makes has the same id each time."""
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, acts=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        opened = CaseOpened(
            household=heard.event.household,
            case=derived_id(heard.id, "case"),
            number=heard.event.number,
            owner=uuid4(),
            agency="hokatsu-n",
            urgency="B",
        )
        await record(session, opened, id=derived_id(heard.id, "opened"))
        if heard.event.number == "b":
            raise ValueError

    intake, casework = await rig.node("intake"), await rig.node(subscriptions)
    homes = households(2)
    async with running(intake, casework):
        first = await change(intake.db, homes[0], "a")
        await change(intake.db, homes[1], "b")
        await caught_up(intake, casework)
    assert [(row[1], row[3]) for row in await casework.log()] == [(derived_id(first, "opened"), "a")]


async def test_a_batch_handler_gets_runs_of_its_type_in_order(rig: Rig) -> None:
    runs: list[list[str]] = []
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, projects=True, batch=True)
    async def _(session: AsyncSession, run: Sequence[Received[HouseholdChanged]]) -> None:
        runs.append([heard.event.number for heard in run])
        for heard in run:
            await note(session, heard)

    @subscriptions.on(MemberLeft, projects=True)
    async def _(_session: AsyncSession, heard: Received[MemberLeft]) -> None:
        runs.append([heard.event.reason])

    intake, casework = await rig.node("intake"), await rig.node(subscriptions)
    home = uuid4()
    facts = [Fact(HouseholdChanged(household=home, number=str(n))) for n in range(5)]
    facts.insert(3, Fact(MemberLeft(household=home, member=uuid4(), reason="died")))
    async with intake.db.transaction() as session:
        await hold(session, home)
        await record_many(session, facts)
    async with running(intake), running(casework):
        await caught_up(intake, casework)
    assert [word for run in runs for word in run] == ["0", "1", "2", "died", "3", "4"]
    assert ["0", "1", "2"] in runs


async def test_a_batch_handler_gets_what_stood_between_other_households(rig: Rig) -> None:
    """Each household's own order is kept; one type of many households comes in one call."""
    calls: list[list[str]] = []
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdChanged, projects=True, batch=True)
    async def _(_session: AsyncSession, run: Sequence[Received[HouseholdChanged]]) -> None:
        calls.append([heard.event.number for heard in run])

    @subscriptions.on(MemberLeft, projects=True)
    async def _(_session: AsyncSession, heard: Received[MemberLeft]) -> None:
        calls.append([heard.event.reason])

    intake, casework = await rig.node("intake"), await rig.node(subscriptions)
    one, other = households(2)
    facts = [
        Fact(HouseholdChanged(household=one, number="one 1")),
        Fact(MemberLeft(household=one, member=uuid4(), reason="died")),
        Fact(HouseholdChanged(household=other, number="other 1")),
        Fact(HouseholdChanged(household=one, number="one 2")),
        Fact(HouseholdChanged(household=other, number="other 2")),
    ]
    async with intake.db.transaction() as session:
        await hold(session, one, other)
        await record_many(session, facts)
    async with running(intake), running(casework):
        await caught_up(intake, casework)
    assert calls == [["one 1", "other 1", "other 2"], ["died"], ["one 2"]]
