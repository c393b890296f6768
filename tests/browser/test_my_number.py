"""マイナンバー in a browser: the form stays where it is, the server's draft has none, what was typed is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.browser import open_context
from shared.my_number import contains_my_number
from tests.browser.sample import Desk, served
from tests.web.test_my_number import BETWEEN, NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Browser

TYPED = f"番号は {NUMBER} と聞いた"
STRUCK = f"番号は {'■' * 12} と聞いた"
KEPT = "Object.entries(sessionStorage).filter(([key]) => key.startsWith('kasane-typed:')).map(([, text]) => text)"
HOLDS = "async (texts) => { const { holds } = await import('/static/js/my_number.js'); return texts.map(holds); }"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    with served(desk.app()) as url:
        yield url


async def test_the_form_is_not_sent_and_the_draft_has_no_digits(browser: Browser, desk: Desk, address: str) -> None:
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        await page.wait_for_load_state("networkidle")
        await page.evaluate("document.getElementById('form').action = '/gallery'")
        await page.fill("#f-caller", TYPED)
        await page.locator("[data-draft-state].is-good").wait_for(timeout=15000)
        ((_, draft),) = desk.drafts.items()
        assert draft["fields"]["caller"] == STRUCK
        (kept,) = await page.evaluate(KEPT)
        assert NUMBER in kept

        await page.locator("#form .btn.go").click()
        said = await page.eval_on_selector("#f-caller", "(field) => field.validationMessage")
        assert said.startswith("マイナンバー")
        assert await page.input_value("#f-caller") == TYPED
        assert desk.posts == []

        await page.reload()
        await page.get_by_role("button", name="続きを書く").click()
        assert await page.input_value("#f-caller") == TYPED

        await page.fill("#f-caller", "近所の人")
        async with page.expect_navigation():
            await page.locator("#form .btn.go").click()
        assert [post["caller"] for post in desk.posts] == ["近所の人"]
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate(KEPT) == []
        assert desk.drafts == {}


async def test_browser_and_server_find_the_same(browser: Browser, address: str) -> None:
    grouped = [between.join((NUMBER[:4], NUMBER[4:8], NUMBER[8:])) for between in BETWEEN]
    texts = [
        *grouped, f"a{NUMBER}b", f"電話 090-1234-5678 {NUMBER}", "１２３４　５６７８　９０１８",
        f"1234-5678-9018 {NUMBER}0", "", "090-1234-5678", "123456789012", f"{NUMBER}0", f"9{NUMBER}",
        "1234\n5678\n9018", "2026-06-18", "03-1234-5678",
        f"01890000-0000-7000-8000-{NUMBER}", f"01890000000070008000{NUMBER}",
    ]  # fmt: skip
    async with open_context(browser) as context:
        page = await context.new_page()
        await page.goto(f"{address}/gallery")
        found = await page.evaluate(HOLDS, texts)
    assert dict(zip(texts, found, strict=True)) == {text: contains_my_number(text) for text in texts}
