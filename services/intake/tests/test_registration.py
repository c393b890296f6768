from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import event, func, select

from services.intake.actions.findings import recompute_types
from services.intake.actions.registration import NewHousehold, register_many
from services.intake.daily import look_again_daily
from services.intake.requests import ConsultationIn, MemberIn
from services.intake.tables import Household, Member, TypeFinding
from services.intake.tests.conftest import House, events_of, post_of
from shared import clock
from shared.db import Database
from shared.identity import Actor


def alone(birth: str = "昭和19年5月5日", **more: object) -> ConsultationIn:
    member = MemberIn(name="山岸 フミ", birth=birth, coresident="yes", dementia_diagnosis="yes", relation="self")
    return ConsultationIn.model_validate({"members": [member], "words": "物忘れ", "area": "c"} | more)


async def test_hundreds_at_once_take_no_more_statements_than_one(db: Database, caseworker: Actor) -> None:
    counted: list[str] = []

    @event.listens_for(db.engine.sync_engine, "before_cursor_execute")
    def _(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        counted.append(statement)

    async with db.transaction() as session:
        await register_many(session, caseworker, [NewHousehold(alone())])
    one = len(counted)
    counted.clear()
    many = [NewHousehold(alone(), sender="ledger", sender_number=str(n)) for n in range(120)]
    async with db.transaction() as session:
        made = await register_many(session, caseworker, many)
    assert len(counted) <= one + 1  # the one's lock went along with its BEGIN
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Household)) == 121
        assert len(await events_of(session, made[5].household.id)) == len(made[5].facts)


async def test_ids_of_the_sender_are_kept(db: Database, caseworker: Actor) -> None:
    household, member = uuid4(), uuid4()
    new = NewHousehold(alone(), id=household, members=(member,), consultation=False)
    async with db.transaction() as session:
        (made,) = await register_many(session, caseworker, [new])
    assert made.consultation is None
    async with db.read() as session:
        assert (await session.get_one(Member, member)).household_id == household


async def test_a_birthday_changes_the_types(db: Database) -> None:
    actor = post_of("caseworker", "c")
    morning = datetime(2026, 5, 1, 0, 0, tzinfo=UTC)
    with clock.at(morning):
        async with db.transaction() as session:
            (made,) = await register_many(session, actor, [NewHousehold(alone("1961-06-01"))])
    assert "TDEM1" not in {result.code for result in made.results if result.verdict == "match"}
    with clock.at(morning + timedelta(days=40)):
        async with db.transaction() as session:
            changed = await recompute_types(session, [made.household.id], date(2026, 6, 10))
        async with db.transaction() as session:
            again = await recompute_types(session, [made.household.id], date(2026, 6, 10))
    assert (changed > 0, again) == (True, 0)
    async with db.read() as session:
        found = await session.get_one(TypeFinding, (made.household.id, "TDEM1"))
        assert found.verdict == "match"
        told = [data for name, data in await events_of(session) if name == "type_matched"]
    assert (told[-1]["code"], told[-1]["verdict"]) == ("TDEM1", "match")


async def test_the_daily_round_looks_at_everybody_once(house: House) -> None:
    actor = post_of("caseworker", "c")
    async with house.service.db.transaction() as session:
        await register_many(session, actor, [NewHousehold(alone()) for _ in range(3)])
    tomorrow = clock.now() + timedelta(days=1)
    with clock.at(tomorrow):
        await look_again_daily(house.service)
    async with house.service.db.read() as session:
        days = set(await session.scalars(select(Household.types_on)))
    assert days == {tomorrow.astimezone(clock.TOKYO).date()}
