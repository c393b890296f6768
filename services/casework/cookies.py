"""The two cookies of a signed-in browser: the token for every service, and the session's secret for casework alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import clock
from shared.identity import TOKEN_COOKIE

if TYPE_CHECKING:
    from fastapi import Request, Response

    from services.casework.actions.sessions import SignedIn
    from shared.identity import Actor
    from shared.service import Service

SESSION_COOKIE = "kasane_session"


def set_token(answer: Response, here: Service, actor: Actor) -> None:
    """A fresh short-lived token."""
    seconds = here.settings.token_seconds
    answer.set_cookie(TOKEN_COOKIE, here.tokens.sign(actor), max_age=seconds, path="/", **_common(here))


def set_cookies(answer: Response, here: Service, begun: SignedIn) -> None:
    """Token and session of somebody who has just come in."""
    set_token(answer, here, begun.actor)
    left = max(int((begun.ends_at - clock.now()).total_seconds()), 0)
    answer.set_cookie(SESSION_COOKIE, begun.secret, max_age=left, path="/casework", **_common(here))


def drop_cookies(answer: Response) -> None:
    """Nobody is signed in any more."""
    for name, path in ((TOKEN_COOKIE, "/"), (SESSION_COOKIE, "/casework")):
        answer.delete_cookie(name, path=path)


def address_of(request: Request) -> str:
    """Where a request comes from, as the edge says (uvicorn believes only the proxies it is told to)."""
    return request.client.host if request.client else ""


def _common(here: Service) -> dict[str, Any]:
    return {"httponly": True, "secure": here.settings.cookie_secure, "samesite": "lax"}
