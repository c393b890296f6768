"""Every route of every service, as a stranger or a person of another role would call it."""

import re
from dataclasses import dataclass
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

_ANYTHING = {"form": "consultation", "kind": "agency_invited", "code": "T8050"}
_SOME_ID = UUID("01890000-0000-7000-8000-000000000001")


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
