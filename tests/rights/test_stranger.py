"""Whoever is not signed in gets nothing anywhere: no cookie, a forged token, an old one, an ended session or post."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import OKPKey

from shared import clock
from shared.identity import TOKEN_COOKIE, Actor, Tokens
from tests.e2e.canaries import MARK, MESH
from tests.e2e.routes import is_open, refuses
from tests.rights.asking import at_once
from tests.rights.crawling import Crawler, everywhere, try_address
from tests.rights.leaving import end_post, sign_out
from tests.rights.town import PATIENCE
from tests.rights.ward import POSTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.stack import Stack
    from services.story.stage import Person
    from tests.e2e.routes import Route
    from tests.rights.conftest import PlayTown

pytestmark = [pytest.mark.e2e, pytest.mark.thorough, pytest.mark.timeout(3600)]
_GUIDES: Final = ("cw-n1", "co-1", "mg-1", "wk-n1", "ho-1", "op-1", "au-1")
"""Whose pages teach the strangers which ids there are."""


async def test_a_stranger_learns_nothing_from_any_address(play_town: PlayTown) -> None:
    wrong: list[str] = []
    async with play_town() as played:
        guides = [Crawler(played.people[code]) for code in _GUIDES]
        await at_once([guide.crawl for guide in guides])
        known = everywhere(played.running)
        for guide in guides:
            known.learn([*(page.path for page in guide.pages), *guide.targets])
        assert sum(map(len, known.ids.values())) > 100

        async def ask(name: str, stranger: httpx.AsyncClient, route: Route, path: str) -> None:
            answer = await try_address(stranger, route, path)
            if answer.status_code >= 500 or not (refuses(answer) or is_open(route)):
                wrong.append(f"{name}: {route.method} {path} answered {answer.status_code}")
            told = f"{answer.text} {answer.headers.get('location', '')}"
            if MARK.search(told) or MESH in told:
                wrong.append(f"{name}: {route.method} {path} tells something")

        async with strangers(played.running, played.people.by_code) as them:
            asked = [
                (name, stranger, route, path)
                for route in known.routes
                if not route.template.startswith("/sign-")
                for place, path in enumerate(known.addresses(route))
                for number, (name, stranger) in enumerate(them.items())
                # the one without any credential tries every id; the others share them out among themselves
                if number == 0 or place % (len(them) - 1) == number - 1 or place == 0
            ]
            assert len(asked) > 2000
            await at_once([lambda one=one: ask(*one) for one in asked])  # type: ignore[misc] # bound now
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(sorted(set(wrong)))


@contextlib.asynccontextmanager
async def strangers(running: Stack, people: dict[str, Person]) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """One of each kind, by name; the first has nothing at all."""
    genuine = Tokens(running.settings["casework"])
    own = OKPKey.generate_key("Ed25519")
    keys = {"signing_key": own.as_pem(private=True).decode(), "verifying_key": own.as_pem(private=False).decode()}
    forger = Tokens(running.settings["casework"].model_copy(update=keys))
    manager = _as_actor("mg-1")
    with clock.at(clock.now() - timedelta(days=2)):
        old = genuine.sign(manager)
    tokens = {
        "nobody": None,
        "nonsense": "nonsense",
        "no signature": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "signed by somebody else": forger.sign(manager),
        "of the day before yesterday": old,
    }
    async with contextlib.AsyncExitStack() as stack:
        found = {}
        for name, token in tokens.items():
            headers = {"authorization": f"Bearer {token}"} if token and name == "nonsense" else {}
            alone = httpx.Limits(max_keepalive_connections=0)
            client = httpx.AsyncClient(base_url=running.base_url, timeout=PATIENCE, headers=headers, limits=alone)
            if token and not headers:
                client.cookies.set(TOKEN_COOKIE, token)
            found[name] = await stack.enter_async_context(client)
        found["signed out"] = await sign_out(people["mg-8"])
        found["whose post has ended"] = await end_post(people["cw-n9"], people["op-1"])
        yield found


def _as_actor(code: str) -> Actor:
    post = POSTS[code]
    return Actor(
        post=post.id, person=post.person, session=uuid4(), agency=post.agency, agency_kind="chiiki", role=post.role,
        areas=frozenset(post.areas), name=code,
    )  # fmt: skip
