from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from services.casework.queries.told import disclosures_of
from services.casework.tables import Consent
from services.casework.tests.sample import JOBS, NOW, Ward
from shared import clock
from shared.events.intake import ConsentRecorded, ConsentWithdrawn, ProtectionSet

COUNCIL = {"basis": "support_council_106_6", "reason": "not_contacted"}
INTERNAL = {"basis": "internal_69_2_2"}
FOR_ALL: dict[str, Any] = {
    "purposes": ("support",),
    "items": ("identity", "family", "health", "care", "economy", "work", "words"),
}


async def ask(
    client: httpx.AsyncClient, ward: Ward, case: object, agency: str, *, by: str = "coordinator", **more: Any
) -> httpx.Response:
    body = {"agency": agency, "question": "母の介護の見通しを教えてください。"} | more
    return await client.post(f"/casework/api/cases/{case}/invitations", json=body, headers=ward.headers(by))


async def answer(client: httpx.AsyncClient, ward: Ward, invitation: str, by: str, **body: Any) -> httpx.Response:
    return await client.post(f"/casework/api/invitations/{invitation}/answer", json=body, headers=ward.headers(by))


async def test_agencies_are_proposed_by_types_worries_and_area(client: httpx.AsyncClient, ward: Ward) -> None:
    case = await ward.open_case()
    found = await client.get(f"/casework/api/cases/{case.id}/proposals", headers=ward.headers("coordinator"))
    agencies = [row["agency"] for row in found.json()]
    assert {"hokatsu-n", "shakyo", "outreach-n"} <= set(agencies)
    assert "hokatsu-c" not in agencies
    by_code = {row["agency"]: row for row in found.json()}
    assert "hokatsu_elder" in by_code["hokatsu-n"]["reasons"]
    assert "internal_69_2_2" in by_code["hokatsu-n"]["bases"]
    assert "internal_69_2_2" not in by_code["shakyo"]["bases"]


async def test_the_asked_agency_sees_the_question_and_no_household_until_it_accepts(
    client: httpx.AsyncClient, ward: Ward
) -> None:
    case = await ward.open_case()
    asked = await ask(client, ward, case.id, "hokatsu-n", **INTERNAL)
    assert asked.status_code == 200, asked.text
    invitation = asked.json()["id"]
    seen = (await client.get(f"/casework/api/invitations/{invitation}", headers=ward.headers("hokatsu"))).json()
    assert seen["question"].startswith("母の介護")
    assert (seen["area"], seen["urgency"], seen["answer_due"]) == ("n", "B", "2026-06-23")
    assert seen["household"] is seen["case"] is seen["number"] is None
    hidden = await client.get(f"/casework/api/cases/{case.id}", headers=ward.headers("hokatsu"))
    assert hidden.status_code == 404
    mine = (await client.get("/casework/api/invitations", headers=ward.headers("hokatsu"))).json()
    assert [(row["id"], row["household"]) for row in mine] == [(invitation, None)]

    accepted = await answer(client, ward, invitation, "hokatsu", answer="accepted")
    assert accepted.json()["state"] == "accepted"
    shown = await client.get(f"/casework/api/cases/{case.id}", headers=ward.headers("hokatsu"))
    assert shown.json()["household"] == str(case.household)
    (fact,) = await ward.recorded("casework.agency_answered")
    assert (fact["answer"], fact["invited_by"]) == ("accepted", str(JOBS["coordinator"].id))
    stopped = await ward.recorded("casework.clock_stopped")
    assert [(row["kind"], row["outcome"]) for row in stopped] == [("answer", "met")]


@pytest.mark.parametrize(
    ("agency", "more", "field"),
    [
        ("hokatsu-n", {"basis": "no_such_ground"}, "basis"),
        ("shakyo", INTERNAL, "basis"),
        ("shakyo", {"basis": "support_council_106_6"}, "reason"),
        ("shakyo", {"basis": "consent_69_2_1"}, "basis"),
        ("hokatsu-n", {"basis": "benefit_69_2_4"}, "note"),
        ("hokatsu-n", INTERNAL | {"question": "  "}, "question"),
        ("nobody", INTERNAL, "agency"),
    ],
)
async def test_without_a_ground_nothing_is_shared(
    client: httpx.AsyncClient, ward: Ward, agency: str, more: dict[str, Any], field: str
) -> None:
    case = await ward.open_case()
    refused = await ask(client, ward, case.id, agency, **more)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field
    assert await ward.recorded("casework.agency_invited") == []


