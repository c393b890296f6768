"""What each level shows over HTTP, on the real database: pages, API, lists, search, export, board, forms."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.queries.access import Viewer, showing, standing, viewer_of
from services.casework.queries.cases import CaseFilter, list_cases
from services.casework.rules.rights import Part
from services.casework.tables import Agency, Case, Consultation, Invitation
from services.casework.tests.sample import JOBS, NOW, Ward, actor_of
from shared import clock
from shared.codes import Code
from shared.events.intake import ConsentRecorded, ConsentWithdrawn
from shared.events.outreach import VisitAssigned
from shared.identity import Actor, Tokens
from shared.rights import REASON_HOLDS

Client = httpx.AsyncClient
NARRATIVE = {
    "question": "カナリア問い", "answer": "カナリア返事", "lead": "カナリア内々の記録", "shared": "カナリア共有の記録",
    "goal": "カナリアの目標", "task": "カナリアの約束", "minutes": "カナリア議事", "aim": "カナリアのねらい",
}  # fmt: skip


async def send(client: Client, ward: Ward, by: str, path: str, **body: Any) -> httpx.Response:
    return await client.post(f"/casework/api/{path}", json=body, headers=ward.headers(by))


async def done(client: Client, ward: Ward, by: str, path: str, **body: Any) -> str:
    answer = await send(client, ward, by, path, **body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def headers(ward: Ward, actor: Actor, *, html: bool = False) -> dict[str, str]:
    bearer = {"authorization": f"Bearer {Tokens(ward.settings).sign(actor)}"}
    return bearer | {"accept": "text/html"} if html else bearer


async def get(client: Client, ward: Ward, by: str | Actor, path: str, *, html: bool = False) -> httpx.Response:
    actor = actor_of(by) if isinstance(by, str) else by
    return await client.get(f"/casework/{path}", headers=headers(ward, actor, html=html))


def of_kind(kind: str, role: str = "agency_worker") -> Actor:
    """Somebody of an agency of this kind, of which the small ward has none."""
    return replace(actor_of("shakyo"), post=uuid4(), person=uuid4(), agency=f"the-{kind}", agency_kind=kind, role=role)


async def take_part(ward: Ward, case: Case, agency: str, kind: str, basis: str) -> None:
    """An agency that has accepted its part on this ground, as if it had been asked long ago."""
    async with ward.db.transaction() as session:
        if await session.get(Agency, agency) is None:
            session.add(Agency(code=agency, kind=kind, ja=kind, en=kind))
            await session.flush()
        session.add(
            Invitation(
                id=uuid4(), case_id=case.id, household=case.household, agency=agency, question="見守りのお願い",
                basis=basis, items=["identity"], urgency="B", asked_at=NOW, asked_on=NOW.date(),
                answer_due=NOW.date(), invited_by=JOBS["coordinator"].id, state="accepted",
            )
        )  # fmt: skip


async def full_case(client: Client, ward: Ward) -> Case:
    """A case with narrative of every sort; hokatsu takes part, seikatsu returned it, the plan is decided."""
    case = await ward.open_case(flags=("violence",))
    at = f"cases/{case.id}"
    internal = {"question": NARRATIVE["question"], "basis": "internal_69_2_2"}
    asked = await done(client, ward, "coordinator", f"{at}/invitations", agency="hokatsu-n", **internal)
    await done(client, ward, "hokatsu", f"invitations/{asked}/answer", answer="accepted")
    other = await done(client, ward, "coordinator", f"{at}/invitations", agency="seikatsu", **internal)
    back = {"answer": "returned", "reason": "capacity", "text": NARRATIVE["answer"]}
    await done(client, ward, "seikatsu", f"invitations/{other}/answer", **back)
    for scope in ("lead", "all"):
        facts = NARRATIVE["lead" if scope == "lead" else "shared"]
        entry = {"occurred_at": "2026-06-18T09:00:00+09:00", "kind": "phone", "facts": facts, "scope": scope}
        await done(client, ward, "caseworker-n", f"{at}/entries", **entry, fix=True)
    for agency in ("hokatsu-n", "shakyo"):
        title = NARRATIVE["task"] if agency == "shakyo" else "受診に付きそう"
        await done(client, ward, "coordinator", f"{at}/tasks", title=title, agency=agency, due_on="2026-07-01")
    plan = await done(
        client, ward, "coordinator", f"{at}/plans", goal=NARRATIVE["goal"], starts_on="2026-06-18",
        ends_on="2026-12-17", monitoring_on="2026-07-17", lines=[{"what": "週に一度会う", "agency": "hokatsu-n"}],
    )  # fmt: skip
    await done(client, ward, "manager", f"{at}/open", reason="支援決定のため")
    await done(client, ward, "manager", f"plans/{plan}/decide", document="7-12")
    await done(client, ward, "coordinator", f"{at}/visit-requests", aim=NARRATIVE["aim"], purpose="contact",
               due_on="2026-06-25", persons=2)  # fmt: skip
    return case


async def test_t_sees_its_own_tasks_the_summary_and_the_rows_of_the_plan(client: Client, ward: Ward) -> None:
    case = await full_case(client, ward)
    seen = (await get(client, ward, "hokatsu", f"api/cases/{case.id}")).json()
    assert seen["levels"] == ["T"]
    assert seen["household"] == str(case.household)
    assert seen["safety_flags"] == ["violence"]
    assert [one["title"] for one in seen["tasks"]] == ["受診に付きそう"]
    assert [one["facts"] for one in seen["entries"]] == [NARRATIVE["shared"]]
    assert [(one["goal"], one["document"], one["lines"][0]["what"]) for one in seen["plans"]] == [
        (NARRATIVE["goal"], "", "週に一度会う")
    ]
    asked = {one["agency"]: one for one in seen["invitations"]}
    assert asked["hokatsu-n"]["question"] == NARRATIVE["question"]
    assert (asked["seikatsu"]["light"], asked["seikatsu"]["question"], asked["seikatsu"]["basis"]) == ("back", "", "")
    for nothing in ("visit_requests", "visits_made", "consents", "linked", "meetings"):
        assert seen[nothing] == [], nothing
    assert {one["agency"] or one["post"] for one in seen["timeline"]} <= {"hokatsu-n", str(JOBS["hokatsu"].id)}
    page = (await get(client, ward, "hokatsu", f"cases/{case.id}", html=True)).text
    for hidden in ("answer", "lead", "task", "minutes", "aim"):
        assert NARRATIVE[hidden] not in page, hidden
    for part in ('id="visits"', 'id="consent"', f"/casework/cases/{case.id}/handover", 'id="close"'):
        assert part not in page, part
    for part in ('id="plan"', 'id="tasks"', "見えるのは、自分の分と共有の要約です"):
        assert part in page, part
    assert (await get(client, ward, "hokatsu", f"cases/{case.id}/handover", html=True)).status_code == 404


async def test_f_sees_all_and_what_is_kept_for_owner_and_lead_only_they_see(client: Client, ward: Ward) -> None:
    case = await full_case(client, ward)
    await done(client, ward, "coordinator", f"cases/{case.id}/lead", agency="hokatsu-n")
    colleague = replace(actor_of("caseworker-n"), post=uuid4())
    for by, facts in (
        ("caseworker-n", {"lead", "shared"}),
        ("coordinator", {"lead", "shared"}),
        ("hokatsu", {"lead", "shared"}),
        (colleague, {"shared"}),
    ):
        seen = (await get(client, ward, by, f"api/cases/{case.id}")).json()
        assert "F" in seen["levels"]
        assert {one["facts"] for one in seen["entries"]} == {NARRATIVE[one] for one in facts}
        assert len(seen["tasks"]) == 2
        assert seen["plans"][0]["goal"] == NARRATIVE["goal"]
        assert seen["visit_requests"][0]["aim"] == NARRATIVE["aim"]
        page = (await get(client, ward, by, f"cases/{case.id}", html=True)).text
        assert NARRATIVE["answer"] in page
        assert "見えるのは" not in page


async def test_a_coordinator_has_the_list_of_the_ward_and_all_of_what_they_work_on(client: Client, ward: Ward) -> None:
    case = await ward.open_case()
    entry = {"occurred_at": "2026-06-18T09:00:00+09:00", "kind": "phone", "facts": "内々", "scope": "lead"}
    await done(client, ward, "caseworker-n", f"cases/{case.id}/entries", **entry, fix=True)
    before = (await get(client, ward, "coordinator", f"api/cases/{case.id}")).json()
    assert (before["levels"], before["entries"], before["may_coordinate"]) == (["T"], [], True)
    asked = {"agency": "seikatsu", "question": "?", "basis": "internal_69_2_2"}
    await done(client, ward, "coordinator", f"cases/{case.id}/invitations", **asked)
    after = (await get(client, ward, "coordinator", f"api/cases/{case.id}")).json()
    assert (after["levels"], [one["facts"] for one in after["entries"]]) == (["F", "T"], ["内々"])


async def test_a_manager_sees_status_and_figures_and_the_record_with_a_reason_for_some_hours(
    client: Client, ward: Ward
) -> None:
    case = await ward.open_case()
    at = f"api/cases/{case.id}"
    (row,) = (await get(client, ward, "manager", "api/cases")).json()["cases"]
    assert (row["number"], row["urgency"], row["household"], row["opens"]) == (case.number, "B", None, True)
    assert (await get(client, ward, "manager", f"api/cases?household={case.household}")).json()["total"] == 0
    listed = (await get(client, ward, "manager", "cases", html=True)).text
    assert case.number in listed
    assert str(case.household) not in listed
    refused = await get(client, ward, "manager", at)
    assert refused.status_code == 403
    assert "理由" in refused.json()["title"]
    task = {"title": "x", "agency": "shakyo", "due_on": "2026-07-01"}
    assert (await send(client, ward, "manager", f"cases/{case.id}/tasks", **task)).status_code == 403
    for path in (f"cases/{case.id}/handover", f"cases/{case.id}/do/entry", f"fragments/cases/{case.id}/due"):
        assert (await get(client, ward, "manager", path, html=True)).status_code == 403, path
    assert (await send(client, ward, "manager", f"cases/{case.id}/open", reason=" ")).status_code == 422
    await done(client, ward, "manager", f"cases/{case.id}/open", reason="期限をすぎた依頼の確認")
    seen = (await get(client, ward, "manager", at)).json()
    assert (seen["household"], seen["may_coordinate"]) == (str(case.household), True)
    with clock.at(NOW + REASON_HOLDS + timedelta(minutes=1)):
        assert (await get(client, ward, "manager", at)).status_code == 403


async def test_without_consent_the_shakyo_sees_its_own_part_and_with_it_all(client: Client, ward: Ward) -> None:
    case = await full_case(client, ward)
    council = {"question": "居場所は?", "basis": "support_council_106_6", "reason": "not_contacted"}
    asked = await done(client, ward, "coordinator", f"cases/{case.id}/invitations", agency="shakyo", **council)
    await done(client, ward, "shakyo", f"invitations/{asked}/answer", answer="accepted")
    written = {"occurred_at": "2026-06-18T09:30:00+09:00", "kind": "phone", "facts": "わたしたちの電話", "fix": True}
    await done(client, ward, "shakyo", f"cases/{case.id}/entries", **written)
    seen = (await get(client, ward, "shakyo", f"api/cases/{case.id}")).json()
    assert seen["levels"] == ["M"]
    assert [one["facts"] for one in seen["entries"]] == ["わたしたちの電話"]
    assert [one["title"] for one in seen["tasks"]] == [NARRATIVE["task"]]
    assert [one["agency"] for one in seen["invitations"]] == ["shakyo"]
    for nothing in ("types", "worries", "safety_flags", "plans", "timeline", "consents"):
        assert seen[nothing] == [], nothing
    assert (seen["urgency"], seen["area"], seen["waiting_since"]) == (None, None, None)
    page = (await get(client, ward, "shakyo", f"cases/{case.id}", html=True)).text
    for hidden in ("地域包括 北", "8050", "週に一度会う", "/intake/fragments/household", 'id="family"'):
        assert hidden not in page, hidden
    (row,) = (await get(client, ward, "shakyo", "api/cases")).json()["cases"]
    assert (row["number"], row["urgency"], row["types"]) == (case.number, None, [])
    for narrowed in ("type=T8050", "urgency=B", "area=n", "agency=hokatsu-n"):
        assert (await get(client, ward, "shakyo", f"api/cases?{narrowed}")).json()["total"] == 0, narrowed
    assert (await get(client, ward, "shakyo", "api/board")).json()["total"] == 0
    assert (await send(client, ward, "coordinator", f"invitations/{asked}/leave", reason="done")).status_code == 403
    await done(client, ward, "shakyo", f"invitations/{asked}/leave", reason="done")
    assert (await get(client, ward, "shakyo", f"api/cases/{case.id}")).status_code == 404

    consent, member = uuid4(), uuid4()
    every = ("identity", "family", "health", "care", "economy", "work", "words")
    await ward.hear(ConsentRecorded(household=case.household, consent=consent, member=member, state="signed",
                                    recipients=("shakyo",), purposes=("support",), items=every))  # fmt: skip
    again = {"agency": "shakyo", "question": "居場所は?", "basis": "consent_69_2_1"}
    asked = await done(client, ward, "coordinator", f"cases/{case.id}/invitations", **again)
    await done(client, ward, "shakyo", f"invitations/{asked}/answer", answer="accepted")
    full = (await get(client, ward, "shakyo", f"api/cases/{case.id}")).json()
    assert "F" in full["levels"]
    assert NARRATIVE["shared"] in {one["facts"] for one in full["entries"]}
    assert NARRATIVE["lead"] not in {one["facts"] for one in full["entries"]}
    await ward.hear(ConsentWithdrawn(household=case.household, consent=consent, member=member))
    assert (await get(client, ward, "shakyo", f"api/cases/{case.id}")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "basis", "levels"),
    [
        ("hokatsu", "internal_69_2_2", ["T"]),
        ("seikatsu", "internal_69_2_2", ["T"]),
        ("shakyo", "support_council_106_6", ["M"]),
        ("minsei", "benefit_69_2_4", ["T"]),
        ("kankyo", "internal_69_2_2", ["T"]),
        ("chonai", "ordinance", None),
        ("chonai", "benefit_69_2_4", None),
        ("keisatsu", "agency_69_2_3", None),
        ("iryo", "benefit_69_2_4", None),
        ("shuno", "internal_69_2_2", None),
        ("kiki", "disaster", None),
    ],
)
async def test_taking_part_opens_to_each_kind_what_its_level_shows(
    client: Client, ward: Ward, kind: str, basis: str, levels: list[str] | None
) -> None:
    case, actor = await ward.open_case(flags=("suicide",)), of_kind(kind)
    await take_part(ward, case, actor.agency, kind, basis)
    found = await get(client, ward, actor, f"api/cases/{case.id}")
    assert found.status_code == (404 if levels is None else 200)
    if levels is not None:
        assert found.json()["levels"] == levels
    if kind in {"minsei", "kankyo", "shakyo"}:
        seen = found.json()
        assert (seen["types"], seen["worries"], seen["safety_flags"], seen["urgency"]) == ([], [], [], None)
        assert seen["invitations"][0]["question"] == "見守りのお願い"
        page = (await get(client, ward, actor, f"cases/{case.id}", html=True)).text
        assert "8050" not in page
    listed = (await get(client, ward, actor, "api/cases")).json()["cases"]
    names = kind in {"chonai", "kiki"} and basis in {"ordinance", "disaster"}
    assert [one["number"] for one in listed] == ([case.number] if levels or names else [])
    if names:
        assert (listed[0]["household"], listed[0]["opens"]) == (str(case.household), False)
        assert (listed[0]["urgency"], listed[0]["types"]) == (None, [])


async def test_who_sent_a_call_has_a_receipt_and_never_what_came_of_it(client: Client, ward: Ward) -> None:
    case, tax = await ward.open_case(), of_kind("shuno")
    assert "受け取りました" not in (await get(client, ward, tax, "", html=True)).text
    async with ward.db.transaction() as session:
        await session.execute(update_call(case.household, tax.post))
    home = (await get(client, ward, tax, "", html=True)).text
    assert "受け取りました" in home
    for hidden in (case.number, str(case.id), str(case.household)):
        assert hidden not in home
    for path in (f"api/cases/{case.id}", f"cases/{case.id}", f"fragments/cases/{case.id}/due"):
        assert (await get(client, ward, tax, path)).status_code == 404
    assert (await get(client, ward, tax, "api/cases")).json()["total"] == 0
    assert (await get(client, ward, tax, "api/board")).json()["total"] == 0


def update_call(household: UUID, post: UUID) -> Any:
    return update(Consultation).where(Consultation.household == household).values(received_by=post)


async def test_an_outreach_worker_sees_the_cases_they_are_sent_to_and_the_lead_those_of_the_area(
    client: Client, ward: Ward
) -> None:
    case = await ward.open_case()
    request = await done(client, ward, "coordinator", f"cases/{case.id}/visit-requests", aim="会う", purpose="contact",
                         due_on="2026-06-25", persons=2)  # fmt: skip
    elsewhere = replace(actor_of("lead"), post=uuid4(), agency="outreach-c", areas=frozenset({"c"}))
    for by, status in (("lead", 200), ("worker", 404), (elsewhere, 404)):
        assert (await get(client, ward, by, f"api/cases/{case.id}")).status_code == status
        assert (await get(client, ward, by, f"fragments/visit-requests/{request}")).status_code == status
    await ward.hear(VisitAssigned(household=case.household, case=case.id, request=UUID(request), visit=uuid4(),
                                  team="outreach-n", workers=(JOBS["worker"].id,), starts_at=NOW,
                                  ends_at=NOW + timedelta(hours=1), assigned_by=JOBS["lead"].id))  # fmt: skip
    for by, status in (("worker", 200), ("worker-2", 404)):
        assert (await get(client, ward, by, f"api/cases/{case.id}")).status_code == status


async def test_the_same_person_has_in_each_post_the_rights_of_that_post(client: Client, ward: Ward) -> None:
    case = await full_case(client, ward)
    one, other = actor_of("hokatsu"), replace(actor_of("seikatsu"), person=actor_of("hokatsu").person)
    assert (await get(client, ward, one, f"api/cases/{case.id}")).status_code == 200
    assert (await get(client, ward, other, f"api/cases/{case.id}")).status_code == 404


async def test_a_lead_that_had_to_leave_leads_no_more(client: Client, ward: Ward) -> None:
    case = await full_case(client, ward)
    await done(client, ward, "coordinator", f"cases/{case.id}/lead", agency="hokatsu-n")
    async with ward.db.transaction() as session:
        gone = {"state": "left", "end_reason": "consent_withdrawn", "ended_at": NOW}
        await session.execute(update(Invitation).where(Invitation.agency == "hokatsu-n").values(**gone))
    assert (await get(client, ward, "hokatsu", f"api/cases/{case.id}")).status_code == 404


async def test_what_a_council_was_told_leaves_in_no_file(client: Client, ward: Ward) -> None:
    told, known = await ward.open_case(), await ward.open_case()
    await take_part(ward, told, "seikatsu", "seikatsu", "support_council_106_6")
    await take_part(ward, known, "seikatsu", "seikatsu", "internal_69_2_2")
    exported = (await get(client, ward, "seikatsu", "cases/export.csv")).text
    assert (known.number in exported, told.number in exported) == (True, False)


@pytest.mark.parametrize("role", ["operator", "auditor"])
async def test_no_row_of_the_list_opens_a_case_to_the_machinery_or_the_log(
    client: Client, ward: Ward, role: str
) -> None:
    case = await ward.open_case()
    actor = replace(actor_of("manager"), post=case.owner, role=role)
    async with ward.db.transaction() as session:
        row = {"role": role, "relation": "ward", "level": "F"}
        session.add(
            Code(list="ACCESS", code="wrong", ja="x", en="x", position=1, attributes=row, active=True, edited=True)
        )
    assert (await get(client, ward, actor, f"api/cases/{case.id}")).status_code == 404
    assert (await get(client, ward, actor, "api/cases")).json()["total"] == 0


async def test_a_ward_edits_the_list_and_a_row_beyond_its_day_opens_nothing(client: Client, ward: Ward) -> None:
    case = await full_case(client, ward)
    for change, status in (
        ({"until": "2026-06-17"}, 404),
        ({"level": "nonsense"}, 404),
        ({"level": "A"}, 403),
        ({"level": "M"}, 200),
    ):
        row = {"role": "agency_worker", "kind": "hokatsu", "relation": "part", "level": "T"} | change
        async with ward.db.transaction() as session:
            where = update(Code).where(Code.list == "ACCESS", Code.code == "hokatsu_part")
            await session.execute(where.values(attributes=row))
        assert (await get(client, ward, "hokatsu", f"api/cases/{case.id}")).status_code == status, change


async def test_lists_and_single_looks_agree_for_every_post(client: Client, ward: Ward) -> None:
    """What a select lets through is what the sight of the single case says."""
    await full_case(client, ward)
    for more in ({"area": "c", "by": "caseworker-c"}, {"area": None}, {"urgency": "A"}):
        await ward.open_case(**more)
    async with ward.db.read() as session:
        cases = list(await session.scalars(select(Case.id)))
        for code in sorted(JOBS):
            viewer = await viewer_of(session, actor_of(code))
            for case_id in cases:
                await agrees(session, viewer, case_id)
            found, total = await list_cases(session, actor_of(code), CaseFilter(state=""))
            assert len(found) == total


async def agrees(session: AsyncSession, viewer: Viewer, case_id: UUID) -> None:
    held = await session.scalar(select(standing(viewer)).where(Case.id == case_id))
    seen = viewer.sight(held or ())
    for part in get_args(Part):
        there = await session.scalar(select(Case.id).where(Case.id == case_id, showing(viewer, part)))
        assert (there is not None) is seen.shows(part), (viewer.actor.role, part)
