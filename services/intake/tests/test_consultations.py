from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.intake.actions.consultations import receive_consultation, screen_consultation
from services.intake.queries.book import protecting_flags, rule_book
from services.intake.requests import ConsultationIn, MemberIn, ScreeningIn
from services.intake.tables import Consent, Consultation, Household, HouseholdLink, Member, TypeFinding
from services.intake.tests.conftest import events_of, post_of
from shared import clock
from shared.codes import Code
from shared.db import Database
from shared.errors import Forbidden, Missing, Refused
from shared.identity import Actor


def mother_and_son(**more: object) -> ConsultationIn:
    return ConsultationIn.model_validate(
        {
            "address": "桜台二丁目3番4号 ひばり荘 203",
            "area": "c",
            "district": "sakuradai",
            "members": [
                {
                    "relation": "mother",
                    "name": "大槻 トシ子",
                    "kana": "おおつき としこ",
                    "birth": "昭和17年3月3日",
                    "coresident": "yes",
                    "work": "pensioner",
                    "consent": "not_contacted",
                },
                {"relation": "eldest_son", "birth": "56歳", "coresident": "yes", "work": "not_working"},
            ],
            "caller_name": "近所の人",
            "caller_relation": "neighbour",
            "worries": ["income", "withdrawal"],
            "main_worry": "withdrawal",
            "words": "息子さんが20年ほど外に出ていない。",
            "avoid": "夜は電話しない。",
            "urgency": "B",
        }
        | more
    )


async def test_a_telephone_call_becomes_a_household_with_its_types(db: Database, caseworker: Actor) -> None:
    with clock.at(clock.now()):
        async with db.transaction() as session:
            made = await receive_consultation(session, caseworker, mother_and_son())
    async with db.read() as session:
        home = await session.get_one(Household, made.household.id)
        assert home.number.startswith("H-")
        assert await session.scalar(select(func.count()).select_from(Member)) == 2
        found = {f.code: f.verdict for f in await session.scalars(select(TypeFinding))}
        assert found["T8050"] == "match"
        stated = await events_of(session, home.id)
    names = [name for name, _ in stated]
    assert names[:2] == ["household_registered", "consultation_received"]
    assert names[-2:] == ["consultation_screened", "consent_recorded"]
    assert {"type_matched"} == set(names[2:-2])
    screened = dict(stated)["consultation_screened"]
    assert (screened["urgency"], screened["result"]) == ("B", "toward_consent")


async def test_an_edited_list_holds_from_the_next_transaction_on(db: Database) -> None:
    async with db.read() as session:
        before, book = await protecting_flags(session), await rule_book(session)
    async with db.read() as session:
        assert await rule_book(session) is book  # made once
    async with db.transaction() as session:
        flag = await session.get_one(Code, ("SAFETY_FLAG", "abuse_child"))
        flag.attributes = flag.attributes | {"protects": True}
    async with db.read() as session:
        assert await protecting_flags(session) == before | {"abuse_child"}
        assert await rule_book(session) is not book


async def test_what_is_told_holds_no_personal_data(db: Database, caseworker: Actor) -> None:
    canary = "カナリア"
    request = mother_and_son(
        words=canary * 3,
        avoid=canary,
        caller_name=canary,
        caller_phone="080-0000-4471",
        address=canary + "町1-2-3",
        members=[{"name": canary, "kana": canary, "birth": "S17.3.3", "phone": "03-0000-1111", "consent": "oral"}],
    )
    async with db.transaction() as session:
        await receive_consultation(session, caseworker, request)
    async with db.read() as session:
        log = json.dumps([data for _, data in await events_of(session)], ensure_ascii=False)
    for secret in (canary, "4471", "1111", "1942"):
        assert secret not in log


async def test_one_worry_is_enough_and_nothing_is_refused(db: Database, caseworker: Actor) -> None:
    async with db.transaction() as session:
        made = await receive_consultation(session, caseworker, ConsultationIn(worries=["no_food"]))
    assert made.consultation is not None
    assert made.consultation.urgency_proposed == "A"
    assert made.consultation.urgency is None
    with pytest.raises(Refused) as refusal:
        async with db.transaction() as session:
            await receive_consultation(session, caseworker, ConsultationIn())
    assert refusal.value.field == "words"