async def test_consent_opens_the_way_to_the_agencies_it_names_and_its_withdrawal_shuts_it_at_once(
    client: httpx.AsyncClient, ward: Ward
) -> None:
    case = await ward.open_case()
    consent, member = uuid4(), uuid4()
    await ward.hear(
        ConsentRecorded(
            household=case.household, consent=consent, member=member, state="signed", recipients=("shakyo",), **FOR_ALL
        )
    )
    asked = await ask(client, ward, case.id, "shakyo", basis="consent_69_2_1")
    assert asked.status_code == 200
    refused = await ask(client, ward, case.id, "seikatsu", basis="consent_69_2_1")
    assert refused.status_code == 422
    assert (await ward.case_of(case.household)).share_track == "consented"
    await answer(client, ward, asked.json()["id"], "shakyo", answer="accepted")
    await ward.hear(ConsentWithdrawn(household=case.household, consent=consent, member=member))
    await ward.hear(ConsentWithdrawn(household=case.household, consent=consent, member=member))
    shut = await client.get(f"/casework/api/cases/{case.id}", headers=ward.headers("shakyo"))
    assert shut.status_code == 404
    (left,) = await ward.recorded("casework.agency_left")
    assert left["reason"] == "consent_withdrawn"
    assert (await ward.case_of(case.household)).share_track == "none"


async def test_nobody_is_said_to_be_still_unasked_beside_what_they_have_said(
    client: httpx.AsyncClient, ward: Ward
) -> None:
    case = await ward.open_case()
    mother, son = uuid4(), uuid4()
    said = [
        (mother, "not_contacted"),
        (son, "not_contacted"),
        (mother, "refused"),
        (son, "considering"),
        (mother, "oral"),
    ]
    for number, (member, state) in enumerate(said, start=1):
        recorded = ConsentRecorded(
            household=case.household, consent=UUID(int=number), member=member, state=state, recipients=("shakyo",)
        )
        await ward.hear(recorded)
    shown = (await client.get(f"/casework/api/cases/{case.id}", headers=ward.headers("coordinator"))).json()["consents"]
    assert [one["state"] for one in shown if one["member"] == str(mother)] == ["refused", "oral"]
    assert [one["state"] for one in shown if one["member"] == str(son)] == ["considering"]


async def test_a_withdrawal_that_overtakes_its_consent_wins(client: httpx.AsyncClient, ward: Ward) -> None:
    case = await ward.open_case()
    consent, member = uuid4(), uuid4()
    await ward.hear(ConsentWithdrawn(household=case.household, consent=consent, member=member))
    await ward.hear(
        ConsentRecorded(
            household=case.household, consent=consent, member=member, state="signed", recipients=("shakyo",), **FOR_ALL
        )
    )
    refused = await ask(client, ward, case.id, "shakyo", basis="consent_69_2_1")
    assert refused.status_code == 422
    assert (await ward.case_of(case.household)).share_track == "none"


async def test_nothing_new_is_shared_about_the_protected_or_while_intake_is_silent(
    client: httpx.AsyncClient, ward: Ward
) -> None:
    case = await ward.open_case()
    asked = (await ask(client, ward, case.id, "hokatsu-n", **INTERNAL)).json()["id"]
    with clock.at(NOW + timedelta(minutes=20)):
        silent = await ask(client, ward, case.id, "seikatsu", **INTERNAL)
        assert silent.status_code == 422
        assert "相談受付からの知らせ" in silent.json()["title"]
    await ward.hear(ProtectionSet(household=case.household, protection=uuid4(), member=uuid4(), kind="dv"))
    protected = await ask(client, ward, case.id, "seikatsu", **INTERNAL)
    assert protected.status_code == 422
    assert "保護" in protected.json()["title"]
    late = await answer(client, ward, asked, "hokatsu", answer="accepted")
    assert late.status_code == 422
    seen = (await client.get(f"/casework/api/invitations/{asked}", headers=ward.headers("hokatsu"))).json()
    assert seen["area"] is None


