"""Chromium for pictures and browser tests: how it is found, started, and how a whole page is photographed."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, Page

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=ja",
    "--font-render-hinting=none",
)
PHONE: Final = 600
"""Screens narrower than this many CSS pixels are phones."""
TALLEST: Final = 16000
"""The most that Chromium photographs in one piece."""
_CLOSING: Final = 30
"""Seconds that a browser or a visitor may take to go: a call to a Chromium that stands has no limit of its own."""


def find_chromium() -> str | None:
    """The browser to drive: ``KASANE_CHROMIUM``, else what Debian installs; None when there is none."""
    wish = os.environ.get("KASANE_CHROMIUM")
    return wish if wish and Path(wish).exists() else shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """A Chromium of one's own, closed at the end. FileNotFoundError where there is none."""
    executable = find_chromium()
    if executable is None:
        raise FileNotFoundError("no Chromium here: install Debian's package chromium, or name one in KASANE_CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=list(FLAGS), env={**os.environ, "LANGUAGE": "ja"}
        )
        try:
            yield browser
        finally:
            await _closed(browser)  # one that stands is ended by playwright itself when that is left


@asynccontextmanager
async def open_context(browser: Browser, *, width: int = 1366, scheme: str = "light") -> AsyncIterator[BrowserContext]:
    """A fresh visitor: own cookies, a screen of ``width`` CSS pixels, touch where it is a phone."""
    phone = width < PHONE
    context = await browser.new_context(
        viewport={"width": width, "height": 844 if phone else 900},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=phone,
        reduced_motion="reduce",
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
    )
    try:
        yield context
    finally:
        await _closed(context)


async def _closed(thing: Browser | BrowserContext) -> None:
    """Close it, without waiting for ever for a Chromium that does not answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSING):
            await thing.close()


async def take_picture(page: Page, path: Path, *, tallest: int = TALLEST) -> None:
    """The page as PNG, at most ``tallest`` pixels high; bars that stick stand where the picture ends."""
    size = page.viewport_size or {"width": 1366, "height": 900}
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(height, tallest))})
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    await page.evaluate("scrollTo(0, 0)")
    await page.screenshot(path=path)
    await page.set_viewport_size(size)
