"""The pages of outreach as a browser gets them: right for each role, in both languages, nothing typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.outreach.actions.ending import draft_of
from services.outreach.tables import Visit
from shared import clock
from shared.catalogues import unmarked
from shared.events.casework import VisitRequested
from shared.events.intake import ProtectionSet
from shared.identity import TOKEN_COOKIE, Actor
from shared.testing import statements_of

from .conftest import Ward, make_actor
from .test_handlers import published

pytestmark = pytest.mark.integration

HTML = {"accept": "text/html", "sec-fetch-site": "same-origin"}


class Browser:
    """A browser with somebody's cookie."""

    def __init__(self, ward: Ward, client: httpx.AsyncClient) -> None:
        self.ward, self.client = ward, client

    async def get(self, actor: Actor, path: str, lang: str = "ja") -> httpx.Response:
        return await self._send("GET", actor, path, lang)

    async def post(self, actor: Actor, path: str, lang: str = "ja", **fields: Any) -> httpx.Response:
        return await self._send("POST", actor, path, lang, data=fields)

    async def _send(self, method: str, actor: Actor, path: str, lang: str, **more: Any) -> httpx.Response:
        cookies = f"{TOKEN_COOKIE}={self.ward.token(actor)}; kasane_lang={lang}"
        return await self.client.request(method, f"/outreach{path}", headers=HTML | {"cookie": cookies}, **more)


@pytest.fixture
def browser(ward: Ward, client: httpx.AsyncClient) -> Browser:
    return Browser(ward, client)


async def planned(ward: Ward, **more: Any) -> tuple[VisitRequested, Visit]:
    wanted = await ward.request(**more)
    return wanted, await published(ward, wanted)


JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


async def test_every_page_stands_in_both_languages(ward: Ward, browser: Browser) -> None:
    wanted, visit = await planned(ward, safety_flags=("violence",), skills=("nurse",))
    other = await ward.request()
    await ward.hear(
        ProtectionSet(household=(await ward.request()).household, protection=other.case, member=other.case, kind="dv")
    )
    pages = {
        "/today": ward.workers[0],
        f"/visits/{visit.id}": ward.workers[0],
        "/planner": ward.lead,
        f"/planner/visits/{visit.id}": ward.lead,
        f"/planner/requests/{other.request}": ward.lead,
        "/team": ward.lead,
        "/fragments/waiting": ward.workers[0],
        f"/fragments/cases/{wanted.case}": ward.coordinator,
        f"/fragments/visits/{visit.id}/members": ward.workers[0],
    }
    for path, actor in pages.items():
        for lang in ("ja", "en"):
            answer = await browser.get(actor, path, lang)
            assert answer.status_code == 200, (path, answer.text[:300])
            assert answer.headers["content-language"] == lang
            if lang == "en":
                text = re.sub(r'<([a-z0-9]+)[^>]*\slang="ja"[^>]*>.*?</\1>|訪問 太郎', "", answer.text, flags=re.DOTALL)
                left = [line.strip() for line in re.sub(r"<[^>]*>", "\n", text).splitlines() if JAPANESE.search(line)]
                assert left == [], path


async def test_a_case_leads_only_to_visits_that_the_viewer_may_open(ward: Ward, browser: Browser) -> None:
    wanted, visit = await planned(ward)
    for actor, links in (
        (ward.workers[0], 1),
        (ward.coordinator, 1),
        (make_actor("agency_worker", "shakyo", "shakyo"), 0),
    ):
        shown = await browser.get(actor, f"/fragments/cases/{wanted.case}")
        assert shown.text.count(f'href="/outreach/visits/{visit.id}"') == links
        assert shown.text.count(f'id="visit-{visit.id}" hx-swap-oob="innerHTML"') == links


async def test_the_doorstep_says_safety_first_and_asks_its_neighbours(ward: Ward, browser: Browser) -> None:
    wanted, visit = await planned(ward, safety_flags=("violence",))
    text = (await browser.get(ward.workers[0], f"/visits/{visit.id}")).text
    assert text.index("本人・家族の暴力") < text.index("ねらい") < text.index("着いた") < text.index("どうでしたか")
    assert f'hx-get="/intake/fragments/household/{wanted.household}/safety"' in text
    assert f'hx-get="/casework/fragments/visit-requests/{wanted.request}"' in text
    assert f'data-label="household" data-id="{wanted.household}"' in text
    assert "必ず2人で。" in text