async def test_two_returns_and_somebody_must_decide_who_leads(client: httpx.AsyncClient, ward: Ward) -> None:
    case = await ward.open_case()
    for agency, by, ground in (("hokatsu-n", "hokatsu", INTERNAL), ("shakyo", "shakyo", COUNCIL)):
        asked = await ask(client, ward, case.id, agency, **ground)
        bare = await answer(client, ward, asked.json()["id"], by, answer="returned")
        assert bare.json()["errors"][0]["field"] == "reason"
        returned = await answer(client, ward, asked.json()["id"], by, answer="returned", reason="needs_consent")
        assert returned.json()["state"] == "returned"
    now = await ward.case_of(case.household)
    assert (now.bounces, now.lead_undecided) == (2, True)
    kinds = [row["kind"] for row in await ward.recorded("casework.clock_started")]
    assert kinds.count("lead_decision") == 1
    named = await client.post(
        f"/casework/api/cases/{case.id}/lead", json={"agency": "sukoyaka-n"}, headers=ward.headers("coordinator")
    )
    assert named.status_code == 200
    assert (await ward.case_of(case.household)).lead_undecided is False


async def test_only_the_asked_agency_answers_and_only_once(client: httpx.AsyncClient, ward: Ward) -> None:
    case = await ward.open_case()
    invitation = (await ask(client, ward, case.id, "hokatsu-n", **INTERNAL)).json()["id"]
    stranger = await answer(client, ward, invitation, "shakyo", answer="accepted")
    assert stranger.status_code == 404
    inviter = await answer(client, ward, invitation, "coordinator", answer="accepted")
    assert inviter.status_code == 403
    assert (await answer(client, ward, invitation, "hokatsu", answer="accepted")).status_code == 200
    again = await answer(client, ward, invitation, "hokatsu", answer="returned", reason="capacity")
    assert again.status_code == 409


async def test_an_agency_is_asked_once_and_a_double_click_makes_one_request(
    client: httpx.AsyncClient, ward: Ward
) -> None:
    case = await ward.open_case()
    body = {"agency": "hokatsu-n", "question": "見通しを教えてください。"} | INTERNAL
    url, headers = f"/casework/api/cases/{case.id}/invitations", ward.headers("coordinator")
    first = await client.post(url, json=body, headers=headers | {"idempotency-key": "k1"})
    second = await client.post(url, json=body, headers=headers | {"idempotency-key": "k1"})
    assert first.json()["id"] == second.json()["id"]
    assert second.json()["repeated"] is True
    other = await client.post(url, json=body | {"question": "x"}, headers=headers | {"idempotency-key": "k1"})
    assert other.status_code == 409
    again = await client.post(url, json=body, headers=headers)
    assert again.status_code == 409
    assert len(await ward.recorded("casework.agency_invited")) == 1


async def test_only_owner_lead_and_coordination_ask_agencies(client: httpx.AsyncClient, ward: Ward) -> None:
    case = await ward.open_case()
    invitation = (await ask(client, ward, case.id, "hokatsu-n", **INTERNAL)).json()["id"]
    await answer(client, ward, invitation, "hokatsu", answer="accepted")
    refused = await ask(client, ward, case.id, "seikatsu", by="hokatsu", **INTERNAL)
    assert refused.status_code == 403
    led = await client.post(
        f"/casework/api/cases/{case.id}/lead", json={"agency": "hokatsu-n"}, headers=ward.headers("coordinator")
    )
    assert led.status_code == 200
    assert (await ask(client, ward, case.id, "seikatsu", by="hokatsu", **INTERNAL)).status_code == 200
    assert (await ask(client, ward, case.id, "shakyo", by="caseworker-n", **COUNCIL)).status_code == 200
    assert (await ask(client, ward, case.id, "outreach-n", by="caseworker-c", **INTERNAL)).status_code == 404


