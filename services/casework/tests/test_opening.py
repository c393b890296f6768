from datetime import timedelta
from uuid import uuid4

from sqlalchemy import func, select

from services.casework.actions import opening
from services.casework.tables import Case, Clock, Happening
from services.casework.tests.sample import JOBS, NOW, Ward, actor_of
from shared import clock
from shared.drafts import Draft
from shared.events.intake import HouseholdErased, ProtectionEnded, ProtectionSet


async def test_a_screening_opens_a_case_with_an_owner_and_its_clock(ward: Ward) -> None:
    case = await ward.open_case()
    assert (case.number, case.state, case.share_track) == ("K26-0001", "open", "none")
    assert case.owner == JOBS["caseworker-n"].id
    (opened,) = await ward.recorded("casework.case_opened")
    assert (opened["number"], opened["area"], opened["agency"]) == ("K26-0001", "n", "sukoyaka-n")
    assert opened["actor"] == str(JOBS["caseworker-n"].id)
    (started,) = await ward.recorded("casework.clock_started")
    assert started["kind"] == "first_contact"
    assert started["due_at"] == "2026-06-23T17:15:00+09:00" or started["due_at"].startswith("2026-06-23T08:15")
    assert case.next_due_at is not None


async def test_a_case_opens_with_every_screening_that_says_so_and_with_no_other(ward: Ward) -> None:
    assert await ward.open_case(result="information_only") is None
    assert await ward.open_case(result="broken_off") is None
    assert await ward.open_case(result="plan") is not None
    by_sight = await ward.open_case(result="information_only", sight_check=True, urgency="A")
    assert by_sight is not None


async def test_clocks_count_from_the_call_not_from_its_typing(ward: Ward) -> None:
    called = NOW - timedelta(hours=30)
    case = await ward.open_case(at=called, sight_check=True, urgency="A", flags=("abuse_elder",))
    async with ward.db.read() as session:
        rows = {row.kind: row for row in await session.scalars(select(Clock).where(Clock.case_id == case.id))}
    assert rows["sight_check"].due_at == called + timedelta(hours=48)
    assert rows["sight_check"].started_at == called
    assert rows["first_contact"].started_at == called


async def test_a_call_taken_by_a_role_that_owns_no_cases_goes_to_who_is_on_duty(ward: Ward) -> None:
    case = await ward.open_case(by="hokatsu")
    assert case.owner == JOBS["coordinator"].id


async def test_a_later_call_adds_to_the_open_case_and_makes_it_no_calmer(ward: Ward) -> None:
    household = await ward.take_call(urgency="B")
    await ward.take_call(household=household, urgency="A")
    await ward.take_call(household=household, urgency="D")
    case = await ward.case_of(household)
    assert case.urgency == "A"
    assert len(await ward.recorded("casework.case_opened")) == 1
    async with ward.db.read() as session:
        lines = await session.scalar(select(func.count()).where(Happening.what == "consultation"))
    assert lines == 3


async def test_within_twelve_months_a_closed_case_goes_on_under_its_number(ward: Ward) -> None:
    case = await ward.open_case()
    await ward.do(lambda s: opening.close_case(s, actor_of("coordinator"), case.id, "achieved", ""))
    with clock.at(NOW + timedelta(days=300)):
        await ward.take_call(household=case.household, urgency="C")
    again = await ward.case_of(case.household)
    assert (again.id, again.state, again.reopened, again.urgency) == (case.id, "open", 1, "C")
    assert len(await ward.recorded("casework.case_reopened")) == 1


async def test_after_twelve_months_it_is_a_new_case(ward: Ward) -> None:
    case = await ward.open_case()
    await ward.do(lambda s: opening.close_case(s, actor_of("coordinator"), case.id, "achieved", ""))
    with clock.at(NOW + timedelta(days=366)):
        await ward.take_call(household=case.household)
    again = await ward.case_of(case.household)
    assert again.id != case.id
    assert again.number == "K27-0001"


async def test_numbers_are_given_without_a_gap(ward: Ward) -> None:
    numbers = [(await ward.open_case()).number for _ in range(3)]
    assert numbers == ["K26-0001", "K26-0002", "K26-0003"]


async def test_protection_forgets_the_area_and_its_end_does_not_bring_it_back_by_itself(ward: Ward) -> None:
    case = await ward.open_case()
    protection, member = uuid4(), uuid4()
    await ward.hear(ProtectionSet(household=case.household, protection=protection, member=member, kind="dv"))
    async with ward.db.read() as session:
        row = (await session.execute(_household(case))).one()
    assert (row.protected, row.area, row.district) == (True, None, None)
    await ward.hear(ProtectionEnded(household=case.household, protection=protection, member=member))
    async with ward.db.read() as session:
        row = (await session.execute(_household(case))).one()
    assert (row.protected, row.area) == (False, None)


def _household(case: Case):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a select
    from services.casework.tables import Household  # noqa: PLC0415

    return select(Household.protected, Household.area, Household.district).where(Household.id == case.household)


async def test_erasing_leaves_nothing_and_a_late_fact_makes_nothing_new(ward: Ward) -> None:
    case = await ward.open_case()
    other = await ward.open_case()
    async with ward.db.transaction() as session:
        for about, household in ((case.id, None), (None, case.household), (other.id, other.household)):
            session.add(
                Draft(
                    id=clock.new_id(),
                    person=JOBS["coordinator"].person,
                    form="entry",
                    about=about,
                    household=household,
                    body={"facts": "書きかけ"},
                    saved_at=NOW,
                    expires_at=NOW,
                )
            )
    await ward.hear(HouseholdErased(household=case.household))
    assert await ward.case_of(case.household) is None
    async with ward.db.read() as session:
        assert (await session.scalars(select(Draft.about))).all() == [other.id]
    await ward.take_call(household=case.household)
    assert await ward.case_of(case.household) is None
