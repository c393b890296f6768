"""Every route refuses a stranger; whoever is signed in gets an answer, never an error of ours."""

import httpx
import pytest

from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from tests.e2e.conftest import StartStack
from tests.e2e.routes import Route, routes_of

pytestmark = pytest.mark.e2e

OPEN = {
    "GET /casework/sign-in": "the sign-in page",
    "POST /casework/sign-in": "the demo's choice of a post; 403 elsewhere",
    "POST /casework/sign-in/local": "signing in with a password and a code",
    "GET /casework/sign-in/letter": "where a code on paper is typed",
    "POST /casework/sign-in/letter": "opening it",
    "POST /casework/sign-in/set-up": "setting password and second factor with it",
    "GET /casework/sign-in/provider": "leads to the organisation's provider",
    "GET /casework/sign-in/provider/out": "leads to the provider's own way out",
    "GET /casework/sign-in/provider/back": "where the provider sends people back to",
    "POST /casework/api/session": "the same for programs",
    "GET /casework/api/posts": "whom to sign in as; 404 outside the demo",
    "GET /casework/session": "leads a stranger to the sign-in page",
    "POST /casework/sign-out": "signing out twice is no crime",
}
EVERYWHERE_OPEN = {"GET /health", "GET /metrics", "GET /openapi.json"}
"""Without personal data; the edge of a ward's installation keeps metrics and the API's description inside."""

NOT_FOR_BROWSERS = {"GET /events"}
"""The feed: a reader shows its own credential, nobody's session opens it."""


def is_open(route: Route) -> bool:
    return route.name in OPEN or f"{route.method} {route.template}" in EVERYWHERE_OPEN


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


def refuses(answer: httpx.Response) -> bool:
    """401, or for a page the way to the sign-in."""
    leads_to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith(
        ("/casework/sign-in", "/casework/session?")
    )
    return answer.status_code == 401 or leads_to_sign_in


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