async def test_a_known_household_gets_another_consultation(db: Database, caseworker: Actor) -> None:
    async with db.transaction() as session:
        made = await receive_consultation(session, caseworker, mother_and_son())
    again = ConsultationIn(
        household=made.household.id,
        words="腕にあざがあった。",
        members=[MemberIn(relation="eldest_daughter", coresident="no")],
        urgency="A",
    )
    async with db.transaction() as session:
        second = await receive_consultation(session, caseworker, again)
    assert second.consultation is not None
    assert second.consultation.sight_check_due is not None
    assert second.consultation.sight_check_due - second.consultation.occurred_at == timedelta(hours=48)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Household)) == 1
        assert await session.scalar(select(func.count()).select_from(Consultation)) == 2
        positions = await session.scalars(select(Member.position).order_by(Member.position))
        assert list(positions) == [1, 2, 3]


async def test_a_wrong_birth_date_names_its_row(db: Database, caseworker: Actor) -> None:
    request = mother_and_son(members=[{"name": "大槻"}, {"name": "次", "birth": "昭和65年2月30日"}])
    with pytest.raises(Refused) as refusal:
        async with db.transaction() as session:
            await receive_consultation(session, caseworker, request)
    assert refusal.value.field == "members.1.birth"
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Household)) == 0


async def test_the_same_family_twice_is_suspected_and_a_refused_one_is_not(db: Database, caseworker: Actor) -> None:
    async with db.transaction() as session:
        first = await receive_consultation(session, caseworker, mother_and_son())
    async with db.transaction() as session:
        second = await receive_consultation(session, caseworker, mother_and_son())
    async with db.transaction() as session:
        third = await receive_consultation(
            session, caseworker, mother_and_son(not_same=[first.household.id, second.household.id])
        )
    async with db.read() as session:
        links = {(link.first_id, link.second_id): link.state for link in await session.scalars(select(HouseholdLink))}
        told = [name for name, _ in await events_of(session)]
    ids = sorted([first.household.id, second.household.id])
    assert links[ids[0], ids[1]] == "suspected"
    assert {state for pair, state in links.items() if third.household.id in pair} == {"refused"}
    assert told.count("duplicate_suspected") == 1


async def test_an_oral_consent_must_be_confirmed(db: Database, caseworker: Actor) -> None:
    request = mother_and_son(members=[{"name": "大槻 トシ子", "consent": "oral"}], result="plan")
    async with db.transaction() as session:
        await receive_consultation(session, caseworker, request)
    async with db.read() as session:
        consent = (await session.scalars(select(Consent))).one()
    assert consent.confirm_by == clock.today() + timedelta(days=14)
    assert consent.recipients == ["sukoyaka-c"]


async def test_screening_later_and_again(db: Database, caseworker: Actor) -> None:
    async with db.transaction() as session:
        made = await receive_consultation(session, caseworker, mother_and_son(urgency=None))
    assert made.consultation is not None
    for urgency in ("C", "B"):
        async with db.transaction() as session:
            await screen_consultation(
                session, caseworker, made.consultation.id, ScreeningIn.model_validate({"urgency": urgency})
            )
    async with db.read() as session:
        told = [data["urgency"] for name, data in await events_of(session) if name == "consultation_screened"]
    assert told == ["C", "B"]


async def test_who_may_log_and_who_may_add(db: Database, caseworker: Actor) -> None:
    with pytest.raises(Forbidden):
        async with db.transaction() as session:
            await receive_consultation(session, post_of("outreach_worker", "c"), mother_and_son())
    async with db.transaction() as session:
        made = await receive_consultation(session, caseworker, mother_and_son())
    elsewhere = post_of("caseworker", "n", agency="sukoyaka-n")
    with pytest.raises(Missing):
        async with db.transaction() as session:
            await receive_consultation(session, elsewhere, ConsultationIn(household=made.household.id, words="あ"))
