from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO
from uuid import UUID, uuid4

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from services.intake.actions.registration import NewHousehold, register_many
from services.intake.requests import ConsultationIn
from services.intake.tables import CaseOfHousehold, Consent, Household, HouseholdLink, Member, Protection, TypeFinding
from services.intake.tests.conftest import House, post_of
from shared import clock
from shared.audit import AuditEntry

FORM: dict[str, object] = {
    "idempotency_key": "k1",
    "channel": "phone",
    "caller_relation": "neighbour",
    "words": "息子さんが外に出ていない。",
    "worries": ["withdrawal", "income"],
    "main_worry": "withdrawal",
    "district": "sakuradai",
    "address": "桜台二丁目3番4号",
    "urgency": "B",
    "members.0.relation": "mother",
    "members.0.name": "大槻 トシ子",
    "members.0.birth_mode": "era",
    "members.0.birth": "S17.3.3",
    "members.0.coresident": "yes",
    "members.2.relation": "eldest_son",
    "members.2.birth_mode": "age",
    "members.2.birth": "56",
    "members.2.work": "not_working",
    "members.2.coresident": "yes",
    "members.3.relation": "unknown",
    "members.3.birth_mode": "era",
}
HTML = {"accept": "text/html"}


async def send(house: House, path: str, form: Mapping[str, object]) -> httpx.Response:
    return await house.client.post(f"/intake{path}", data=dict(form), headers=HTML)


async def saved(house: House, **more: object) -> UUID:
    answer = await send(house, "/consultations", FORM | {"idempotency_key": uuid4().hex} | more)
    assert answer.status_code == 303, answer.text
    return UUID(answer.headers["location"].split("/households/")[1][:36])


async def test_a_form_is_saved_once_and_leads_to_the_household(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    first = await send(house, "/consultations", FORM)
    again = await send(house, "/consultations", FORM)
    assert (first.status_code, again.status_code) == (303, 303)
    place = first.headers["location"]
    assert place.partition("&after")[0] == again.headers["location"].partition("&after")[0]
    page = await house.client.get(place, headers=HTML)
    assert page.status_code == 200
    for words in ("大槻 トシ子", "だれに伝わったか", "8050(厳密)", "<svg", "昭和17年3月3日(1942)"):
        assert words in page.text
    async with house.service.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Household)) == 1
        members = (await session.scalars(select(Member).order_by(Member.position))).all()
    assert [(one.relation, one.birth_said) for one in members] == [("mother", "S17.3.3"), ("eldest_son", "56歳")]


async def test_the_same_key_for_another_form_is_refused(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    await send(house, "/consultations", FORM)
    assert (await send(house, "/consultations", FORM | {"words": "ほか"})).status_code == 409


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"members.0.birth": "昭和99年1月1日"}, "members.0.birth"),
        ({"members.2.birth": "999"}, "members.1.birth"),
        ({"words": "あ" * 5001}, "words"),
        ({"worries": ["flying"]}, "worries"),
        ({"urgency": "A", "result": "information_only"}, "result"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    house: House, wrong: dict[str, object], field: str
) -> None:
    house.sign_in(post_of("caseworker", "c"))
    page = await send(house, "/consultations", FORM | wrong)
    assert page.status_code == 422
    assert "data-errors" in page.text
    anchor = f"f-{field.replace('.', '-')}"
    assert f'href="#{anchor}"' in page.text
    assert f'id="{anchor}"' in page.text
    for kept in ("桜台二丁目3番4号", 'value="大槻 トシ子"', 'value="k1"'):
        assert kept in page.text
    async with house.service.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Household)) == 0


