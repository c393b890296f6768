"""What stands before every request: headers, body size, cross-site requests, rates, our names. Plain ASGI."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from shared.limits import TooManyError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from shared.limits import Limits
    from shared.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(self), payment=(), usb=(), interest-cohort=()",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}


class SecurityHeaders:
    """Puts the headers of OWASP ASVS 5.0 chapter 3 on every answer; pages are never kept by a cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class CrossSiteGuard:
    """Refuses a changing request that a browser sends from another site.

    Browsers say where a request comes from (``Sec-Fetch-Site``, else ``Origin``); a client that says neither is not
    a browser and carries nobody's cookies by accident.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 403."""
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and _is_cross_site(Headers(scope=scope)):
            await _answer(send, 403, "別のサイトからの送信は受け付けません。")
            return
        await self._app(scope, receive, send)


def _is_cross_site(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


class BodyLimit:
    """Refuses a body larger than ``most`` bytes, declared or streamed."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared) > self._most:
            await _answer(send, 413, "送られたものが大きすぎます。分けて送ってください。")
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._most:
                    return {"type": "http.disconnect"}
            return message

        await self._app(scope, counted, send)


class AddressLimit:
    """Refuses an address that asks more often than a whole office would; None: nobody is counted."""

    def __init__(self, app: ASGIApp, limits: Limits | None) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 429."""
        if scope["type"] == "http" and self._limits is not None and scope.get("client"):
            try:
                self._limits.count_address(scope["client"][0], scope["method"], scope["path"])
            except TooManyError as error:
                await _answer(send, 429, error.text, retry_after=error.seconds)
                return
        await self._app(scope, receive, send)


class HostGuard:
    """Refuses a Host header that is nobody's name for us; without ``known`` names any may be used."""

    def __init__(self, app: ASGIApp, known: frozenset[str]) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 421."""
        if scope["type"] == "http" and self._known:
            given = Headers(scope=scope).getlist("host")
            if len(given) != 1 or _host_in(f"//{given[0]}") not in self._known:
                await _answer(send, 421, "この名前では、ここに届きません。")
                return
        await self._app(scope, receive, send)


def known_hosts(settings: Settings) -> frozenset[str]:
    """The names by which people (``public_url``), the other services and health checks reach us."""
    if not settings.public_url:
        return frozenset()
    told = (settings.public_url, *settings.urls.values(), "//127.0.0.1", "//localhost", "//[::1]")
    return frozenset(_host_in(url) for url in told)


def _host_in(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def _answer(send: Send, status: int, title: str, *, retry_after: float = 0) -> None:
    body = json.dumps({"type": "about:blank", "title": title, "status": status}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    if retry_after:
        headers.append((b"retry-after", str(math.ceil(retry_after)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
