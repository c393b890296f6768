"""A session that ends loses nothing; an account from the code on paper to the first sign-in. In a real Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyotp

from services.browser import open_context
from tests.browser.chromium import WIDTHS, inspect

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.browser.town import Town

WORDS = "サインインが切れても、書いたものは残る。"


async def open_page(page: Page, town: Town, path: str) -> None:
    await page.goto(town.base_url + path)
    await page.wait_for_load_state("networkidle")


async def test_a_session_that_ends_loses_nothing(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "caseworker-n1")
        page = await context.new_page()
        await open_page(page, town, "/intake/consultations/new")
        await page.fill("#f-words", WORDS)
        ended = await context.request.post(f"{town.base_url}/casework/sign-out")
        assert ended.ok
        await page.get_by_role("button", name="保存して引き継ぐ").click()
        notice = page.locator("#session-ended")
        await notice.wait_for(timeout=15000)
        assert await page.input_value("#f-words") == WORDS
        assert page.url.startswith(f"{town.base_url}/intake/consultations/new")
        assert await notice.get_by_role("link").get_attribute("target") == "_blank"
        await town.enter(context, "caseworker-n1")
        await page.get_by_role("button", name="保存して引き継ぐ").click()
        await page.wait_for_url(re.compile(r"/intake/households/[0-9a-f-]{36}"), timeout=20000)
        assert WORDS in await page.inner_text("main")


async def test_another_posts_session_sends_nothing_from_this_page(browser: Browser, town: Town) -> None:
    async with open_context(browser) as context:
        await town.enter(context, "caseworker-n1")
        page = await context.new_page()
        await open_page(page, town, "/intake/consultations/new")
        await page.fill("#f-words", WORDS)
        await town.enter(context, "caseworker-n2")
        await page.get_by_role("button", name="保存して引き継ぐ").click()
        await page.locator("#other-post").wait_for(timeout=15000)
        assert await page.input_value("#f-words") == WORDS
        async with page.expect_response(
            lambda answer: "/drafts/" in answer.url and answer.request.method == "PUT"
        ) as put:
            await page.fill("#f-words", WORDS * 2)
        assert (await put.value).status == 409
        await page.close(run_before_unload=True)
        page = await context.new_page()
        await open_page(page, town, "/intake/consultations/new")
        found = await page.request.get(f"{town.base_url}/intake/drafts/consultation")
        assert WORDS not in await found.text()


async def test_from_the_code_on_paper_to_the_first_sign_in(browser: Browser, town: Town) -> None:
    async with open_context(browser) as office:
        await town.enter(office, "operator-1")
        page = await office.new_page()
        await open_page(page, town, f"/casework/people/{town.ids['person']}")
        await page.fill("#f-login", "kacho")
        await page.get_by_role("button", name="紙のコードを出す").click()
        await page.get_by_role("heading", name="渡すもの").wait_for(timeout=15000)
        (link,) = re.findall(r"http\S+/casework/sign-in/letter#[A-Z0-9-]{24}", await page.inner_text("#letter"))
    async with open_context(browser) as home:
        page = await home.new_page()
        await page.goto(link)
        assert await page.input_value("#f-code") == link.partition("#")[2]
        assert "#" not in page.url
        await page.get_by_role("button", name="つぎへ").click()
        await page.locator(".qr svg").wait_for(timeout=15000)
        found = []
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            found += [f"{width}: {problem}" for problem in await inspect(page, width)]
        assert found == []
        secret = await page.inner_text(".secret")
        await page.fill("#f-password", "forty geese over the canal")
        await page.fill("#f-code", pyotp.TOTP(secret).now())
        await page.get_by_role("button", name="決める").click()
        await page.get_by_role("heading", name="回復コード", exact=True).wait_for(timeout=15000)
        recovery = await page.locator(".codes code").first.inner_text()
        await page.get_by_role("link", name="サインインする").click()
        await page.fill("#f-login", "kacho")
        await page.fill("#f-password", "forty geese over the canal")
        await page.fill("#f-code", recovery)
        await page.get_by_role("button", name="サインインする").click()
        await page.wait_for_url(f"{town.base_url}/casework/", timeout=20000)
