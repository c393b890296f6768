"""The busiest endpoints: what is sent to Kasane, and what to the bare handlers, for the same work."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from tests.bench.api.client import message

Send = Callable[[], bytes]
"""Makes the next request."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``service`` answers it; ``kasane`` and ``bare`` make the requests."""

    name: str
    service: str
    kasane: Send
    bare: Send


@dataclass(frozen=True, slots=True)
class Matter:
    """What is asked about: tokens by service, a household, labels' ids, whose inbox, and the next call's words."""

    tokens: Mapping[str, str]
    household: UUID
    labels: Mapping[str, list[str]]
    inbox: UUID
    next_body: Callable[[], dict[str, Any]]


def endpoints_of(matter: Matter) -> tuple[Endpoint, ...]:
    """Each endpoint with its requests, grouped by service."""
    household = matter.household

    def read(service: str, path: str, *, page: bool = True) -> Send:
        return lambda: message("GET", path, _headers(matter, service, page=page))

    def bare(path: str) -> Send:
        return lambda: message("GET", path, {})

    def labels(path: str, headers: Mapping[str, str]) -> Send:
        return lambda: message("POST", path, headers, json.dumps(matter.labels).encode())

    return (
        Endpoint("board", "casework", read("casework", "/casework/board"), bare("/board")),
        Endpoint("inbox", "notify", read("notify", "/notify/"), bare(f"/inbox/{matter.inbox}")),
        Endpoint(
            "new_consultation",
            "intake",
            lambda: message(
                "POST",
                "/intake/api/consultations",
                _headers(matter, "intake", page=False) | {"idempotency-key": uuid4().hex},
                _call(matter),
            ),
            lambda: message("POST", "/consultations", {}, _call(matter)),
        ),
        Endpoint(
            "household_page",
            "intake",
            read("intake", f"/intake/households/{household}"),
            bare(f"/households/{household}/page"),
        ),
        Endpoint(
            "household_api",
            "intake",
            read("intake", f"/intake/api/households/{household}", page=False),
            bare(f"/households/{household}"),
        ),
        Endpoint(
            "labels",
            "intake",
            labels("/intake/labels", _headers(matter, "intake", page=False)),
            labels("/labels", {}),
        ),
    )


def _headers(matter: Matter, service: str, *, page: bool) -> dict[str, str]:
    return {
        "authorization": f"Bearer {matter.tokens[service]}",
        "accept": "text/html" if page else "application/json",
        "accept-language": "ja",
    }


def _call(matter: Matter) -> bytes:
    return json.dumps(matter.next_body(), ensure_ascii=False).encode()
