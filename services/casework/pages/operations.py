"""運用: the frame around the four services' own cards, for operators and managers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from services.casework.pages.words import done_words
from shared.i18n import locale_of, speaking
from shared.operations.routes import Watcher
from shared.web import page

router = APIRouter(include_in_schema=False)


@router.get("/operations")
async def show_operations(request: Request, _: Watcher) -> HTMLResponse:
    """Four empty cards; each is asked of its own service, so that one that is down takes no other with it."""
    with speaking(locale_of(request)):
        return page(request, "operations.html", told=done_words(request))
