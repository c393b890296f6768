"""Where a request comes from, for the audit: the address that the edge vouches for.

uvicorn puts ``X-Forwarded-For`` in the place of the peer's address only when the peer is a proxy named in
``FORWARDED_ALLOW_IPS``; from anybody else the header is ignored.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_origin: ContextVar[str | None] = ContextVar("origin", default=None)


def current_origin() -> str | None:
    """The address of whoever sent the running request; None outside of one."""
    return _origin.get()


def say_origin(address: str) -> None:
    """A service that asks for a person has said where that person's browser is; it must have proved who it is."""
    _origin.set(address)


class Origin:
    """Remembers the address for the length of a request. Plain ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        client = scope.get("client")
        token = _origin.set(client[0] if client else None)
        try:
            await self._app(scope, receive, send)
        finally:
            _origin.reset(token)
