"""Every route refuses a stranger; whoever is signed in gets an answer, never an error of ours."""

import httpx
import pytest

from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from tests.e2e.conftest import StartStack
from tests.e2e.routes import NOT_FOR_BROWSERS, OPEN, Route, is_open, refuses, routes_of

pytestmark = pytest.mark.e2e


async def test_every_route_refuses_a_stranger(start_stack: StartStack) -> None:
    wrong = []
    async with start_stack() as running, httpx.AsyncClient(base_url=running.base_url) as stranger:
        routes = [route for app in running.apps.values() for route in routes_of(app)]
        assert len(routes) > 120
        for route in routes:
            for accept in ("application/json", "text/html"):
                answer = await stranger.request(route.method, route.path, headers={"accept": accept})
                if not is_open(route) and not refuses(answer):
                    wrong.append(f"{route.name} ({accept}): {answer.status_code}")
        for forged in ("nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."):
            answer = await stranger.get("/casework/api/me", headers={"authorization": f"Bearer {forged}"})
            assert answer.status_code == 401
        assert {route.name for route in routes} >= set(OPEN)
    assert not wrong, "\n".join(wrong)


async def test_whoever_is_signed_in_gets_an_answer(start_stack: StartStack) -> None:
    wrong = []
    async with start_stack() as running:
        routes = [route for app in running.apps.values() for route in routes_of(app)]
        for code in ("operator-1", "head-kodomo", "worker-s3"):
            person = Person(POST_BY_CODE[code], running.base_url)
            await person.sign_in()
            wrong += [f"{code}: {found}" for route in routes if (found := await answer_is_wrong(person, route))]
            await person.http.aclose()
    assert not wrong, "\n".join(wrong)


async def answer_is_wrong(person: Person, route: Route) -> str | None:
    if route.template == "/sign-out":
        return None
    for_program = "/api/" in route.template or route.template in {"/labels", "/events"}
    accept = "application/json" if for_program else "text/html"
    body: dict[str, object] = {"json": {}} if for_program else {"data": {"q": "x"}}
    sent: dict[str, object] = body if route.method not in {"GET", "DELETE"} else {}
    answer = await person.http.request(route.method, route.path, headers={"accept": accept}, **sent)  # type: ignore[arg-type] # json or data
    feed = f"{route.method} {route.template}" in NOT_FOR_BROWSERS
    if answer.status_code >= 500 or (feed and answer.status_code != 401):
        return f"{route.name}: {answer.status_code}"
    return None
