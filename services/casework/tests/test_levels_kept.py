"""What is left of a case to whom while somebody in its household is protected (支援措置)."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from services.casework.tests.sample import Ward, actor_of
from services.casework.tests.test_levels import NARRATIVE, Client, done, full_case, get, headers
from shared.events.intake import AllowListChanged, ProtectionEnded, ProtectionSet


async def test_a_protected_household_is_nobodys_by_its_area(client: Client, ward: Ward) -> None:
    case = await ward.open_case()
    colleague = replace(actor_of("caseworker-n"), post=uuid4())
    await done(client, ward, "caseworker-n", f"cases/{case.id}/visit-requests", aim="会う", purpose="contact",
               due_on="2026-06-25", persons=2)  # fmt: skip
    seen = [(await get(client, ward, by, f"api/cases/{case.id}")).status_code for by in (colleague, "lead")]
    await ward.hear(ProtectionSet(household=case.household, protection=uuid4(), member=uuid4(), kind="dv"))
    seen += [(await get(client, ward, by, f"api/cases/{case.id}")).status_code for by in (colleague, "lead")]
    assert seen == [200, 200, 404, 404]
    assert (await get(client, ward, "caseworker-n", f"api/cases/{case.id}")).status_code == 200
    assert case.number not in (await get(client, ward, "caseworker-n", "cases/export.csv")).text


async def test_who_is_of_the_area_and_on_the_allow_list_loses_nothing_but_paper(client: Client, ward: Ward) -> None:
    case = await full_case(client, ward)
    colleague = replace(actor_of("caseworker-n"), post=uuid4(), person=uuid4())
    paper = f"cases/{case.id}/handover"

    async def sees() -> bool:
        answer = await get(client, ward, colleague, f"api/cases/{case.id}")
        assert answer.status_code in {200, 404}
        listed = (await get(client, ward, colleague, "api/cases")).json()["cases"]
        assert (case.number in {one["number"] for one in listed}) is (answer.status_code == 200)
        return answer.status_code == 200

    before = (await get(client, ward, colleague, f"api/cases/{case.id}")).json()
    held = ProtectionSet(household=case.household, protection=uuid4(), member=uuid4(), kind="dv")
    await ward.hear(held)
    assert not await sees()
    await ward.hear(AllowListChanged(household=case.household, posts=(colleague.post,)))
    assert await sees()
    now = (await get(client, ward, colleague, f"api/cases/{case.id}")).json()
    assert (now["levels"], now["entries"]) == (before["levels"], before["entries"])
    assert (await get(client, ward, colleague, paper, html=True)).status_code == 404, "nobody prints it"
    await ward.hear(AllowListChanged(household=case.household, posts=()))
    assert not await sees()
    await ward.hear(AllowListChanged(household=case.household, posts=(colleague.post,)))
    await ward.hear(ProtectionEnded(household=case.household, protection=held.protection, member=held.member))
    await ward.hear(ProtectionSet(household=case.household, protection=uuid4(), member=uuid4(), kind="dv"))
    assert not await sees(), "a list ends with its protection"


async def test_of_a_protected_households_case_the_ward_sees_its_status_and_nobody_prints_it(
    client: Client, ward: Ward
) -> None:
    case = await full_case(client, ward)
    paper = f"cases/{case.id}/handover"
    assert (await get(client, ward, "coordinator", paper, html=True)).status_code == 200
    await ward.hear(ProtectionSet(household=case.household, protection=uuid4(), member=uuid4(), kind="dv"))
    other = replace(actor_of("coordinator"), post=uuid4(), person=uuid4())
    seen = (await get(client, ward, other, f"api/cases/{case.id}")).json()
    assert seen["levels"] == ["A"]
    for nothing in ("entries", "plans", "tasks", "visits_made", "consents", "safety_flags"):
        assert seen[nothing] == [], nothing
    assert [one["agency"] for one in seen["invitations"]]
    refused = await client.post(
        f"/casework/api/cases/{case.id}/entries",
        json={"occurred_at": "2026-06-18T09:00:00+09:00", "kind": "phone", "facts": "x"},
        headers=headers(ward, other),
    )
    assert refused.status_code in {403, 404}
    for by in ("caseworker-n", "coordinator", "manager"):
        assert (await get(client, ward, by, paper, html=True)).status_code == 404, by
        page = (await get(client, ward, by, f"cases/{case.id}", html=True)).text
        assert f"/casework/{paper}" not in page, by
        assert NARRATIVE["shared"] in page, by


async def test_a_visit_to_a_protected_household_is_not_asked_of_every_team(client: Client, ward: Ward) -> None:
    await ward.open_case()  # another family, without protection, opens nothing of this one
    case = await full_case(client, ward)
    far = replace(actor_of("lead"), post=uuid4(), areas=frozenset({"s"}), agency="outreach-s")
    assert (await get(client, ward, far, f"api/cases/{case.id}")).status_code == 404
    await ward.hear(ProtectionSet(household=case.household, protection=uuid4(), member=uuid4(), kind="dv"))
    assert (await get(client, ward, far, f"api/cases/{case.id}")).status_code == 404, "forgotten is not everywhere"
