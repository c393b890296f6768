"""The pages of notify as a browser gets them."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.notify.app import FOLDER
from shared.catalogues import unmarked
from shared.events.intake import ProtectionSet
from shared.identity import TOKEN_COOKIE

from .conftest import Ward
from .test_telling import invited, pass_deadlines, requested

pytestmark = pytest.mark.integration
HTML = {"accept": "text/html", "sec-fetch-site": "same-origin"}
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


async def send(
    ward: Ward, client: httpx.AsyncClient, name: str, method: str, path: str, *lang: str, **more: Any
) -> httpx.Response:
    language = lang[0] if lang else "ja"
    headers = HTML | {"cookie": f"{TOKEN_COOKIE}={ward.token(name)}; kasane_lang={language}"} | more.pop("headers", {})
    return await client.request(method, f"/notify{path}", headers=headers, **more)


async def test_every_page_stands_in_both_languages(ward: Ward, client: httpx.AsyncClient) -> None:
    await ward.open_case()
    await ward.hear(requested(ward), by=ward["coordinator"])
    await pass_deadlines(ward)
    pages = {
        "/": "lead",
        "/?filter=all": "coordinator",
        "/?after=casework:0": "worker",
        "/settings": "lead",
        "/fragments/waiting": "lead",
        "/fragments/count": "lead",
        f"/fragments/told/{ward.household}": "coordinator",
    }
    for path, name in pages.items():
        for lang in ("ja", "en"):
            answer = await send(ward, client, name, "GET", path, lang)
            assert answer.status_code == 200, (path, answer.text[:300])
            if lang == "en":
                text = re.sub(r'<([a-z0-9]+)[^>]*\slang="ja"[^>]*>.*?</\1>|通知 花子', "", answer.text, flags=re.DOTALL)
                left = [line.strip() for line in re.sub(r"<[^>]*>", "\n", text).splitlines() if JAPANESE.search(line)]
                assert left == [], path


async def test_one_tap_leads_to_the_place_and_leaves_a_receipt(ward: Ward, client: httpx.AsyncClient) -> None:
    await ward.hear(requested(ward), by=ward["coordinator"])
    text = (await send(ward, client, "lead", "GET", "/")).text
    (action,) = re.findall(r'action="/notify(/notifications/[0-9a-f-]+/open)"', text)
    opened = await send(ward, client, "lead", "POST", action, data={"idempotency_key": "k"})
    assert opened.status_code == 303
    assert re.fullmatch(r"/outreach/planner\?after=casework:\d+", opened.headers["location"])
    assert len(await ward.recorded("notify.notification_read")) == 1
    assert "待っているものはありません" in (await send(ward, client, "lead", "GET", "/")).text
    assert (await send(ward, client, "worker", "POST", action, data={})).status_code == 404


async def test_receiving_in_place_gives_the_line_back(ward: Ward, client: httpx.AsyncClient) -> None:
    await ward.hear(requested(ward), by=ward["coordinator"])
    text = (await send(ward, client, "lead", "GET", "/")).text
    (action,) = re.findall(r'hx-post="/notify(/notifications/[0-9a-f-]+/read)"', text)
    line = await send(ward, client, "lead", "POST", action, headers={"hx-request": "true"}, data={})
    assert line.status_code == 200
    assert line.text.lstrip().startswith("<li")
    assert "受け取り" in line.text
    plain = await send(ward, client, "lead", "POST", action, data={})
    assert plain.headers["location"] == "/notify/?done=read"


async def test_lines_say_until_when_and_what_is_late(ward: Ward, client: httpx.AsyncClient) -> None:
    await ward.hear(invited(ward), by=ward["coordinator"])
    text = (await send(ward, client, "shakyo", "GET", "/")).text
    assert "までに見る" in text
    assert "期限すぎ" not in text
    await pass_deadlines(ward)
    late = (await send(ward, client, "shakyo", "GET", "/")).text
    assert "期限すぎ" in late
    assert "1件は期限すぎ" in late


async def test_settings_come_back_as_they_were_typed(ward: Ward, client: httpx.AsyncClient) -> None:
    fields = {"channels": "email", "email": "だれか@", "quiet_since": "22:00", "quiet_until": "07:00"}
    refused = await send(ward, client, "worker", "POST", "/settings", data=fields)
    assert refused.status_code == 422
    assert "だれか@" in refused.text
    assert 'id="f-email-error"' in refused.text
    kept = await send(ward, client, "worker", "POST", "/settings", data=fields | {"email": "k@example.jp"})
    assert kept.headers["location"] == "/notify/?done=saved"
    text = (await send(ward, client, "worker", "GET", "/settings")).text
    assert 'value="k@example.jp"' in text
    assert 'value="22:00"' in text


def test_templates_leave_no_japanese_unmarked() -> None:
    assert {str(path): unmarked(path) for path in FOLDER.rglob("*.html") if unmarked(path)} == {}


async def test_who_was_told_is_shown_to_those_who_answer_for_the_household(
    ward: Ward, client: httpx.AsyncClient
) -> None:
    await ward.open_case()
    await ward.hear(requested(ward), by=ward["caseworker"])

    async def told(name: str) -> int:
        answer = await send(ward, client, name, "GET", f"/fragments/told/{ward.household}")
        return answer.text.count("<li>")

    everything = await told("coordinator")
    assert everything > await told("lead") > 0, "who is told something sees that, and no more"
    assert await told("caseworker") == everything, "of their own area"
    assert [await told(name) for name in ("duty_w", "shakyo", "operator", "worker")] == [0, 0, 0, 0]
    member, protection = uuid4(), uuid4()
    await ward.hear(ProtectionSet(household=ward.household, protection=protection, member=member, kind="dv"))
    assert await told("coordinator") >= everything, "the owner goes on seeing it"
    assert await told("caseworker") == 0, "a protected household is nobody's by its area"
