"""Every route of every service, as a stranger or a person of another role would call it."""

import re
from dataclasses import dataclass
from uuid import UUID

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

_ANYTHING = {"form": "consultation", "kind": "agency_invited", "code": "T8050"}
_SOME_ID = UUID("01890000-0000-7000-8000-000000000001")

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


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one route, with its path filled in."""

    service: str
    method: str
    template: str
    path: str

    @property
    def name(self) -> str:
        """How the route is called in a list."""
        return f"{self.method} /{self.service}{self.template}"


def routes_of(app: FastAPI) -> list[Route]:
    """Every method of every route of one service; ids in paths are those of nothing."""
    service = app.state.service.name
    found = []
    for route in iter_route_contexts(app.routes):
        template = route.path or ""
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda part: _ANYTHING.get(part[1], str(_SOME_ID)), template)
        found += [
            Route(service, method, template, f"/{service}{path}")
            for method in sorted(route.methods or ())
            if method not in {"HEAD", "OPTIONS"}
        ]
    return found


def is_open(route: Route) -> bool:
    """Whether a stranger gets an answer there."""
    return route.name in OPEN or f"{route.method} {route.template}" in EVERYWHERE_OPEN


def refuses(answer: httpx.Response) -> bool:
    """401, or for a page the way to the sign-in."""
    leads_to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith(
        ("/casework/sign-in", "/casework/session?")
    )
    return answer.status_code == 401 or leads_to_sign_in
