"""Somebody of each role opens everything that is offered, then every address with every id anybody has ever seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.routes import NOT_FOR_BROWSERS
from tests.rights.asking import at_once
from tests.rights.crawling import Crawler, everywhere, try_address
from tests.rights.table import Cell
from tests.rights.ward import POSTS, WHO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.routes import Route
    from tests.rights.conftest import Played, PlayTown

pytestmark = [pytest.mark.e2e, pytest.mark.thorough, pytest.mark.timeout(3600)]

CRAWLERS: Final = (
    "cw-n1", "cw-n2", "cw-s1", "co-1", "co-2", "mg-1", "mg-2", "lead-n", "lead-s", "wk-n1", "wk-s1", "ho-1", "ji-1",
    "sg-1", "se-1", "ko-1", "sh-1", "hj-1", "op-1", "au-1",
)  # fmt: skip
_ALIKE: Final = (("name", "label"), ("case", "row"))
_WORD: Final = re.compile(r"qzk[a-j]{4}zq")


def beyond(played: Played, code: str, text: str) -> Iterator[str]:
    """The marked words in a text that stand in no object which the table lets somebody see in any way."""
    said = set(_WORD.findall(text))
    agency = POSTS[code].agency
    for family in played.families:
        for thing in played.table.values("object"):
            if said.isdisjoint(family.words_of(thing, agency)):
                continue
            cells = [
                Cell(WHO[code], "running", family.basis(code), family.state(code), thing, action)
                for action in played.table.values("action")
            ]
            # the same word is the name on a page and on a label: who may have the one has the word
            alike = next((both for both in _ALIKE if thing in both), ())
            cells += [cell._replace(object=other) for cell in cells for other in alike]
            if not any(played.table.may(cell) for cell in cells):
                yield f"{thing} of {family.name}"


async def test_whatever_is_offered_is_in_the_table(play_town: PlayTown) -> None:
    wrong: list[str] = []
    async with play_town() as played:
        crawlers = {code: Crawler(played.people[code]) for code in CRAWLERS}
        await at_once([crawler.crawl for crawler in crawlers.values()])
        known = everywhere(played.running)
        for code, crawler in crawlers.items():
            assert len(crawler.pages) > 8, f"{code} was offered {len(crawler.pages)} pages"
            known.learn([*(page.path for page in crawler.pages), *crawler.targets])
            for page in crawler.pages:
                if page.status >= 500:
                    wrong.append(f"{code} GET {page.path}: {page.status}")
                wrong += [f"{code} GET {page.path}: {found}" for found in beyond(played, code, page.text)]
        assert {"household", "case_id", "visit_id", "person_id", "notification_id"} <= known.ids.keys()

        async def ask(code: str, route: Route, path: str) -> None:
            answer = await try_address(played.people[code].http, route, path)
            feed = f"{route.method} {route.template}" in NOT_FOR_BROWSERS
            if answer.status_code >= 500 or (feed and answer.status_code != 401):
                wrong.append(f"{code} {route.method} {path}: {answer.status_code}")
            wrong.extend(f"{code} {route.method} {path}: {found}" for found in beyond(played, code, answer.text))

        opened = {code: {page.path for page in crawler.pages} for code, crawler in crawlers.items()}
        asked = [
            (code, route, path)
            for route in known.routes
            if route.method == "GET" and route.template not in {"/metrics", "/openapi.json", "/session"}
            for path in known.addresses(route)
            for code in CRAWLERS
            if path not in opened[code]
        ]
        assert len(asked) > 1000
        await at_once([lambda one=one: ask(*one) for one in asked])  # type: ignore[misc] # bound now
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(sorted(set(wrong)))
