"""Pages whose reader's right ends while they are open; what is laid before a meeting, on screen and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from services.browser import open_context
from services.ward.staff import head_of
from tests.browser.chromium import LOCALES, WIDTHS, Watch, inspect

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

    from tests.browser.town import Town

WITHIN = 10_000
"""Milliseconds after which nothing may be seen any more."""
SHEET = "母は足腰が弱り、買い物に出られない。"


async def _send(context: BrowserContext, town: Town, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = await context.request.post(
        town.base_url + path, data=body or {}, headers={"idempotency-key": uuid4().hex, "accept": "application/json"}
    )
    assert answer.ok, (path, await answer.text())
    return await answer.json()


async def _call_council(context: BrowserContext, town: Town, member: str) -> str:
    called = await _send(
        context,
        town,
        f"/casework/api/cases/{town.ids['case']}/meetings",
        {
            "kind": "support_council",
            "starts_at": "2030-06-25T14:00:00+09:00",
            "reason": "not_contacted",
            "members": [member],
        },
    )
    return str(called["id"])


async def _ended(page: Page) -> None:
    await page.locator("#sight-ended").wait_for(timeout=WITHIN)
    assert await page.locator("main .sheet").count() == 0
    assert await page.title() == "Kasane"


async def test_an_open_sheet_closes_when_its_chair_recalls_it(browser: Browser, town: Town) -> None:
    member = head_of("shogai")
    async with open_context(browser) as chair, open_context(browser) as other:
        await town.enter(chair, "coordinator-1")
        await town.enter(other, str(member.code))
        meeting = await _call_council(chair, town, str(member.id))
        await _send(other, town, f"/casework/api/meetings/{meeting}/secrecy")
        await _send(chair, town, f"/casework/api/meetings/{meeting}/materials", {"known": SHEET, "items": ["family"]})
        page = await other.new_page()
        watch = Watch(urlsplit(town.base_url).netloc, allowed=frozenset({404}))
        watch.follow(page)
        await page.goto(f"{town.base_url}/casework/meetings/{meeting}")
        await page.get_by_text(SHEET).wait_for()
        await page.emulate_media(media="print")
        assert not await page.get_by_text(SHEET).is_visible()
        assert await page.locator(".printed").is_visible()
        await page.emulate_media(media="screen")
        await _send(chair, town, f"/casework/api/meetings/{meeting}/recall")
        await _ended(page)
        assert SHEET not in await page.content()
        assert watch.complaints == []


async def test_the_page_of_a_council_is_sound(browser: Browser, town: Town) -> None:
    member = head_of("hokenjo")
    found = []
    async with open_context(browser) as chair:
        await town.enter(chair, "coordinator-1")
        meeting = await _call_council(chair, town, str(member.id))
        await _send(chair, town, f"/casework/api/meetings/{meeting}/materials", {"known": SHEET, "items": ["family"]})
    for locale in LOCALES:
        for post in ("coordinator-1", str(member.code)):
            async with open_context(browser) as context:
                await town.enter(context, post, locale)
                page = await context.new_page()
                watch = Watch(urlsplit(town.base_url).netloc)
                watch.follow(page)
                await page.goto(f"{town.base_url}/casework/meetings/{meeting}")
                await page.wait_for_load_state("networkidle")
                for width in WIDTHS:
                    await page.set_viewport_size({"width": width, "height": 900})
                    found += [f"{locale} {width} {post}: {what}" for what in await inspect(page, width)]
                found += watch.complaints
    assert found == []


async def test_the_other_agencys_open_page_closes_when_consent_is_withdrawn(browser: Browser, town: Town) -> None:
    agency, case, household = "jiritsu", town.ids["case"], town.ids["household"]
    async with open_context(browser) as near, open_context(browser) as asking, open_context(browser) as other:
        await town.enter(near, "caseworker-n1")
        await town.enter(asking, "coordinator-1")
        await town.enter(other, str(head_of(agency).code))
        home = await (await near.request.get(f"{town.base_url}/intake/api/households/{household}")).json()
        consent = await _send(
            near,
            town,
            f"/intake/api/households/{household}/consents",
            {
                "member": home["members"][0]["id"],
                "state": "signed",
                "purpose": "support",
                "recipients": [agency],
                "items": ["identity", "family", "health", "care", "economy", "work", "words"],
            },
        )
        page = await asking.new_page()
        for _ in range(50):  # until casework has heard of the consent, the ground is off and says why
            await page.goto(f"{town.base_url}/casework/cases/{case}/do/invite?agency={agency}&basis=consent_69_2_1")
            if await page.locator('input[name="basis"][value="consent_69_2_1"]').is_enabled():
                break
        await page.locator('textarea[name="question"]').fill("家計の相談にのれますか。")
        await page.locator('button[data-needs="basis"]').click()
        await page.wait_for_url("**/casework/cases/*done=invited*")
        listed = await other.request.get(f"{town.base_url}/casework/api/invitations")
        invitation = (await listed.json())[0]["id"]
        await _send(other, town, f"/casework/api/invitations/{invitation}/answer", {"answer": "accepted"})
        shown = await other.new_page()
        await shown.goto(f"{town.base_url}/casework/cases/{case}")
        await shown.locator("main .sheet").first.wait_for()
        await _send(near, town, f"/intake/api/consents/{consent['id']}/withdrawal", {"reason": "本人の申し出"})
        await _ended(shown)


async def test_without_a_ground_the_button_is_off_and_says_why(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "coordinator-1")
        page = await context.new_page()
        await page.goto(f"{town.base_url}/casework/cases/{town.ids['case']}/do/invite")
        button, why = page.locator('button[data-needs="basis"]'), page.locator('[data-lacks="basis"]')
        assert await button.is_disabled()
        assert await why.is_visible()
        await page.locator("#f-agency").select_option("kodomo")
        off = page.locator("#grounds label.off", has_text="本人の同意")
        await off.wait_for()
        assert "同意がありません" in await off.inner_text()
        assert await off.locator("input").is_disabled()
        await page.locator('#grounds input[value="internal_69_2_2"]').check()
        assert await button.is_enabled()
        assert not await why.is_visible()
