"""Every part of the pages in a real browser: both widths, both languages, light and dark; and the scripts at work."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from services.browser import open_context, take_picture
from tests.browser.chromium import WIDTHS, Watch, inspect
from tests.browser.sample import Desk, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Browser, Page


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    with served(desk.app()) as url:
        yield url


async def _settled(page: Page) -> None:
    await page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_all_parts_are_sound(browser: Browser, desk: Desk, address: str, locale: str, scheme: str) -> None:
    desk.errors = [{"field": "words", "text": "一行は書いてください。"}]
    for width in WIDTHS:
        async with open_context(browser, width=width, scheme=scheme) as context:
            page = await context.new_page()
            watch = Watch(urlsplit(address).netloc)
            watch.follow(page)
            await page.goto(f"{address}/gallery?lang={locale}")
            await _settled(page)
            assert await inspect(page, width) == [], f"{width} px, {locale}, {scheme}"
            assert watch.complaints == []
            folder = os.environ.get("KASANE_PICTURES")
            if folder:
                await take_picture(page, Path(folder) / f"gallery-{width}-{scheme}-{locale}.png")


async def test_the_focus_goes_to_the_errors(browser: Browser, desk: Desk, address: str) -> None:
    desk.errors = [{"field": "caller", "text": "名前が長すぎます。"}]
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await _settled(page)
        assert await page.evaluate("document.activeElement.hasAttribute('data-errors')")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id || location.hash") in {"f-caller", "#f-caller"}


async def test_a_double_click_sends_once(browser: Browser, desk: Desk, address: str) -> None:
    desk.delay = 0.4
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await _settled(page)
        await page.evaluate("document.getElementById('form').action = '/gallery'")
        button = page.locator("#form .btn.go")
        await button.dblclick(no_wait_after=True)
        for _ in range(50):
            await asyncio.sleep(0.1)
            if desk.posts:
                break
        await asyncio.sleep(2 * desk.delay)
        assert len(desk.posts) == 1
        assert desk.posts[0]["idempotency_key"] == "k"


async def test_a_draft_is_kept_and_found_again(browser: Browser, desk: Desk, address: str) -> None:
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await _settled(page)
        await page.fill("#f-caller", "近所の人")
        await page.check("input[name=worry][value='13']")
        await page.locator("[data-draft-state]").wait_for(state="visible", timeout=8000)
        ((_, draft),) = desk.drafts.items()
        assert draft["fields"]["caller"] == "近所の人"
        assert draft["fields"]["worry"] == ["03", "13"]
        assert "idempotency_key" not in draft["fields"]

        again = await context.new_page()
        await again.goto(f"{address}/gallery")
        await again.get_by_role("button", name="続きを書く").click()
        assert await again.input_value("#f-caller") == "近所の人"
        assert await again.is_checked("input[name=worry][value='13']")


async def test_a_page_that_is_left_saves_what_was_typed(browser: Browser, desk: Desk, address: str) -> None:
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await _settled(page)
        await page.fill("#f-caller", "いそいで閉じた")
        await page.goto("about:blank")
        for _ in range(50):
            if desk.drafts:
                break
            await asyncio.sleep(0.1)
        assert [draft["fields"]["caller"] for draft in desk.drafts.values()] == ["いそいで閉じた"]


async def test_without_a_connection_nothing_is_lost(browser: Browser, desk: Desk, address: str) -> None:
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await _settled(page)
        await context.set_offline(True)
        await page.fill("#f-caller", "電波のない階段")
        await page.locator("[data-draft-state].is-warn").wait_for(timeout=8000)
        assert await page.locator("#connection.is-warn").is_visible()
        assert desk.drafts == {}
        await context.set_offline(False)
        await page.locator("[data-draft-state].is-good").wait_for(timeout=15000)
        assert [draft["fields"]["caller"] for draft in desk.drafts.values()] == ["電波のない階段"]


async def test_a_result_without_a_signal_is_kept_and_sent_later(browser: Browser, desk: Desk, address: str) -> None:
    async with open_context(browser, width=390) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await _settled(page)
        await context.set_offline(True)
        await page.check("#result input[value='01']")
        await page.locator("#result .btn.go").click()
        await page.locator("#outbox").wait_for(timeout=8000)
        assert desk.posts == []
        kept = await page.evaluate("indexedDB.databases().then((all) => all.map(({name}) => name))")
        assert kept == ["kasane-outbox"]
        await context.set_offline(False)
        await page.locator("#outbox-sent").wait_for(timeout=15000)
        assert [post["result"] for post in desk.posts] == ["01"]
        assert await page.locator("#outbox").count() == 0
        await page.check("#result input[value='02']")
        async with page.expect_navigation():
            await page.locator("#result .btn.go").click()
        assert [post["result"] for post in desk.posts] == ["01", "02"]


async def test_names_are_filled_in(browser: Browser, address: str) -> None:
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await page.locator("[data-label=household][data-filled]").wait_for()
        assert await page.locator("[data-label=household]").inner_text() == "名前 x"


async def test_keys_lead_around(browser: Browser, address: str) -> None:
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await _settled(page)
        await page.keyboard.press("/")
        assert await page.evaluate("document.activeElement.id") == "q"
        await page.keyboard.type("n?")
        assert await page.input_value("#q") == "n?"
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("?")
        assert await page.locator("#keys").is_visible()
        await page.keyboard.press("Escape")
        assert not await page.locator("#keys").is_visible()


async def test_print_is_a_clean_page(browser: Browser, address: str) -> None:
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await _settled(page)
        await page.emulate_media(media="print")
        for gone in (".top", ".side", ".foot", ".bar"):
            assert not await page.locator(gone).first.is_visible()
        assert await page.locator(".strip").first.is_visible()
