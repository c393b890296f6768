"""監査: the frame around the four services' own logs, for auditors."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from services.casework.queries.directory import Directory
from shared.audit.routes import Auditor, Wanted
from shared.audit.words import group_choices
from shared.i18n import locale_of, speaking
from shared.service import Here
from shared.web import page

router = APIRouter(include_in_schema=False)


@router.get("/audit")
async def show_audit(request: Request, here: Here, _: Auditor, wanted: Wanted) -> HTMLResponse:
    """The filters, and four empty sheets; each is asked of its own service."""
    with speaking(locale_of(request)):
        async with here.db.read() as session:
            directory = await Directory.load(session)
        posts = [(post, f"{directory.post(post)}({directory.title(post)})") for post in directory.posts]
        return page(
            request,
            "audit.html",
            wanted=wanted,
            address=urlencode(wanted.says()),
            posts=posts,
            groups=group_choices(),
        )
