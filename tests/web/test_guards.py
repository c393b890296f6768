"""The guards before every request, asked over real HTTP semantics through ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.guards import CONTENT_SECURITY_POLICY, BodyLimit, CrossSiteGuard, SecurityHeaders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

MOST = 1000


async def echo(request: Request) -> PlainTextResponse:
    """Answer with the size of what came."""
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A browser-like client in front of the three guards."""
    app = Starlette(
        routes=[Route("/", echo, methods=["GET", "POST"])],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(CrossSiteGuard),
            Middleware(BodyLimit, most=MOST),
        ],
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward.test") as client:
        yield client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://ward.test"}, 200),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({}, 200),
    ],
)
async def test_only_our_own_pages_may_change_things(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await client.post("/", headers=headers)
    assert answer.status_code == status


async def test_reading_is_free_from_anywhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200


@pytest.mark.parametrize(("size", "status"), [(MOST, 200), (MOST + 1, 413)])
async def test_a_body_has_its_limit(client: httpx.AsyncClient, size: int, status: int) -> None:
    answer = await client.post("/", content=b"x" * size)
    assert answer.status_code == status


async def test_headers_stand_on_every_answer_also_on_refusals(client: httpx.AsyncClient) -> None:
    for answer in (await client.get("/"), await client.post("/", headers={"sec-fetch-site": "cross-site"})):
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
