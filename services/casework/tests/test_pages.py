import csv
import io
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openpyxl import load_workbook

from services.casework.pages.doing import FORMS
from services.casework.tests.sample import JOBS, NOW, Ward, actor_of
from shared import clock
from shared.events.outreach import VisitAssigned
from shared.identity import TOKEN_COOKIE, Tokens

BROWSER = {"accept": "text/html"}


@pytest.fixture
def browse(client: httpx.AsyncClient, ward: Ward) -> Any:
    async def get(path: str, code: str = "coordinator", **more: Any) -> httpx.Response:
        cookies = {TOKEN_COOKIE: Tokens(ward.settings).sign(actor_of(code))}
        client.cookies.clear()
        return await client.get(
            path, headers=BROWSER | {"cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}, **more
        )

    return get


@pytest.fixture
def send(client: httpx.AsyncClient, ward: Ward) -> Any:
    async def post(path: str, code: str = "coordinator", **data: Any) -> httpx.Response:
        token = Tokens(ward.settings).sign(actor_of(code))
        client.cookies.clear()
        return await client.post(path, data=data, headers=BROWSER | {"cookie": f"{TOKEN_COOKIE}={token}"})

    return post


async def test_a_stranger_is_led_to_the_sign_in_page_and_back(client: httpx.AsyncClient) -> None:
    away = await client.get("/casework/board", headers=BROWSER)
    assert away.headers["location"] == "/casework/session?return=/casework/board"
    offered = await client.get("/casework/sign-in?next=/casework/board", headers=BROWSER)
    assert "高梨 恵" in offered.text
    assert 'name="next" value="/casework/board"' in offered.text
    signed = await client.post("/casework/sign-in", data={"post": "coordinator", "next": "/casework/board"})
    assert (signed.status_code, signed.headers["location"]) == (303, "/casework/board")


async def test_every_role_has_a_home_a_list_and_a_board_in_both_languages(ward: Ward, browse: Any) -> None:
    await ward.open_case()
    for place, code in enumerate(sorted(JOBS)):
        for path in ("/casework/", "/casework/cases", "/casework/board"):
            lang = ("ja", "en")[place % 2]
            shown = await browse(f"{path}?lang={lang}", code)
            assert shown.status_code == 200, (path, code, shown.text[:300])
            assert f'<html lang="{lang}">' in shown.text


async def test_every_form_of_a_case_opens_and_says_what_is_missing(ward: Ward, browse: Any, send: Any) -> None:
    case = await ward.open_case()
    for name in FORMS:
        shown = await browse(f"/casework/cases/{case.id}/do/{name}?lang=en")
        assert shown.status_code == 200, name
        refused = await send(f"/casework/cases/{case.id}/do/{name}", facts="消えてはならない文")
        assert refused.status_code == (409 if name == "lead" else 422), name
        assert "data-errors" in refused.text
        if name == "entry":
            assert "消えてはならない文" in refused.text
        if name in {"invite", "visit", "task"}:
            asked = [field for field, about in FORMS[name].model.model_fields.items() if about.is_required()]
            found = re.findall(r'<a href="#f-([a-z_]+)">', refused.text)
            assert found == asked, "all that is empty is told at once, in the order of the form"


async def test_a_thing_is_ticked_alone_as_well_as_with_others(ward: Ward, send: Any) -> None:
    case = await ward.open_case()
    base = f"/casework/cases/{case.id}/do/meeting"
    shown = await send(base, kind="case_conference", agencies="hokatsu-n", starts_at="")
    ticked = re.findall(r'name="agencies" value="([a-z-]+)"[^>]* checked', shown.text)
    assert ticked == ["hokatsu-n"]


async def test_other_services_say_who_may_follow_a_link(ward: Ward, browse: Any) -> None:
    case = await ward.open_case()
    await ward.hear(
        VisitAssigned(
            household=case.household, case=case.id, request=uuid4(), visit=uuid4(), team="outreach-n",
            workers=(JOBS["worker"].id,), starts_at=NOW, ends_at=NOW + timedelta(hours=1), assigned_by=JOBS["lead"].id,
        )
    )  # fmt: skip
    shown = (await browse(f"/casework/cases/{case.id}", "worker")).text
    assert 'href="/intake/households/' not in shown
    assert 'href="/outreach/visits/' not in shown
    assert f'hx-get="/outreach/fragments/cases/{case.id}"' in shown


async def test_the_next_deadline_is_a_flag_for_intakes_strip(ward: Ward, browse: Any) -> None:
    case = await ward.open_case()
    path = f"/casework/fragments/cases/{case.id}/due"
    shown = await browse(path)
    assert "はじめて会う・話す" in shown.text
    assert 'class="flag is-act"' in shown.text
    with clock.at(NOW + timedelta(days=40)):
        assert 'class="flag is-stop"' in (await browse(path)).text
    assert (await browse(path, "shakyo")).status_code == 404


async def test_a_case_is_coordinated_from_its_page(ward: Ward, browse: Any, send: Any) -> None:
    case = await ward.open_case()
    base = f"/casework/cases/{case.id}"
    asked = await send(
        f"{base}/do/invite", agency="hokatsu-n", question="見通しを教えてください。", basis="internal_69_2_2", reason=""
    )
    assert asked.status_code == 303, asked.text[:500]
    assert asked.headers["location"].startswith(f"{base}?done=invited&after=casework:")
    visit = await send(
        f"{base}/do/visit",
        aim="母に会う",
        purpose="contact",
        due_on="2026-06-25",
        persons="2",
        slots=["morning", "evening"],
    )
    assert visit.status_code == 303
    entry = await send(
        f"{base}/do/entry", occurred_at="2026-06-18T09:30", kind="phone", with_whom="family", facts="電話があった。",
        words="「心配」", judgement="訪問へ。", fix="true",
    )  # fmt: skip
    assert entry.status_code == 303
    task = await send(f"{base}/do/task", title="主治医に相談", agency="hokatsu-n", due_on="2026-06-26")
    assert task.status_code == 303
    meeting = await send(
        f"{base}/do/meeting",
        kind="support_council",
        starts_at="2026-06-26T14:00",
        reason="not_contacted",
        members=[str(JOBS["hokatsu"].id), str(JOBS["shakyo"].id)],
    )
    assert meeting.status_code == 303
    rows = {"lines.0.what": "週に一度会う", "lines.3.what": "受診", "lines.3.agency": "hokatsu-n"}
    plan = await send(
        f"{base}/do/plan", goal="このいえで、しずかに", starts_on="2026-06-18", ends_on="2026-12-17",
        monitoring_on="2026-07-19", **rows,
    )  # fmt: skip
    assert plan.status_code == 303, plan.text[:800]
    for lang in ("ja", "en"):
        shown = await browse(f"{base}?done=invited&lang={lang}")
        assert shown.status_code == 200
        for text in ("見通しを教えてください。", "母に会う", "電話があった。", "主治医に相談", "このいえで、しずかに"):
            assert text in shown.text
    assert (await browse(f"{base}/handover")).status_code == 200


async def test_two_people_who_correct_one_entry_choose_and_lose_nothing(ward: Ward, browse: Any, send: Any) -> None:
    case = await ward.open_case()
    base = f"/casework/cases/{case.id}"
    await send(
        f"{base}/do/entry", occurred_at="2026-06-18T09:30", kind="phone", facts="電話。", words="「心配」", fix="true"
    )
    path = re.findall(r"/casework/things/correct/[0-9a-f-]{36}", (await browse(base)).text)[0]
    first = await send(path, reason="書きもらし", facts="電話。母は足をひきずる。", words="「心配」", judgement="")
    assert first.status_code == 303
    mine = {"reason": "聞きちがい", "facts": "電話。", "words": "「心配でたまらない」", "judgement": "訪問へ。"}
    clash = await send(path, **mine)
    assert clash.status_code == 409
    for text in (*mine.values(), "母は足をひきずる。", "両方を残す", "高梨 恵さんの文"):
        assert text in clash.text
    newest = re.findall(r'action="(/casework/things/correct/[0-9a-f-]{36})"', clash.text)[0]
    assert newest != path
    joined = await send(newest, **mine, join="yes")
    assert joined.status_code == 303, joined.text[:500]
    shown = (await browse(base)).text
    assert "電話。母は足をひきずる。\n電話。" in shown
    assert "「心配」\n「心配でたまらない」" in shown
    assert "訂正 第3版" in shown


async def test_saving_an_entry_is_taken_back_by_a_button_for_ten_minutes(ward: Ward, browse: Any, send: Any) -> None:
    case = await ward.open_case()
    base = f"/casework/cases/{case.id}"
    saved = await send(f"{base}/do/entry", occurred_at="2026-06-18T09:30", kind="phone", facts="ちがうケースだった。")
    assert "経過を書きました。10分のあいだは取り消せます。" in (await browse(saved.headers["location"])).text
    shown = (await browse(base)).text
    path = re.findall(r"/casework/taps/undo-entry/[0-9a-f-]{36}", shown)[0]
    assert "取り消す(10:24 まで)" in shown
    assert "undo-entry" not in (await browse(base, "caseworker-n")).text
    with clock.at(NOW + timedelta(minutes=11)):
        assert "undo-entry" not in (await browse(base)).text
    assert (await send(path)).headers["location"] == f"{base}?done=undone#log"
    gone = (await browse(f"{base}?done=undone")).text
    assert "ちがうケースだった。" not in gone
    assert "書いた文は下書きに残っています。" in gone


async def test_a_manager_says_why_before_a_record_opens(ward: Ward, browse: Any, send: Any) -> None:
    case = await ward.open_case()
    asked = await browse(f"/casework/cases/{case.id}", "manager")
    assert "見る理由" in asked.text
    assert "関係機関と返事" not in asked.text
    opened = await send(f"/casework/cases/{case.id}/open", "manager", reason="期限をすぎた依頼の確認")
    assert opened.status_code == 303
    assert "関係機関と返事" in (await browse(f"/casework/cases/{case.id}", "manager")).text


async def test_the_request_page_shows_no_household_before_acceptance(ward: Ward, browse: Any, send: Any) -> None:
    case = await ward.open_case()
    await send(
        f"/casework/cases/{case.id}/do/invite", agency="hokatsu-n", question="見通しは?", basis="internal_69_2_2"
    )
    home = await browse("/casework/", "hokatsu")
    invitation = home.text.split("/casework/invitations/")[1][:36]
    led = await browse(f"/casework/cases/{case.id}", "hokatsu")
    assert (led.status_code, led.headers["location"]) == (303, f"/casework/invitations/{invitation}")
    assert (await browse(f"/casework/cases/{case.id}", "shakyo")).status_code == 404
    shown = await browse(f"/casework/invitations/{invitation}", "hokatsu")
    for hidden in (str(case.household), case.number, str(case.id)):
        assert hidden not in shown.text
        assert hidden not in home.text
    bad = await send(f"/casework/invitations/{invitation}/answer", "hokatsu", answer="returned", text="理由はあとで")
    assert bad.status_code == 422
    assert "理由はあとで" in bad.text
    accepted = await send(f"/casework/invitations/{invitation}/answer", "hokatsu", answer="accepted")
    assert accepted.headers["location"].startswith(f"/casework/cases/{case.id}?done=accepted")
    assert str(case.household) in (await browse(f"/casework/invitations/{invitation}", "hokatsu")).text


async def test_a_case_is_found_by_its_number_however_it_is_typed(ward: Ward, send: Any) -> None:
    case = await ward.open_case()
    for typed in ("K26-0001", "k26-1", "26-1", " Ｋ26－0001 "):
        found = await send("/casework/cases/search", number=typed)
        assert found.headers["location"] == f"/casework/cases/{case.id}", typed
    none = await send("/casework/cases/search", number="K26-9999")
    assert none.headers["location"] == "/casework/cases?found=none"


async def test_the_list_is_exported_without_names_and_without_formulas(ward: Ward, browse: Any) -> None:
    await ward.open_case()
    file = await browse("/casework/cases/export.csv")
    assert file.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert rows[0][0] == "ケース"
    assert rows[1][:4] == ["K26-0001", "B", "北", "北原"]
    book = load_workbook(io.BytesIO((await browse("/casework/cases/export.xlsx")).content))
    assert book.active["A2"].value == "K26-0001"


async def test_rows_are_shown_by_fifty(ward: Ward, browse: Any) -> None:
    for _ in range(3):
        await ward.open_case()
    board = await browse("/casework/board?sort=due&set=true&f=moving")
    assert board.text.count("K26-000") >= 3
    assert "佐藤 美咲" in board.text  # staff, not families
    bad = await browse("/casework/board?key=nonsense")
    assert bad.status_code == 422
