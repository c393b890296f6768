"""A real Chromium, and what must hold on every page: a silent console, no other host, nothing for axe to find."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from services.browser import PHONE

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Page, Request

ROOT: Final = Path(__file__).resolve().parent.parent.parent
AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS: Final = (1366, 390)
LOCALES: Final = ("ja", "en")


@dataclass
class Watch:
    """What a page did that it must not do. ``allowed``: status codes that a test provokes on purpose."""

    host: str
    complaints: list[str] = field(default_factory=list)
    allowed: frozenset[int] = frozenset()

    def follow(self, page: Page) -> None:
        """Listen to everything the page says and asks for."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if any(f"status of {status}" in message.text for status in self.allowed):
            return
        self.complaints.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.host:
            self.complaints.append(f"third party: {request.url}")


async def find_barriers(page: Page) -> list[str]:
    """What axe-core finds on the page, one line a finding."""
    script = await asyncio.to_thread(AXE.read_text, encoding="utf-8")
    await page.evaluate(script)
    result: dict[str, Any] = await page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    return [
        f"axe {found['id']}: {node['target']} {node.get('failureSummary', '').splitlines()[1:2]}"
        for found in result["violations"]
        for node in found["nodes"]
    ]


async def find_overflow(page: Page) -> list[str]:
    """Elements that push the page wider than the screen; inside a ``.scroll`` frame they may."""
    wide: list[str] = await page.evaluate(
        """() => {
          if (document.documentElement.scrollWidth <= innerWidth) return [];
          return [...document.querySelectorAll("body *")]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, .tabs"))
            .slice(0, 5).map((e) => `too wide: ${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)}`);
        }"""
    )
    return wide


async def find_small_targets(page: Page) -> list[str]:
    """Buttons and boxes too small for a thumb: under 44 px (WCAG 2.5.8 asks for 24)."""
    small: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll("main :is(button, a.btn, select, summary), .side a")]
          .filter((e) => e.checkVisibility() && !e.closest(".vh"))
          .map((e) => [e, e.getBoundingClientRect()])
          .filter(([, box]) => box.height > 0 && box.height < 43.5)
          .slice(0, 8)
          .map(([e, box]) => `small target: ${e.tagName} ${e.textContent.trim().slice(0, 20)} ${box.height} px`)"""
    )
    return small


async def inspect(page: Page, width: int) -> list[str]:
    """Everything at once: barriers, overflow and, on a phone, small targets."""
    found = await find_barriers(page) + await find_overflow(page)
    return found + (await find_small_targets(page) if width < PHONE else [])
