"""Somebody who opens every link, form and piece that any page offers them, and remembers every id they come across."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Final
from urllib.parse import urldefrag, urlsplit

import httpx
from fastapi import FastAPI

from services.stack import Stack
from services.story.stage import Person
from tests.e2e.routes import Route, routes_of

STARTS: Final = ("/", "/intake/households", "/casework/", "/outreach/today", "/notify/", "/operations")
_LED: Final = re.compile(r"""<(\w+)\s([^>]*)>""")
_ATTRIBUTE: Final = re.compile(r"""(href|hx-get|action|method|src)=["']([^"']*)["']""")
_MOST: Final = 600
_NOT_FOLLOWED: Final = ("/static/", "/casework/sign-", "/casework/session")
"""Files without anybody's data, and the ways out."""


@dataclass(frozen=True, slots=True)
class Page:
    """What came back from an address."""

    path: str
    status: int
    text: str


def led_to(page: Page) -> Iterator[tuple[str, bool]]:
    """Every address that a page leads to, and whether opening it changes nothing (it is no form that is posted)."""
    for tag, said in _LED.findall(page.text):
        attributes = dict(_ATTRIBUTE.findall(said))
        for name in ("href", "hx-get", "src"):
            if name in attributes:
                yield unescape(attributes[name]), True
        if tag == "form" and "action" in attributes:
            yield unescape(attributes["action"]), attributes.get("method", "get").lower() == "get"


@dataclass(slots=True)
class Crawler:
    """Opens everything. ``pages``: what was read; ``targets``: where forms would have been sent."""

    person: Person
    pages: list[Page] = field(default_factory=list)
    targets: set[str] = field(default_factory=set)

    async def crawl(self) -> None:
        """From the first pages on, until nothing new is offered."""
        waiting, seen = deque(STARTS), set(STARTS)
        while waiting and len(self.pages) < _MOST:
            page = await self.open(waiting.popleft())
            for address, harmless in led_to(page):
                path = urldefrag(address).url
                if not path.startswith("/") or path.startswith(_NOT_FOLLOWED) or "lang=" in path:
                    continue
                if not harmless:
                    self.targets.add(path)
                elif path not in seen:
                    seen.add(path)
                    waiting.append(path)

    async def open(self, path: str) -> Page:
        """One address, and where it leads."""
        answer = await self.person.http.get(path, headers={"accept": "text/html"}, follow_redirects=True)
        page = Page(path, answer.status_code, f"{answer.url}\n{answer.text}")
        self.pages.append(page)
        return page


@dataclass(slots=True)
class Known:
    """Every id that anybody has come across, by the parameter of the route in whose place it stood."""

    routes: list[Route]
    ids: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, apps: Iterable[FastAPI]) -> Known:
        """Nothing is known yet."""
        return cls([route for app in apps for route in routes_of(app)])

    def learn(self, paths: Iterable[str]) -> None:
        """Take the ids out of addresses."""
        patterns = [(re.compile(_pattern(route)), route) for route in self.routes if "{" in route.template]
        for path in paths:
            plain = urlsplit(path).path
            for pattern, _ in patterns:
                found = pattern.fullmatch(plain)
                for name, value in (found.groupdict() if found else {}).items():
                    self.ids.setdefault(name, set()).add(value)

    def addresses(self, route: Route) -> list[str]:
        """The route's address with every id known for its parameters; the one of nothing where none is.

        Where it has two parameters each id of the one is met, beside some id of the other.
        """
        names = re.findall(r"\{(\w+)(?::\w+)?\}", route.template)
        values = [sorted(self.ids.get(name, ())) for name in names]
        if not names or not all(values):
            return [route.path]
        rows = (tuple(column[n % len(column)] for column in values) for n in range(max(map(len, values))))
        return [_filled(f"/{route.service}{route.template}", row) for row in rows]


def _filled(path: str, values: tuple[str, ...]) -> str:
    given = iter(values)
    return re.sub(r"\{\w+(?::\w+)?\}", lambda _: next(given), path)


def _pattern(route: Route) -> str:
    parts = re.split(r"\{(\w+)(?::\w+)?\}", f"/{route.service}{route.template}")
    return "".join(re.escape(part) if n % 2 == 0 else f"(?P<{part}>[^/]+)" for n, part in enumerate(parts))


async def try_address(http: httpx.AsyncClient, route: Route, path: str) -> httpx.Response:
    """Send what a program would: an empty body where one is expected."""
    for_program = "/api/" in route.template or route.template in {"/labels", "/events"}
    headers = {"accept": "application/json" if for_program else "text/html"}
    return await http.request(route.method, path, headers=headers)


def everywhere(running: Stack) -> Known:
    """The routes of a running Kasane."""
    return Known.of(running.apps.values())