async def test_two_taps_record_a_result_and_a_double_click_makes_one(ward: Ward, browser: Browser) -> None:
    _, visit = await planned(ward)
    fields = {"idempotency_key": "one", "result": "family", "again": (clock.today() + timedelta(days=7)).isoformat()}
    for _ in range(2):
        answer = await browser.post(ward.workers[0], f"/visits/{visit.id}/report", **fields)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/outreach/today?done=reported"
    assert len(await ward.recorded("outreach.visit_reported")) == 1
    done = await browser.get(ward.workers[0], "/today?done=reported")
    assert "結果を記録し、担当者に知らせました。" in done.text


async def test_a_result_is_taken_back_where_it_stands(ward: Ward, browser: Browser) -> None:
    _, visit = await planned(ward)
    worker, other = ward.workers[:2]
    again = (clock.today() + timedelta(days=7)).isoformat()
    await browser.post(worker, f"/visits/{visit.id}/report", result="met", again=again, words="「どうぞ」")
    assert f"/outreach/visits/{visit.id}#result" in (await browser.get(worker, "/today?done=reported")).text
    offer = f'action="/outreach/visits/{visit.id}/undo"'
    assert offer not in (await browser.get(other, f"/visits/{visit.id}")).text
    assert offer in (await browser.get(ward.lead, f"/visits/{visit.id}")).text
    assert offer in (await browser.get(worker, f"/visits/{visit.id}")).text
    answer = await browser.post(worker, f"/visits/{visit.id}/undo")
    draft = draft_of("visit-report", visit.id, worker.person)
    assert answer.headers["location"] == f"/outreach/visits/{visit.id}?done=undone&draft={draft}"
    text = (await browser.get(worker, f"/visits/{visit.id}?done=undone")).text
    assert "結果を取り消し、担当者に知らせました。" in text
    assert f'action="/outreach/visits/{visit.id}/report"' in text
    assert offer not in text


async def test_what_is_refused_comes_back_as_it_was_typed(ward: Ward, browser: Browser) -> None:
    _, visit = await planned(ward)
    fields = {
        "result": "refused",
        "again": "own",
        "next_on": (clock.today() + timedelta(days=3)).isoformat(),
        "words": "<b>帰って</b>と言われた。",
    }
    answer = await browser.post(ward.workers[0], f"/visits/{visit.id}/report", **fields)
    assert answer.status_code == 422
    assert "ことわられたあとは 14日あけます。" in answer.text
    assert 'href="#f-next_on"' in answer.text
    assert 'id="f-next_on-error"' in answer.text
    assert "&lt;b&gt;帰って&lt;/b&gt;と言われた。" in answer.text
    assert re.search(r'value="refused" checked', answer.text)
    nothing = await browser.post(ward.workers[0], f"/visits/{visit.id}/report", words="とちゅう")
    assert nothing.status_code == 422
    assert "とちゅう" in nothing.text
    assert "結果をひとつ選んでください。" in nothing.text
    assert not await ward.recorded("outreach.visit_reported")


async def test_drafts_are_each_persons_own(ward: Ward, browser: Browser) -> None:
    _, visit = await planned(ward)
    found = set()
    for worker in ward.workers[:2]:
        text = (await browser.get(worker, f"/visits/{visit.id}")).text
        (draft,) = re.findall(r'data-draft="visit-report"[^>]*data-draft-id="([0-9a-f-]+)"', text)
        found.add(draft)
        cookies = f"{TOKEN_COOKIE}={ward.token(worker)}"
        kept = await browser.client.put(
            f"/outreach/drafts/visit-report/{draft}",
            headers={"cookie": cookies},
            json={"fields": {"words": "とちゅう"}},
        )
        assert kept.status_code == 200
    assert len(found) == 2


