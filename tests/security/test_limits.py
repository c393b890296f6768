"""How often one may ask: the rule, then the services over HTTP."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.parts import SERVICES, load_app
from services.stack import make_settings
from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from shared import limits
from shared.guards import AddressLimit
from shared.limits import Limits, Rate, TooManyError, admit, kind_of, network_of
from tests.e2e.conftest import StartStack
from tests.e2e.routes import routes_of


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@given(
    rate=st.builds(Rate, burst=st.integers(1, 50), per_second=st.floats(0.1, 50)),
    pauses=st.lists(st.floats(0, 5), max_size=200),
)
def test_never_more_than_the_burst_and_what_has_run_in_since(rate: Rate, pauses: list[float]) -> None:
    now, full_at, let_in = 0.0, 0.0, 0
    for pause in pauses:
        now += pause
        full_at, wait = admit(full_at, now, rate)
        let_in += wait == 0
        assert let_in <= rate.burst + now * rate.per_second + 1e-6
        if wait:
            assert admit(full_at, now + wait + 1e-9, rate)[1] == 0, "it says when the next one passes"


@given(rate=st.builds(Rate, burst=st.integers(1, 50), per_second=st.floats(0.1, 50)))
def test_who_has_been_quiet_has_the_whole_burst(rate: Rate) -> None:
    full_at = 0.0
    for _ in range(rate.burst):
        full_at, wait = admit(full_at, 500.0, rate)
        assert wait == 0
    assert admit(full_at, 500.0, rate)[1] > 0


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/households/search", "search"),
        ("/households/export", "export"),
        ("/cases/export.{kind}", "export"),
        ("/disclosures/{request_id}/file.json", "export"),
        ("/api/consents/{consent}/receipt", "export"),
        ("/labels", "labels"),
        ("/drafts/{form}/{draft_id}", "drafts"),
        ("/households/{household}", "everything"),
        ("/api/me", "everything"),
    ],
)
def test_each_kind_of_request_has_its_rate(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_one_persons_haste_is_nobody_elses() -> None:
    hands = Hands()
    counted = Limits(hands)
    for _ in range(limits.PERSON["search"].burst):
        counted.count_person("a", "/api/households/search")
    with pytest.raises(TooManyError) as refused:
        counted.count_person("a", "/api/households/search")
    counted.count_person("b", "/api/households/search")
    counted.count_person("a", "/api/me")
    hands.at += refused.value.seconds + 0.001
    counted.count_person("a", "/api/households/search")


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/casework/sign-in/local", True),
        ("/casework/sign-in", True),
        ("/casework/api/session", True),
        ("/casework/sign-out", False),
        ("/intake/events", None),
        ("/intake/health", None),
        ("/intake/events/more", False),
    ],
)
def test_signing_in_is_counted_by_address(path: str, counted: bool | None) -> None:
    seen = Limits(Hands())
    seen.count_address("192.0.2.7", "POST", path)
    kinds = {kind for _, kind, _ in seen._full_at}
    assert kinds == (set() if counted is None else {"everything", "sign_in"} if counted else {"everything"})


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


def test_buckets_that_are_full_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_BUCKETS", 10)
    hands = Hands()
    counted = Limits(hands)
    for number in range(100):
        counted.count_address(f"192.0.2.{number}", "GET", "/")
        hands.at += 1
    assert len(counted._full_at) <= 10


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small buckets, which a test can empty."""
    monkeypatch.setattr(limits, "PERSON", dict.fromkeys(limits.PERSON, Rate(3, 0.01)))
    monkeypatch.setattr(limits, "ADDRESS", dict.fromkeys(limits.ADDRESS, Rate(3, 0.01)))


@pytest.mark.usefixtures("hurried")
async def test_an_address_that_hurries_is_told_when_to_go_on() -> None:
    async def well(_: object) -> PlainTextResponse:
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", well)], middleware=[Middleware(AddressLimit, limits=Limits())])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward.test") as client:
        answers = [await client.get("/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 100
    assert answers[3].json()["title"]


@pytest.mark.e2e
async def test_a_person_who_hurries_is_told_when_to_go_on_and_others_are_not(
    start_stack: StartStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start_stack(overrides={"rate_limits": True}) as running:
        one, other = (Person(POST_BY_CODE[code], running.base_url) for code in ("caseworker-n1", "caseworker-c1"))
        await one.sign_in()
        await other.sign_in()
        monkeypatch.setattr(limits, "PERSON", dict.fromkeys(limits.PERSON, Rate(3, 0.01)))
        for service in SERVICES:
            answers = [await one.http.get(f"/{service}/drafts/consultation") for _ in range(5)]
            assert [answer.status_code for answer in answers][3:] == [429, 429], service
            assert answers[4].headers["content-type"] == "application/problem+json"
            assert int(answers[4].headers["retry-after"]) >= 1
        assert (await other.http.get("/intake/drafts/consultation")).status_code == 200
        await one.http.aclose()
        await other.http.aclose()


def test_every_kind_has_a_route(tmp_path: Path) -> None:
    """A route that is renamed does not slip out of its kind unseen."""
    nowhere = dict.fromkeys(SERVICES, "postgresql+asyncpg://nobody@localhost/nothing")
    settings = make_settings(tmp_path, "http://localhost", nowhere, "redis://localhost")
    apps = [load_app(service, settings[service]) for service in SERVICES]
    assert {kind_of(route.template) for app in apps for route in routes_of(app)} == set(limits.PERSON)