async def test_what_is_typed_is_looked_at(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    await saved(house)
    found = await send(
        house, "/consultations/detect", FORM | {"words": "腕にあざ", "urgency": "", "members.3.birth": "2"}
    )
    assert found.status_code == 200
    assert "見のがせないことば" in found.text
    assert "100" in found.text
    assert 'id="f-members-2-known"' in found.text
    assert re.search(r'value="A"[^>]*checked', found.text)
    kept = await send(house, "/consultations/detect", FORM | {"urgency": "C", "urgency_proposed": "B"})
    assert re.search(r'value="C"[^>]*checked', kept.text)
    for bad in ({"members.0.birth": "\x00", "words": "\x00", "main_worry": "?!"}, {"household": "x"}, {"mesh": "1"}):
        assert (await send(house, "/consultations/detect", FORM | bad)).status_code == 200


async def test_refusing_a_candidate_takes_it_away_and_joining_keeps_what_was_typed(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    refused = await send(house, "/consultations/detect", FORM | {"refuse": str(household)})
    assert "/100" not in refused.text
    assert f'name="not_same" value="{household}"' in refused.text
    joined = await send(house, "/consultations/detect", FORM | {"join": str(household)})
    assert f'name="household" value="{household}"' in joined.text
    assert await saved(house, household=str(household)) == household


async def test_searching_finds_by_many_words_and_puts_none_into_an_address(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house, **{"members.0.kana": "おおつき としこ", "phone": "03-0000-4471"})
    for words in (
        "大槻",
        "オオツキ トシコ",
        "おおつき",
        "0300004471",
        "4471",
        "19420303",
        "桜台2-3-4",
        "大槻 桜台2-3-4",
    ):
        page = await send(house, "/households", {"q": words})
        assert str(household) in page.text, words
        assert "hx-get" not in page.text
    nothing = await send(house, "/households", {"q": "存在しない"})
    assert "見つかりません" in nothing.text
    async with house.service.db.read() as session:
        number = (await session.get_one(Household, household)).number
    straight = await send(house, "/search", {"q": number.lower()})
    assert straight.headers["location"] == f"/intake/households/{household}"
    assert (await send(house, "/search", {"q": "大槻"})).status_code == 200
    for bad in ({"q": "\x00"}, {"q": "あ" * 500}, {"area": "?"}, {"before": "x", "before_id": "y"}, {"q": "%_\\"}):
        assert (await send(house, "/households", bad)).status_code == 200


async def test_the_list_goes_on_by_keyset_and_its_queries_do_not_grow(house: House) -> None:
    actor = post_of("caseworker", "c")
    house.sign_in(actor)
    counts = []
    for more in (2, 118):
        requests = [
            ConsultationIn.model_validate(
                {"words": "あ", "area": "c", "occurred_at": clock.now() - timedelta(hours=n % 7)}
            )
            for n in range(more)
        ]
        async with house.service.db.transaction() as session:
            await register_many(session, actor, [NewHousehold(one) for one in requests])
        house.queries.clear()
        page = await house.get("/households", page=True)
        counts.append(len(house.queries))
    assert counts[1] <= counts[0] + 1
    seen = re.findall(r'href="/intake/households/([0-9a-f-]{36})"', page.text)
    while found := re.findall(r'name="(before|before_id)" value="([^"]+)"', page.text):
        page = await house.client.post("/intake/households", data=dict(found), headers=HTML | {"hx-request": "true"})
        assert "<html" not in page.text
        seen += re.findall(r'href="/intake/households/([0-9a-f-]{36})"', page.text)
    assert len(seen) == len(set(seen)) == 120


async def test_the_forms_of_a_household(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    base = f"/households/{household}"
    async with house.service.db.read() as session:
        mother, son = (await session.scalars(select(Member).order_by(Member.position))).all()
    steps: list[tuple[str, dict[str, object]]] = [
        ("/types/T8050", {"answer": "confirmed"}),
        ("/types/T8050W", {"answer": "rejected", "reason": "働いている"}),
        ("/members", {"relation": "eldest_daughter", "birth": "50代"}),
        (f"/members/{son.id}", {"version": "1", "relation": "eldest_son", "birth": "S45.1.1", "work": "employed"}),
        (f"/members/{mother.id}/left", {"reason": "hospital"}),
        (
            "/consents",
            {
                "member": str(son.id),
                "state": "signed",
                "purpose": "support",
                "recipients": ["hokatsu-c"],
                "items": ["care"],
            },
        ),
        ("/change", {"address": "元町1-1-1", "district": "motomachi"}),
        ("/protections", {"member": str(son.id), "kind": "dv"}),
    ]
    for path, form in steps:
        async with house.service.db.read() as session:
            version = str((await session.get_one(Household, household)).version)
        more = {"version": version} if path == "/change" else {}
        answer = await send(house, base + path, form | more | {"idempotency_key": uuid4().hex})
        assert answer.status_code == 303, (path, answer.text[:3000])
    async with house.service.db.read() as session:
        findings = {one.code: one.answer for one in await session.scalars(select(TypeFinding))}
        assert (findings["T8050"], findings["T8050W"]) == ("confirmed", "rejected")
        consent = (await session.scalars(select(Consent))).one()
        protection = (await session.scalars(select(Protection))).one()
    page = await house.get(base, page=True)
    assert "元町1-1-1" in page.text
    assert "保護中" in page.text
    for path, why in (
        (f"/consents/{consent.id}/withdraw", "やめたい"),
        (f"/protections/{protection.id}/end", "終了"),
    ):
        assert (await send(house, base + path, {"reason": why})).status_code == 303


async def test_a_refused_change_says_why_on_the_page(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    async with house.service.db.read() as session:
        mother = (await session.scalars(select(Member).order_by(Member.position))).first()
    assert mother is not None
    for path, form, status in (
        ("/types/T8050", {"answer": "rejected"}, 422),
        (f"/members/{mother.id}", {"version": "9", "name": "大槻"}, 409),
        (f"/members/{mother.id}", {"version": "1", "birth": "昭和99年"}, 422),
        ("/consents", {"member": str(mother.id), "state": "signed"}, 422),
        ("/consents", {"member": str(uuid4()), "state": "signed"}, 422),
        (f"/members/{mother.id}/left", {"reason": ""}, 422),
    ):
        page = await send(house, f"/households/{household}{path}", form)
        assert page.status_code == status, path
        assert "data-errors" in page.text


async def test_links_are_made_and_taken_back(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    one, other = await saved(house), await saved(house)
    page = await house.get(f"/households/{one}", page=True)
    assert "同じかもしれない" in page.text
    for path, form, state in (
        ("/links", {"other": str(other), "answer": "linked"}, "linked"),
        (f"/links/{other}/undo", {}, "unlinked"),
    ):
        assert (await send(house, f"/households/{one}{path}", form)).status_code == 303
        async with house.service.db.read() as session:
            assert (await session.scalars(select(HouseholdLink.state))).one() == state


@pytest.mark.parametrize("piece", ["strip", "genogram", "safety"])
async def test_pieces_for_other_pages_follow_the_viewers_rights(house: House, piece: str) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house, avoid="夜は電話しない")
    path = f"/fragments/household/{household}/{piece}"
    seen = await house.get(path, page=True)
    assert seen.status_code == 200
    assert "<html" not in seen.text
    if piece == "genogram":
        assert f'href="/intake/households/{household}"' in seen.text
    else:
        assert "夜は電話しない" in seen.text
    elsewhere = post_of("caseworker", "n", agency="sukoyaka-n")
    assert (await house.get(path, actor=elsewhere)).status_code == 404


async def test_the_next_deadline_is_caseworks_as_soon_as_there_is_a_case(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household, case = await saved(house), uuid4()
    path = f"/fragments/household/{household}/strip"
    alone = (await house.get(path, page=True)).text
    assert "はじめて会う(相談の受付から)" in alone
    assert "/casework/fragments/" not in alone
    async with house.service.db.transaction() as session:
        session.add(CaseOfHousehold(case_id=case, household_id=household, number="K26-0001", owner=uuid4(), agency="a"))
    led = (await house.get(path, page=True)).text
    assert f'hx-get="/casework/fragments/cases/{case}/due"' in led
    async with house.service.db.transaction() as session:
        (await session.get_one(CaseOfHousehold, case)).closed = True
    over = (await house.get(path, page=True)).text
    assert "はじめて会う" not in over
    assert "/casework/fragments/" not in over


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_page_in_both_languages(house: House, language: str) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    for path in (
        "/consultations/new",
        f"/consultations/new?household={household}",
        "/households",
        f"/households/{household}",
    ):
        house.client.cookies.set("kasane_lang", language)
        page = await house.get(path, page=True)
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text


async def test_posts_that_may_not_write_get_no_form(house: House) -> None:
    house.sign_in(post_of("outreach_worker", "c", agency="outreach-c"))
    assert (await house.get("/consultations/new", page=True)).status_code == 403


async def test_the_list_is_exported_without_what_is_delicate(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house, **{"members.0.name": "=大槻 トシ子"})
    sheet = await send(house, "/households/export", {"kind": "csv"})
    assert sheet.content.startswith("\ufeff".encode())
    lines = sheet.text.splitlines()
    assert len(lines) == 2
    assert "'=大槻 トシ子" in lines[1]
    assert "8050" not in sheet.text
    book = await send(house, "/households/export", {"kind": "xlsx", "q": "トシ子"})
    assert load_workbook(BytesIO(book.content)).worksheets[0].max_row == 2
    async with house.service.db.read() as session:
        noted = (await session.scalars(select(AuditEntry.household).where(AuditEntry.action == "export"))).all()
    assert noted == [household, household]


class FormReader(HTMLParser):
    """The fields of the form with a given action, as a browser would send them."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.inside, self.select = action, False, ""
        self.fields: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        if tag == "form":
            self.inside = at.get("action") == self.action
        name = at.get("name") or ""
        if not self.inside:
            return
        if tag == "select":
            self.select = name
            self.fields.setdefault(name, [])
        elif tag == "option" and self.select and ("selected" in at or not self.fields[self.select]):
            self.fields[self.select] = [at.get("value") or ""]
        elif tag == "input" and name and (at.get("type") not in {"checkbox", "radio"} or "checked" in at):
            self.fields.setdefault(name, []).append(at.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""


async def test_saving_a_form_unchanged_changes_nothing(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    async with house.service.db.read() as session:
        mother, son = (await session.scalars(select(Member).order_by(Member.position))).all()
    answers = {
        "relation": "eldest_son",
        "name": "大槻 修",
        "birth": "56歳",
        "coresident": "yes",
        "work": "not_working",
        "disability": ["mental_2"],
        "withdrawn_months": 240,
        "talks_outside_family": "no",
        "sees_doctor": "no",
        "cares_for": [str(mother.id), "outside"],
        "care_hours_weekday": 2.5,
        "parents": [str(mother.id)],
        "version": 1,
    }
    assert (await house.client.put(f"/intake/api/members/{son.id}", json=answers)).status_code == 200
    home = {
        "version": 2,
        "address": "元町1-1-1",
        "district": "motomachi",
        "hoarding": 2,
        "lifeline_stopped": "yes",
        "told_arrears": ["tax", "rent"],
        "concerns": ["care"],
        "last_reaction": "2026-06-01",
        "more_people": True,
    }
    async with house.service.db.read() as session:
        home["version"] = (await session.get_one(Household, household)).version
    assert (await house.client.put(f"/intake/api/households/{household}", json=home)).status_code == 200

    async def snapshot() -> list[dict[str, object]]:
        async with house.service.db.read() as session:
            rows = [await session.get_one(Member, son.id), await session.get_one(Household, household)]
            return [{c.name: getattr(row, c.name) for c in row.__table__.c if c.name != "version"} for row in rows]

    before = await snapshot()
    page = await house.get(f"/households/{household}", page=True)
    for path in (f"/households/{household}/members/{son.id}", f"/households/{household}/change"):
        reader = FormReader(f"/intake{path}")
        reader.feed(page.text)
        assert (await send(house, path, reader.fields)).status_code == 303, path
        page = await house.get(f"/households/{household}", page=True)
    after = await snapshot()
    assert after == before
