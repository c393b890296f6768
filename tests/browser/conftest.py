"""Chromium for these tests, or a loud word that there is none."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Final

import pytest

from services.browser import find_chromium, open_browser
from tests.browser.chromium import AXE
from tests.browser.town import running_town

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser

    from tests.browser.town import Town

PATIENCE: Final = 240
"""Seconds that a test's Chromium may live: calls to a page that wait without limit fail when it is closed."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a browser test; without a browser each is skipped with its reason."""
    lacking = [] if find_chromium() else ["NO CHROMIUM: pages were not looked at (install Debian's chromium)"]
    lacking += [] if AXE.is_file() else ["NO axe-core: run the launcher's set-up (npm ci)"]
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            for reason in lacking:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it once more at the end, where it is read."""
    if not find_chromium():
        terminalreporter.write_line("WARNING: no Chromium here, no page was looked at.", red=True, bold=True)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of the test's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # playwright's pipes at the end
        async with open_browser() as opened:
            watch = asyncio.create_task(_close_late(opened))
            yield opened
            watch.cancel()


async def _close_late(browser: Browser) -> None:
    await asyncio.sleep(PATIENCE)
    await browser.close(reason=f"this test's browser still stood after {PATIENCE} s")


@pytest.fixture(scope="session")
def town(postgres_url: str, shared_redis_url: str) -> Iterator[Town]:
    """One running Kasane for all browser tests of a worker."""
    with running_town(postgres_url, shared_redis_url) as running:
        yield running
