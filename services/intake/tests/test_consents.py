"""Consent on the real database: the whole record, signatures that come later, what ends it and what is told."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions.consent_days import keep_days_of_consents
from services.intake.actions.consent_texts import state_text
from services.intake.actions.consents import confirm_consent, record_consent, withdraw_consent
from services.intake.actions.consultations import receive_consultation
from services.intake.queries.consents import read_consent, who_knows
from services.intake.requests import ConsultationIn
from services.intake.requests.consents import ConfirmIn, ConsentIn, ConsentTextIn, WithdrawIn
from services.intake.rules.wording import EDITABLE, VARIANTS
from services.intake.tables import AccessGrant, Consent, ConsentText, Member
from services.intake.tests.conftest import House, events_of, post_of
from shared import clock
from shared.audit import AuditEntry
from shared.codes import Code
from shared.db import Database
from shared.errors import Conflict, Forbidden, Missing, Refused
from shared.identity import Actor

SCOPE = {"purposes": ["support", "plan"], "recipients": ["hokatsu-c", "shakyo"], "items": ["care", "health"]}


async def family(db: Database, actor: Actor, *births: str) -> tuple[UUID, list[UUID]]:
    """A household with members born as said; its id and theirs."""
    people = [{"relation": "mother", "name": f"大槻 {n}", "birth": birth} for n, birth in enumerate(births)]
    async with db.transaction() as session:
        made = await receive_consultation(
            session, actor, ConsultationIn.model_validate({"members": people, "words": "心配", "area": "c"})
        )
        return made.household.id, [one.id for one in made.members]


async def give(db: Database, actor: Actor, household: UUID, member: UUID, **more: object) -> Consent:
    async with db.transaction() as session:
        asked = ConsentIn.model_validate({"member": str(member), "state": "signed"} | SCOPE | more)
        return await record_consent(session, actor, household, asked)


async def told(session: AsyncSession) -> list[tuple[str, object, object]]:
    """The facts about consent, in order: (name, state or reason or reminder, consent)."""
    return [
        (name, data.get("state") or data.get("reason") or data.get("reminder"), data["consent"])
        for name, data in await events_of(session)
        if name.startswith("consent_")
    ]


async def test_the_whole_record_is_kept_and_codes_alone_are_told(db: Database, caseworker: Actor) -> None:
    household, (mother,) = await family(db, caseworker, "昭和17年3月3日")
    consent = await give(
        db, caseworker, household, mother,
        limits="兄には知らせない", ends_on=str(clock.today() + timedelta(days=365)), method="proxy",
        text_version="2026-04-01", representative_name="大槻 花子", representative_relation="sibling",
        representative_ground="guardian",
    )  # fmt: skip
    async with db.read() as session:
        kept = await session.get_one(Consent, consent.id)
        assert (kept.purpose, kept.purposes, kept.method) == ("support", ["support", "plan"], "proxy")
        assert (kept.explained_by, kept.explained_on) == (caseworker.post, clock.today())
        assert (kept.text_version, kept.representative_name, kept.limits) == (
            "2026-04-01", "大槻 花子", "兄には知らせない",
        )  # fmt: skip
        (fact,) = [data for name, data in await events_of(session) if name == "consent_recorded"]
    assert fact["purposes"] == ["support", "plan"]
    assert (fact["purpose"], fact["method"], fact["limited"], fact["replaces"]) == ("support", "proxy", True, None)
    assert "兄" not in str(fact)
    assert "花子" not in str(fact)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"purposes": []}, "purposes"),
        ({"recipients": []}, "recipients"),
        ({"method": "oral"}, "method"),
        ({"text_version": "2020-01-01"}, "text_version"),
        ({"text_version": "2026-04-01", "explained_on": "2026-03-31"}, "text_version"),
        ({"explained_on": "2199-01-01"}, "explained_on"),
        ({"explained_by": str(uuid4())}, "explained_by"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
        ({"representative_name": "大槻 花子"}, "representative_relation"),
        ({"replaces": str(uuid4())}, "replaces"),
    ],
)
async def test_what_is_refused_names_its_field(
    db: Database, caseworker: Actor, more: dict[str, object], field: str
) -> None:
    household, (mother,) = await family(db, caseworker, "昭和17年3月3日")
    with pytest.raises(Refused) as refused:
        await give(db, caseworker, household, mother, **more)
    assert refused.value.field == field
    async with db.read() as session:
        assert (await session.scalars(select(Consent))).all() == []


async def test_a_child_and_who_cannot_judge_need_somebody(db: Database, caseworker: Actor) -> None:
    household, (child, teenager, mother) = await family(db, caseworker, "10歳", "16歳", "84歳")
    for member in (child, teenager):
        with pytest.raises(Refused) as refused:
            await give(db, caseworker, household, member)
        assert refused.value.field == "representative_name"
    parent = {
        "representative_name": "大槻 花子", "representative_relation": "parent",
        "representative_ground": "parental_authority",
    }  # fmt: skip
    await give(db, caseworker, household, child, **parent)
    await give(db, caseworker, household, teenager, understood=True)
    await give(db, caseworker, household, mother, state="cannot_judge", purposes=[], recipients=[], items=[])
    with pytest.raises(Refused):
        await give(db, caseworker, household, mother)
    await give(db, caseworker, household, mother, **parent | {"representative_ground": "guardian"})


async def test_a_signature_comes_to_the_same_consent(db: Database, caseworker: Actor) -> None:
    household, (mother,) = await family(db, caseworker, "84歳")
    oral = await give(db, caseworker, household, mother, state="oral")
    assert oral.confirm_by == clock.today() + timedelta(days=14)
    async with db.transaction() as session:
        early = clock.today() - timedelta(days=1)
        with pytest.raises(Refused) as refused:
            await confirm_consent(session, caseworker, oral.id, ConfirmIn(signed_on=early))
        assert refused.value.field == "signed_on"
    async with db.transaction() as session:
        signed = await confirm_consent(session, caseworker, oral.id, ConfirmIn(text_version="2026-04-01"))
        assert (signed.state, signed.confirm_by, signed.method) == ("signed", None, "signature")
        assert (signed.said_first, signed.text_version) == ("oral", "2026-04-01")
    async with db.transaction() as session:
        with pytest.raises(Conflict):
            await confirm_consent(session, caseworker, oral.id, ConfirmIn())
    async with db.read() as session:
        consent = str(oral.id)
        assert await told(session) == [
            ("consent_recorded", "oral", consent),
            ("consent_recorded", "signed", consent),
        ]
        actions = (await session.scalars(select(AuditEntry.action).where(AuditEntry.household == household))).all()
    assert "consent_confirmed" in actions


async def test_what_was_left_open_is_signed_by_who_may(db: Database, caseworker: Actor) -> None:
    household, (teenager,) = await family(db, caseworker, "16歳")
    left_open = await give(db, caseworker, household, teenager, state="considering")
    async with db.transaction() as session:
        with pytest.raises(Refused) as refused:
            await confirm_consent(session, caseworker, left_open.id, ConfirmIn())
        assert refused.value.field == "representative_name"


async def test_a_newer_consent_replaces_what_it_says_whole(db: Database, caseworker: Actor) -> None:
    household, (mother,) = await family(db, caseworker, "84歳")
    oral = await give(db, caseworker, household, mother, state="oral", limits="兄には知らせない")
    narrower = await give(db, caseworker, household, mother, items=["care"])
    wider = await give(db, caseworker, household, mother, limits="兄には知らせない")
    assert narrower.replaces_id is None
    assert wider.replaces_id in {oral.id, narrower.id}
    named = await give(db, caseworker, household, mother, recipients=["shakyo"], replaces=str(wider.id))
    with pytest.raises(Refused) as refused:
        await give(db, caseworker, household, mother, state="oral", replaces=str(named.id))
    assert refused.value.field == "state"
    async with db.read() as session:
        rows = {row.id: row for row in await session.scalars(select(Consent))}
        facts = await told(session)
    assert {one: rows[one].end_reason for one in (oral.id, narrower.id, wider.id)} == dict.fromkeys(
        (oral.id, narrower.id, wider.id), "replaced"
    )
    assert rows[named.id].withdrawn_at is None
    assert facts.index(("consent_recorded", "signed", str(wider.id))) < facts.index(
        ("consent_withdrawn", "replaced", str(oral.id))
    )


async def test_taking_back_stops_it_once_and_keeps_who_how_and_why(db: Database, caseworker: Actor) -> None:
    household, (mother,) = await family(db, caseworker, "84歳")
    consent = await give(db, caseworker, household, mother)
    asked = WithdrawIn(reason="気がかわった", said_by="representative", channel="phone")
    for _ in range(2):
        async with db.transaction() as session:
            await withdraw_consent(session, caseworker, consent.id, asked)
    async with db.transaction() as session:
        left_open = await record_consent(
            session, caseworker, household, ConsentIn.model_validate({"member": mother, "state": "refused"})
        )
        with pytest.raises(Refused) as refused:
            await withdraw_consent(session, caseworker, left_open.id, WithdrawIn())
        assert refused.value.field == "state"
    async with db.read() as session:
        kept = await session.get_one(Consent, consent.id)
        assert (kept.end_reason, kept.end_said_by, kept.end_channel) == ("taken_back", "representative", "phone")
        assert (kept.end_words, kept.end_said_on, kept.withdrawn_by) == (
            "気がかわった", clock.today(), caseworker.post,
        )  # fmt: skip
        assert [fact for fact in await told(session) if fact[0] == "consent_withdrawn"] == [
            ("consent_withdrawn", "taken_back", str(consent.id))
        ]


async def test_withdrawn_on_the_form_takes_back_all_that_stands(db: Database, caseworker: Actor) -> None:
    household, (mother,) = await family(db, caseworker, "84歳")
    bare: dict[str, object] = {"state": "withdrawn", "purposes": [], "recipients": [], "items": []}
    with pytest.raises(Refused):
        await give(db, caseworker, household, mother, **bare)
    await give(db, caseworker, household, mother)
    await give(db, caseworker, household, mother, purposes=["disaster"])
    await give(db, caseworker, household, mother, **bare)
    async with db.read() as session:
        assert who_knows(await session.scalars(select(Consent)), clock.today()) == []
    with pytest.raises(Conflict):
        await give(db, caseworker, household, mother, **bare)


async def test_strangers_find_no_consent(db: Database, caseworker: Actor) -> None:
    household, (mother,) = await family(db, caseworker, "84歳")
    consent = await give(db, caseworker, household, mother)
    stranger = post_of("agency_worker", agency="shogai-n")
    async with db.transaction() as session:
        for act in (
            withdraw_consent(session, stranger, consent.id, WithdrawIn()),
            confirm_consent(session, stranger, consent.id, ConfirmIn()),
            withdraw_consent(session, caseworker, uuid4(), WithdrawIn()),
        ):
            with pytest.raises(Missing):
                await act
        with pytest.raises(Missing):
            await read_consent(session, caseworker, household, uuid4())
        with pytest.raises(Missing):
            await read_consent(session, stranger, household, consent.id)


async def test_days_remind_and_then_end_what_nobody_signed(house: House) -> None:
    db, caseworker = house.service.db, post_of("caseworker", "c")
    household, (mother, son) = await family(db, caseworker, "84歳", "56歳")
    start = clock.now()
    with clock.at(start):
        oral = await give(db, caseworker, household, mother, state="oral")
        ends = clock.today() + timedelta(days=40)
        running = await give(db, caseworker, household, son, ends_on=str(ends))
    days: dict[int, list[tuple[str, str]]] = {}
    for day in (0, 6, 7, 8, 12, 14, 15, 16, 40, 41):
        with clock.at(start + timedelta(days=day)):
            async with db.read() as session:
                before = await told(session)
            for _ in range(2):  # twice at once changes nothing
                await keep_days_of_consents(house.service)
            async with db.read() as session:
                days[day] = sorted((name, str(why)) for name, why, _ in (await told(session))[len(before) :])
    assert {day: facts for day, facts in days.items() if facts} == {
        7: [("consent_reminded", "oral_7")],
        12: [("consent_reminded", "end_30"), ("consent_reminded", "oral_12")],
        15: [("consent_withdrawn", "not_confirmed")],
        41: [("consent_withdrawn", "period_over")],
    }
    async with db.read() as session:
        rows = {row.id: row for row in await session.scalars(select(Consent))}
        reminded = [data for name, data in await events_of(session) if name == "consent_reminded"]
    assert rows[oral.id].withdrawn_by is None
    assert rows[running.id].end_reason == "period_over"
    assert reminded[0]["post"] == str(caseworker.post)
    assert reminded[0]["due_on"] == str(oral.confirm_by)


async def test_the_days_are_the_wards_data(house: House) -> None:
    db, caseworker = house.service.db, post_of("caseworker", "c")
    async with db.transaction() as session:
        rule = await session.get_one(Code, ("CONSENT_RULE", "2026-04"))
        rule.attributes = rule.attributes | {"confirm_within_days": 3}
        for reminder in await session.scalars(select(Code).where(Code.list == "CONSENT_REMINDER")):
            reminder.active = False
    household, (mother,) = await family(db, caseworker, "84歳")
    oral = await give(db, caseworker, household, mother, state="oral")
    assert oral.confirm_by == clock.today() + timedelta(days=3)
    for day, touched in ((2, 0), (4, 1)):
        with clock.at(clock.now() + timedelta(days=day)):
            assert await keep_days_of_consents(house.service) == touched


async def test_what_stops_is_told_before(db: Database, caseworker: Actor) -> None:
    household, (mother,) = await family(db, caseworker, "84歳")
    consent = await give(db, caseworker, household, mother)
    await give(
        db, caseworker, household, mother, recipients=["hokatsu-c"], items=["care"], purposes=["support", "plan"]
    )
    async with db.transaction() as session:
        session.add(
            AccessGrant(
                id=uuid4(), household_id=household, ground="agency", source_id=uuid4(), agency="shakyo", ended=False
            )
        )
    async with db.read() as session:
        view = await read_consent(session, caseworker, household, consent.id)
    assert view.stands
    assert view.stops == [("hokatsu-c", frozenset({"health"})), ("shakyo", frozenset({"care", "health"}))]
    assert view.agencies.here == {"shakyo"}


def _text(day: date, before: ConsentText, intro: str) -> ConsentTextIn:
    said = {variant: {part: before.wording[variant][part] for part in EDITABLE} for variant in VARIANTS}
    said["plain"]["intro"] = intro
    return ConsentTextIn.model_validate({"valid_from": day, "wording": said})


async def test_a_text_that_was_shown_stays_for_ever(db: Database, caseworker: Actor) -> None:
    manager, today = post_of("manager"), clock.today()
    async with db.transaction() as session:
        first = (await session.scalars(select(ConsentText))).one()
        with pytest.raises(Forbidden):
            await state_text(session, caseworker, _text(today, first, "新"))
        yesterday = today - timedelta(days=1)
        with pytest.raises(Refused) as refused:
            await state_text(session, manager, _text(yesterday, first, "新"))
        assert refused.value.field == "valid_from"
        second = await state_text(session, manager, _text(today, first, "新"))
        await session.flush()
        third = await state_text(session, manager, _text(today, first, "新しい"))
        assert [second.version, third.version] == [str(today), f"{today}b"]
        assert third.wording["plain"]["whom"] == first.wording["plain"]["whom"]
    for statement in ("UPDATE consent_text SET wording = '{}'", "DELETE FROM consent_text"):
        with pytest.raises(DBAPIError, match="kept as it was"):
            async with db.transaction() as session:
                await session.execute(text(statement))


async def test_the_receipt_speaks_the_terms_of_the_standard(house: House) -> None:
    caseworker = post_of("caseworker", "c")
    house.sign_in(caseworker)
    household, (mother,) = await family(house.service.db, caseworker, "84歳")
    oral = await give(
        house.service.db,
        caseworker,
        household,
        mother,
        state="oral",
        limits="兄には知らせない",
        text_version="2026-04-01",
    )
    await house.post(f"/api/consents/{oral.id}/confirmation", {})
    await house.post(f"/api/consents/{oral.id}/withdrawal", {"channel": "counter"})
    answer = await house.get(f"/api/consents/{oral.id}/receipt")
    assert answer.status_code == 200
    record = answer.json()["consent_record"]
    assert (record["record_id"], record["pii_principal_id"]) == (str(oral.id), str(mother))
    processing = record["pii_processing"]
    assert processing["privacy_notice"]["x_version"] == "2026-04-01"
    assert [one["purpose_type"] for one in processing["purposes"]] == ["support", "plan"]
    items = {
        one["pii_attribute_id"]: one["sensitive_pii_category"] for one in processing["purposes"][0]["pii_information"]
    }
    assert items == {"care": True, "health": True}
    assert [one["event_state"] for one in record["events"]] == ["given", "x_confirmed", "withdrawn"]
    assert [one["x_method"] for one in record["events"]] == ["oral", "signature", "counter"]
    assert {one["party_role"] for one in record["parties"]} == {"pii_controller", "recipient_third_party"}
    async with house.service.db.read() as session:
        assert "大槻" not in answer.text
        exported = select(AuditEntry.basis).where(AuditEntry.action == "export")
        assert (await session.scalars(exported)).all() == ["consent_receipt"]
    assert (await house.get(f"/api/consents/{oral.id}/receipt", actor=post_of("agency_worker"))).status_code == 404
    assert (await house.get(f"/api/consents/{uuid4()}/receipt", actor=caseworker)).status_code == 404


async def test_the_member_of_another_household_is_nobody_here(db: Database, caseworker: Actor) -> None:
    household, _ = await family(db, caseworker, "84歳")
    _, (other,) = await family(db, caseworker, "70歳")
    async with db.read() as session:
        assert await session.get(Member, other) is not None
    with pytest.raises(Refused) as refused:
        await give(db, caseworker, household, other)
    assert refused.value.field == "member"
