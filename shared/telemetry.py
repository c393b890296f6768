"""What a service says about itself: structured logs, metrics, trace context.

Paths are route templates without queries, so that neither names nor search terms nor ids reach a log. Only who was
refused is told, by the post's id: failed tries can be followed (ASVS 16.3.2), and work is not watched.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from shared import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent() -> str | None:
    """The W3C trace context of the request being served; events carry it on."""
    return _traceparent.get()


@contextmanager
def continuing(trace: str | None) -> Iterator[None]:
    """Do something as part of the trace that an event carried here."""
    token = _traceparent.set(trace)
    try:
        yield
    finally:
        _traceparent.reset(token)


def configure_logging(*, level: int = logging.INFO, stream: TextIO = sys.stderr) -> None:
    """One JSON object a line on ``stream``, for our own loggers and those of libraries."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=stream, format="%(levelname)s %(name)s %(message)s", force=True)


_REFUSED = frozenset({403, 404, 429})
"""What whoever may not get something is told; 404 stands for 403 where it would tell that a thing exists."""


class Metrics:
    """A registry for one service; several services may live in one process."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "kasane_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "kasane_request_seconds", "Time to answer", ["method", "route"], registry=self.registry
        )
        self.service = service


class AccessLog:
    """Counts, times and logs each request by its route template; continues or begins its trace."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = structlog.get_logger().bind(service=metrics.service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on and look at the clock."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        trace = given if _TRACEPARENT.fullmatch(given) else f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        token = _traceparent.set(trace)
        started, status = clock.monotonic(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            _traceparent.reset(token)
            seconds = clock.monotonic() - started
            route = getattr(scope.get("route"), "path", "-")
            method = scope["method"]
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(method, route).observe(seconds)
            self._log.info(
                "request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), trace=trace,
                **_who_was_refused(scope, status),
            )  # fmt: skip


def _who_was_refused(scope: Scope, status: int) -> dict[str, str]:
    """The post of somebody signed in who got no."""
    actor = scope.get("state", {}).get("actor")
    return {"post": str(actor.post)} if actor is not None and status in _REFUSED else {}