async def test_an_agency_that_left_sees_the_case_no_more(client: httpx.AsyncClient, ward: Ward) -> None:
    case = await ward.open_case()
    invitation = (await ask(client, ward, case.id, "shakyo", **COUNCIL)).json()["id"]
    assert (await ward.case_of(case.household)).share_track == "support_council"
    await answer(client, ward, invitation, "shakyo", answer="accepted")
    acting = await client.post(f"/casework/api/invitations/{invitation}/act", headers=ward.headers("shakyo"))
    assert acting.json()["state"] == "acting"
    left = await client.post(
        f"/casework/api/invitations/{invitation}/leave", json={"reason": "done"}, headers=ward.headers("shakyo")
    )
    assert left.json()["state"] == "left"
    gone = await client.get(f"/casework/api/cases/{case.id}", headers=ward.headers("shakyo"))
    assert gone.status_code == 404
    assert (await ward.case_of(case.household)).share_track == "none"


async def test_a_reminder_is_sent_once_a_day(client: httpx.AsyncClient, ward: Ward) -> None:
    case = await ward.open_case()
    invitation = (await ask(client, ward, case.id, "hokatsu-n", **INTERNAL)).json()["id"]
    url, headers = f"/casework/api/invitations/{invitation}/remind", ward.headers("coordinator")
    assert (await client.post(url, headers=headers)).status_code == 200
    assert (await client.post(url, headers=headers)).status_code == 409
    assert len(await ward.recorded("casework.agency_invited")) == 2


@pytest.mark.parametrize(
    "fell",
    [
        {"withdrawn_at": NOW},
        {"ends_on": NOW.date() - timedelta(days=1)},
        {"confirm_by": NOW.date() - timedelta(days=1)},
        {"items": ["identity"]},
        {"recipients": ["hokatsu"]},
        {"purposes": ["disaster"]},
        {"state": "refused"},
    ],
    ids=lambda fell: next(iter(fell)),
)
async def test_a_part_opens_nothing_once_its_consent_covers_it_no_more(
    client: httpx.AsyncClient, ward: Ward, fell: dict[str, Any]
) -> None:
    case = await ward.open_case()
    consent = ConsentRecorded(
        household=case.household, consent=uuid4(), member=uuid4(), state="signed", recipients=("shakyo",), **FOR_ALL
    )
    await ward.hear(consent)
    asked = (await ask(client, ward, case.id, "shakyo", basis="consent_69_2_1")).json()["id"]
    await answer(client, ward, asked, "shakyo", answer="accepted")
    paths = (f"/casework/api/cases/{case.id}", f"/casework/fragments/cases/{case.id}/still")
    for path in paths:
        assert (await client.get(path, headers=ward.headers("shakyo"))).is_success
    async with ward.db.transaction() as session:  # the fact alone: no handler has ended the part
        await session.execute(update(Consent).where(Consent.id == consent.consent).values(**fell))
    for path in paths:
        assert (await client.get(path, headers=ward.headers("shakyo"))).status_code == 404
    later = await ask(client, ward, case.id, "seikatsu", basis="consent_69_2_1")
    assert later.status_code == 422


async def test_the_list_says_who_was_told_what_on_which_ground_and_keeps_what_has_ended(
    client: httpx.AsyncClient, ward: Ward
) -> None:
    case = await ward.open_case()
    asked = (await ask(client, ward, case.id, "shakyo", items=["care"], **COUNCIL)).json()["id"]
    async with ward.db.read() as session:
        assert await disclosures_of(session, case.household) == []
    await answer(client, ward, asked, "shakyo", answer="accepted")
    async with ward.db.read() as session:
        (line,) = await disclosures_of(session, case.household)
    assert (line.way, line.basis, line.reason, line.items) == (
        "invitation", "support_council_106_6", "not_contacted", ["identity", "care"],
    )  # fmt: skip
    assert (line.agencies, line.decided_by, line.ended_at) == (["shakyo"], JOBS["coordinator"].id, None)
    await client.post(
        f"/casework/api/invitations/{asked}/leave", json={"reason": "done"}, headers=ward.headers("shakyo")
    )
    async with ward.db.read() as session:
        (line,) = await disclosures_of(session, case.household)
    assert (line.end_reason, line.ended_at) == ("over", NOW)
