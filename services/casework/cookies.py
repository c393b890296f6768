"""The two cookies of a signed-in browser: the token for every service, and the session's secret for casework alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import clock
from shared.identity import TOKEN_COOKIE, cookie_name

if TYPE_CHECKING:
    from fastapi import Request, Response

    from services.casework.actions.sessions import SignedIn
    from shared.identity import Actor
    from shared.service import Service

SESSION_COOKIE = "kasane_session"
_SESSION_PATH = "/casework"


def set_token(answer: Response, here: Service, actor: Actor) -> None:
    """A fresh short-lived token."""
    seconds = here.settings.token_seconds
    name = cookie_name(here.settings, TOKEN_COOKIE)
    answer.set_cookie(name, here.tokens.sign(actor), max_age=seconds, path="/", **_common(here))


def set_cookies(answer: Response, here: Service, begun: SignedIn) -> None:
    """Token and session of somebody who has just come in."""
    set_token(answer, here, begun.actor)
    left = max(int((begun.ends_at - clock.now()).total_seconds()), 0)
    name = cookie_name(here.settings, SESSION_COOKIE, path=_SESSION_PATH)
    answer.set_cookie(name, begun.secret, max_age=left, path=_SESSION_PATH, **_common(here))


def session_secret(request: Request, here: Service) -> str | None:
    """The secret of the session that a browser has."""
    return request.cookies.get(cookie_name(here.settings, SESSION_COOKIE, path=_SESSION_PATH))


def drop_cookies(answer: Response, here: Service) -> None:
    """Nobody is signed in any more."""
    for name, path in ((TOKEN_COOKIE, "/"), (SESSION_COOKIE, _SESSION_PATH)):
        answer.delete_cookie(cookie_name(here.settings, name, path=path), path=path, **_common(here))


def address_of(request: Request) -> str:
    """Where a request comes from, as the edge says (uvicorn believes only the proxies it is told to)."""
    return request.client.host if request.client else ""


def _common(here: Service) -> dict[str, Any]:
    return {"httponly": True, "secure": here.settings.cookie_secure, "samesite": "lax"}
