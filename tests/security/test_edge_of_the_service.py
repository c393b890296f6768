"""Cookies, host names and headers as a browser meets them, with the settings of a ward behind TLS."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.ward.staff import POST_BY_CODE
from shared.guards import HostGuard, known_hosts
from shared.settings import Settings
from tests.e2e.conftest import StartStack


def cookies_of(answer: httpx.Response) -> SimpleCookie:
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return jar


@pytest.mark.e2e
async def test_cookies_behind_tls_can_be_put_by_nobody_else(start_stack: StartStack) -> None:
    async with (
        start_stack(overrides={"cookie_secure": True}) as running,
        httpx.AsyncClient(base_url=running.base_url) as client,
    ):
        post = str(POST_BY_CODE["caseworker-n1"].id)
        jar = cookies_of(await client.post("/casework/api/session", json={"post": post}))
        assert set(jar) == {"__Host-kasane_token", "__Secure-kasane_session"}
        for cookie in jar.values():
            assert (cookie["secure"], cookie["httponly"], cookie["samesite"].lower()) == (True, True, "lax")
            assert not cookie["domain"]
        assert jar["__Host-kasane_token"]["path"] == "/"
        token, secret = jar["__Host-kasane_token"].value, jar["__Secure-kasane_session"].value
        client.cookies.clear()
        for name, status in (("__Host-kasane_token", 200), ("kasane_token", 401)):
            asked = await client.get("/casework/api/me", headers={"cookie": f"{name}={token}"})
            assert asked.status_code == status, name
        for name, status in (("kasane_session", 401), ("__Secure-kasane_session", 200)):
            renewed = await client.post("/casework/session/renew", headers={"cookie": f"{name}={secret}"})
            assert renewed.status_code == status, name
        out = await client.post("/casework/sign-out", headers={"cookie": f"__Secure-kasane_session={secret}"})
        dropped = cookies_of(out)
        assert {name: cookie["max-age"] for name, cookie in dropped.items()} == dict.fromkeys(jar, "0")
        assert all(cookie["secure"] for cookie in dropped.values()), "else a browser keeps it"
        assert out.headers["clear-site-data"] == '"cache"'
        language = cookies_of(await client.get("/casework/sign-in", params={"lang": "en"}))
        assert all(cookie["secure"] for cookie in language.values())


SETTINGS = Settings(public_url="https://kasane.example.lg.jp", urls={"intake": "http://intake:8000/intake"})


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("kasane.example.lg.jp", 200),
        ("kasane.example.lg.jp:443", 200),
        ("KASANE.example.lg.jp", 200),
        ("intake:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("kasane.example.lg.jp.evil.example", 421),
        ("kasane.example.lg.jp@evil.example", 421),
        ("[", 421),
        ("", 421),
    ],
)
async def test_only_our_own_names_are_answered(host: str, status: int) -> None:
    async with _behind_the_guard(SETTINGS) as client:
        assert (await client.get("/", headers={"host": host})).status_code == status


async def test_without_a_public_address_any_name_is_answered() -> None:
    async with _behind_the_guard(Settings()) as client:
        assert (await client.get("/", headers={"host": "anything"})).status_code == 200


def _behind_the_guard(settings: Settings) -> httpx.AsyncClient:
    async def well(_: object) -> PlainTextResponse:
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", well)], middleware=[Middleware(HostGuard, known=known_hosts(settings))])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward.test")


@pytest.mark.e2e
async def test_headers_stand_on_pages_files_and_refusals(start_stack: StartStack) -> None:
    async with start_stack() as running, httpx.AsyncClient(base_url=running.base_url) as client:
        for path, status in (
            ("/casework/sign-in", 200), ("/casework/api/me", 401), ("/nowhere", 404), ("/intake/no%0Awhere", 404),
            ("/static/css/base.css", 200),
        ):  # fmt: skip
            answer = await client.get(path)
            assert answer.status_code == status, path
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert all(part in policy for part in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"))
            assert "includeSubDomains" in answer.headers["strict-transport-security"]
            for name, value in (
                ("x-content-type-options", "nosniff"), ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin"),
            ):  # fmt: skip
                assert answer.headers[name] == value, path
            assert "camera=()" in answer.headers["permissions-policy"]
            assert "server" not in answer.headers
            assert ("no-store" in answer.headers["cache-control"]) is not path.startswith("/static/")


@pytest.mark.e2e
async def test_refusals_outside_of_every_service_are_problem_details(start_stack: StartStack) -> None:
    async with start_stack() as running, httpx.AsyncClient(base_url=running.base_url) as client:
        for path in ("/nowhere", "/intake/api/households/%0A"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
            assert answer.json()["title"]