async def test_buttons_at_the_door(ward: Ward, browser: Browser) -> None:
    _, visit = await planned(ward)
    worker = ward.workers[0]
    said = await browser.post(worker, f"/visits/{visit.id}/answer", answer="accepted")
    assert said.headers["location"].endswith("done=accepted")
    for path, what in (("arrive", "arrived"), ("leave", "left")):
        assert (
            (await browser.post(worker, f"/visits/{visit.id}/{path}", at=""))
            .headers["location"]
            .endswith(f"done={what}")
        )
    assert (await browser.post(worker, f"/visits/{visit.id}/arrive")).status_code == 409
    text = (await browser.get(worker, f"/visits/{visit.id}")).text
    assert text.count(" disabled") == 2


async def test_a_lead_plans_and_publishes_from_the_page(ward: Ward, browser: Browser) -> None:
    wanted = [await ward.request(skills=("nurse",)) for _ in range(2)]
    assert (
        (await browser.post(ward.lead, "/planner/propose", team="outreach-n")).headers["location"].endswith("proposed")
    )
    text = (await browser.get(ward.lead, "/planner")).text
    visits = re.findall(r'<input type="hidden" name="visit" value="([0-9a-f-]+)"', text)
    assert len(set(visits)) == len(wanted)
    assert "足りない力: 保健師・看護師" in text
    published_ = await browser.post(ward.lead, "/planner/publish", visit=sorted(set(visits)))
    assert published_.headers["location"].endswith("done=published")
    assert len(await ward.recorded("outreach.visit_assigned")) == len(wanted)
    day = clock.today() + timedelta(days=3)
    fields: dict[str, Any] = {
        "workers": [str(ward.workers[0].post)],
        "day": day.isoformat(),
        "start": "10:00",
        "minutes": "60",
    }
    refused = await browser.post(ward.lead, f"/planner/visits/{visits[0]}", **fields)
    assert refused.status_code == 422
    assert "この訪問には 2人 必要です。" in refused.text
    fields["workers"] = [str(worker.post) for worker in ward.workers[:2]]
    changed = await browser.post(ward.lead, f"/planner/visits/{visits[0]}", **fields)
    assert changed.headers["location"].endswith("done=changed")
    wrong = await browser.post(ward.lead, f"/planner/visits/{visits[0]}", **(fields | {"day": "きのう"}))
    assert wrong.status_code == 422
    assert 'id="f-day-error"' in wrong.text


async def test_strangers_and_other_sites_are_refused(ward: Ward, browser: Browser) -> None:
    _, visit = await planned(ward)
    assert (await browser.get(ward.other_lead, f"/visits/{visit.id}")).status_code == 404
    assert (await browser.get(ward.workers[0], f"/planner/visits/{visit.id}")).status_code == 200
    nobody = await browser.client.get(f"/outreach/visits/{visit.id}", headers=HTML)
    assert nobody.status_code == 303
    cross = {"cookie": f"{TOKEN_COOKIE}={ward.token(ward.workers[0])}", "sec-fetch-site": "cross-site"}
    forged = await browser.client.post(f"/outreach/visits/{visit.id}/arrive", headers=cross, data={})
    assert forged.status_code == 403


@pytest.mark.parametrize("path", ["/today", "/planner"])
async def test_the_number_of_queries_does_not_grow(ward: Ward, browser: Browser, path: str) -> None:
    service = browser.client._transport.app.routes[0].app.state.service  # type: ignore[attr-defined]
    actor = ward.lead if path == "/planner" else ward.workers[0]
    counts = []
    for more in (1, 4):
        for n in range(more):
            await published(ward, await ward.request(), days=1 + more, hour=n * 2)
            await ward.request()
        with statements_of(service.db) as asked:
            assert (await browser.get(actor, path)).status_code == 200
        counts.append(len([s for s in asked if "visit" in s or "known_post" in s]))
    assert counts[0] == counts[1]


def test_templates_leave_no_japanese_unmarked() -> None:
    from services.outreach.app import FOLDER  # noqa: PLC0415 - only for its folder

    assert {str(path): unmarked(path) for path in FOLDER.rglob("*.html") if unmarked(path)} == {}
