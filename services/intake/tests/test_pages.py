from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from services.intake.actions.registration import NewHousehold, register_many
from services.intake.requests import ConsultationIn
from services.intake.tables import CaseOfHousehold, Household, Member
from services.intake.tests.browsing import FORM, HTML, saved, send
from services.intake.tests.conftest import House, post_of
from shared import clock
from shared.audit import AuditEntry
from shared.testing import statements_of


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
        with statements_of(house.service.db) as asked:
            page = await house.get("/households", page=True)
        counts.append(len(asked))
    assert 2 < counts[1] <= counts[0] + 1
    seen = re.findall(r'href="/intake/households/([0-9a-f-]{36})"', page.text)
    while found := re.findall(r'name="(before|before_id)" value="([^"]+)"', page.text):
        page = await house.client.post("/intake/households", data=dict(found), headers=HTML | {"hx-request": "true"})
        assert "<html" not in page.text
        seen += re.findall(r'href="/intake/households/([0-9a-f-]{36})"', page.text)
    assert len(seen) == len(set(seen)) == 120


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
