"""Every page of the four services in a real Chromium, and the work that is done on them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest

from services.browser import open_context
from tests.browser.chromium import LOCALES, WIDTHS, Watch, inspect

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.browser.town import Town

PAGES = {
    "sign-in": ("", "/casework/sign-in"),
    "home": ("coordinator-1", "/casework/"),
    "home of an agency": ("head-hokatsu-n", "/casework/"),
    "new consultation": ("caseworker-n1", "/intake/consultations/new"),
    "households": ("caseworker-n1", "/intake/households"),
    "protections": ("caseworker-n1", "/intake/protections"),
    "household": ("caseworker-n1", "/intake/households/{household}"),
    "record a consent": ("caseworker-n1", "/intake/households/{household}/consents/new"),
    "consent": ("caseworker-n1", "/intake/households/{household}/consents/{consent}"),
    "consent form": ("caseworker-n1", "/intake/households/{household}/consents/{consent}/paper"),
    "consent texts": ("manager-1", "/intake/consent-texts"),
    "disposal list": ("manager-1", "/intake/disposals"),
    "stopped erasures": ("manager-1", "/intake/disposals/held"),
    "certificates": ("manager-1", "/intake/disposals/certificates"),
    "periods": ("manager-1", "/intake/disposals/periods"),
    "keeping and erasing": ("manager-1", "/intake/households/{household}/retention"),
    "disclosure requests": ("manager-1", "/intake/disclosures"),
    "take in a disclosure request": ("manager-1", "/intake/disclosures/new/{household}"),
    "disclosure request": ("manager-1", "/intake/disclosures/{disclosure}"),
    "black out": ("manager-1", "/intake/disclosures/{disclosure}/review"),
    "a person's file": ("manager-1", "/intake/disclosures/{file}/file"),
    "unusual access": ("auditor-1", "/casework/audit/unusual"),
    "unusual access of an agency": ("manager-1", "/casework/audit/unusual"),
    "cases": ("coordinator-1", "/casework/cases"),
    "case": ("coordinator-1", "/casework/cases/{case}"),
    "ask an agency": ("coordinator-1", "/casework/cases/{case}/do/invite"),
    "write an entry": ("coordinator-1", "/casework/cases/{case}/do/entry"),
    "call a meeting": ("coordinator-1", "/casework/cases/{case}/do/meeting"),
    "write a plan": ("coordinator-1", "/casework/cases/{case}/do/plan"),
    "change the owner": ("coordinator-1", "/casework/cases/{case}/do/owner"),
    "close a case": ("coordinator-1", "/casework/cases/{case}/do/close"),
    "hand-over sheet": ("coordinator-1", "/casework/cases/{case}/handover"),
    "board": ("manager-1", "/casework/board"),
    "planner": ("lead-n", "/outreach/planner"),
    "team": ("lead-n", "/outreach/team"),
    "today": ("worker", "/outreach/today"),
    "visit": ("worker", "/outreach/visits/{visit}"),
    "inbox": ("coordinator-1", "/notify/"),
    "operations": ("operator-1", "/operations"),
    "how I am told": ("coordinator-1", "/notify/settings"),
    "code on paper": ("", "/casework/sign-in/letter"),
    "my posts and sign-ins": ("coordinator-1", "/casework/me"),
    "people": ("operator-1", "/casework/people"),
    "a person": ("operator-1", "/casework/people/{person}"),
    "posts that end": ("manager-1", "/casework/people/ending"),
    "not found": ("coordinator-1", "/casework/cases/00000000-0000-0000-0000-000000000000"),
}
"""What each page is called, who looks at it, where it is. A new page is added here."""


async def _open(page: Page, town: Town, path: str) -> None:
    await page.goto(town.base_url + path.format(**town.ids))
    await page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_sound(browser: Browser, town: Town, name: str) -> None:
    post, path = PAGES[name]
    found = []
    expected = frozenset({404} if name == "not found" else ())
    for locale in LOCALES:
        async with open_context(browser) as context:
            await town.enter(context, post, locale)
            page = await context.new_page()
            watch = Watch(urlsplit(town.base_url).netloc, allowed=expected)
            watch.follow(page)
            await _open(page, town, path)
            spoken = "ja" if name == "a person's file" else locale  # it speaks as whoever gets it wished
            assert await page.get_attribute("html", "lang") == spoken
            for width in WIDTHS:
                scheme: Literal["dark", "light"] = "dark" if (width, locale) == (390, "en") else "light"
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                await page.set_viewport_size({"width": width, "height": 900})
                found += [f"{width} px, {locale}, {scheme}: {problem}" for problem in await inspect(page, width)]
            found += [f"{locale}: {complaint}" for complaint in watch.complaints]
    assert found == []


async def test_a_consultation_is_taken_by_keyboard_alone(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "caseworker-n1")
        page = await context.new_page()
        await _open(page, town, "/intake/consultations/new")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        seen: list[str] = []
        for _ in range(140):
            await page.keyboard.press("Tab")
            name, hidden = await page.evaluate(
                """() => { const e = document.activeElement, box = e.getBoundingClientRect();
                  const shown = e.matches('.main input') ? e.closest('label') : e;
                  return [e.name || e.textContent.trim(),
                          getComputedStyle(shown).outlineStyle === 'none' && box.width > 2]; }"""
            )
            seen.append(name)
            assert not hidden, f"nobody sees where the focus is: {name}"
            if name == "words":
                await page.keyboard.type("となりの家から、夜に物音がする。")
            if "保存して引き継ぐ" in name:
                break
        wanted = {"channel", "caller_name", "worries", "words", "address", "members.0.name", "safety_flags", "avoid"}
        assert wanted <= set(seen)
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(r"/intake/households/[0-9a-f-]{36}"))
        assert "となりの家から" in await page.inner_text("main")


async def test_what_was_typed_is_found_again_on_another_device(browser: Browser, town: Town) -> None:
    words = "書きかけの相談。電話が切れた。"
    async with open_context(browser) as desk:
        await town.enter(desk, "caseworker-n2")
        page = await desk.new_page()
        await _open(page, town, "/intake/consultations/new")
        await page.fill("#f-words", words)
        await page.fill("#f-members-0-name", "鷺沼 ミツ")
        await page.locator("[data-add-row=members]").click()
        rows = await page.locator("[data-row]").count()
        await page.locator("#f-members-2-name").fill("鷺沼 健")
        await page.locator("[data-draft-state].is-good").wait_for(timeout=15000)
        await page.reload()
        await page.locator("[data-draft-state].is-act").wait_for(timeout=10000)
        assert await page.input_value("#f-words") == words
    async with open_context(browser, width=390) as phone:
        await town.enter(phone, "caseworker-n2")
        page = await phone.new_page()
        await _open(page, town, "/intake/consultations/new")
        await page.get_by_role("button", name="続きを書く").click()
        assert await page.input_value("#f-words") == words
        assert await page.locator("[data-row]").count() == rows
        assert await page.input_value("#f-members-2-name") == "鷺沼 健"


async def test_a_double_click_makes_one_household(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "caseworker-n1")
        page = await context.new_page()
        await _open(page, town, "/intake/consultations/new")
        await page.fill("#f-words", "二重に押されても一件。")
        await page.fill("#f-members-0-name", "双葉 一枝")
        await page.locator("button.go:has-text('保存して引き継ぐ')").dblclick(no_wait_after=True)
        await page.wait_for_url(re.compile(r"/intake/households/[0-9a-f-]{36}"))
        await _open(page, town, "/intake/households")
        await page.fill("#f-search", "双葉 一枝")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert await page.locator("main tbody tr:has(.urgency)").count() == 1
        assert "双葉" not in page.url


async def test_an_empty_form_says_what_is_missing_and_keeps_the_focus_there(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "caseworker-n1")
        page = await context.new_page()
        await _open(page, town, "/intake/consultations/new")
        async with page.expect_navigation():
            await page.locator("button.go:has-text('保存して引き継ぐ')").click()
        assert await page.evaluate("document.activeElement.hasAttribute('data-errors')")
        assert await page.locator("[aria-invalid=true]").count() >= 1


async def test_the_language_is_switched_on_the_page(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "coordinator-1")
        page = await context.new_page()
        await _open(page, town, "/casework/")
        await page.get_by_role("link", name="English").click()
        await page.wait_for_load_state("networkidle")
        assert await page.get_attribute("html", "lang") == "en"
        await _open(page, town, "/notify/")
        assert await page.get_attribute("html", "lang") == "en"


async def test_half_written_entries_of_two_cases_stand_apart(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "coordinator-1")
        page = await context.new_page()
        await _open(page, town, "/casework/cases?state=open")
        rows = page.locator("tbody th a[href^='/casework/cases/']")
        paths = [f"{await rows.nth(n).get_attribute('href')}/do/entry" for n in range(2)]
        for path, words in zip(paths, ("一つめの家のこと", "二つめの家のこと"), strict=True):
            await _open(page, town, path)
            await page.fill("#f-facts", words)
            await page.locator("[data-draft-state].is-good").wait_for(timeout=15000)
        for path, words in zip(paths, ("一つめの家のこと", "二つめの家のこと"), strict=True):
            await _open(page, town, path)
            await page.locator("#messages button").first.click(timeout=15000)
            assert await page.input_value("#f-facts") == words
            assert await page.locator("[id^='draft-']").count() == 0


async def test_a_result_taken_back_stands_in_its_form_again(browser: Browser, town: Town) -> None:
    async with open_context(browser, width=390) as context:
        await town.enter(context, "worker")
        page = await context.new_page()
        await _open(page, town, "/outreach/visits/{visit}")
        await page.check("#result input[value='met']", force=True)
        await page.locator("#result input[name='members_met']").first.check(force=True)
        await page.fill("#result [name='words']", "「どうぞ」と戸を開けてくれた。")
        await page.locator("#result button[type='submit']").click()
        await page.wait_for_url("**/outreach/today?done=reported")
        await _open(page, town, "/outreach/visits/{visit}")
        await page.locator("form[action$='/undo'] button").click()
        await page.locator("#result input[name='members_met']:checked").wait_for(state="attached", timeout=15000)
        assert await page.input_value("#result [name='words']") == "「どうぞ」と戸を開けてくれた。"
        assert await page.is_checked("#result input[value='met']")


async def test_a_service_that_is_down_takes_no_other_card_with_it(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "operator-1")
        page = await context.new_page()
        await page.route("**/outreach/fragments/operations", lambda route: route.abort())
        await page.goto(f"{town.base_url}/operations")
        away = page.locator("#outreach [data-away]")
        await away.wait_for(state="visible", timeout=30000)
        await page.locator("#notify .figures").wait_for(timeout=30000)
        assert not await page.locator("#outreach .figures").is_visible()
        assert await page.locator("#messages .toast").count() == 0
        await page.unroute("**/outreach/fragments/operations")
        await page.locator("#outreach .figures").wait_for(timeout=30000)
        assert not await away.is_visible()


async def test_a_card_that_asks_again_leaves_the_focus_where_it_is(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "operator-1")
        page = await context.new_page()
        await page.goto(f"{town.base_url}/operations")
        await page.locator("#casework .scroll").last.focus(timeout=30000)
        said = await page.locator("#casework .asked").inner_text()
        await page.wait_for_function(
            "said => document.querySelector('#casework .asked').innerText !== said", arg=said, timeout=30000
        )
        assert await page.evaluate("document.activeElement.matches('#casework .scroll')")
