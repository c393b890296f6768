"""The doors: signing in with what this installation offers, and setting up an account with a code on paper."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import segno
from fastapi import APIRouter, Form, Query, Request
from markupsafe import Markup
from pyotp import TOTP
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.casework.actions.accounts import Opened, enrol, open_letter
from services.casework.actions.entering import Proof, sign_in_locally
from services.casework.cookies import address_of, set_cookies
from services.casework.pages.forms import problems_of
from services.casework.queries.directory import Directory, list_posts
from services.casework.rules.accounts import LONGEST, SHORTEST
from services.casework.rules.sessions import device_of, local_path
from shared.errors import Refused
from shared.i18n import locale_of, speaking
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from services.casework.actions.sessions import SignedIn

router = APIRouter(include_in_schema=False)

_FIRST = (
    "caseworker",
    "coordinator",
    "outreach_lead",
    "outreach_worker",
    "manager",
    "agency_worker",
    "operator",
    "auditor",
)
Short = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=1000)]
"""Longer than any that is taken, so that a long one is refused in a sentence."""
NextPath = Annotated[str, Form(alias="next", max_length=2000)]


@router.get("/sign-in")
async def show_sign_in(
    request: Request, here: Here, next_path: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> HTMLResponse:
    """Every way in that is offered here."""
    return await render_sign_in(request, here, next_path)


@router.post("/sign-in/local")
async def sign_in_with_password(
    request: Request,
    here: Here,
    *,
    login: Short = "",
    password: Password = "",
    code: Short = "",
    next_path: NextPath = "",
) -> Response:
    """Login name, password and one-time code at once; whatever is wrong, the answer is one and the same."""
    device = device_of(request.headers.get("user-agent", ""))
    try:
        begun = await sign_in_locally(here.db, here.settings, Proof(login, password, code), address_of(request), device)
    except Refused as refused:
        return await render_sign_in(request, here, next_path, refused=refused, login=login)
    return come_in(here, begun, next_path)


@router.get("/sign-in/letter")
async def show_letter(request: Request) -> HTMLResponse:
    """Where the code on paper is typed."""
    return page(request, "letter.html", opened=None, f={}, problems=[])


@router.post("/sign-in/letter")
async def use_letter(request: Request, here: Here, code: Short = "") -> HTMLResponse:
    """Open a letter: password and second factor are asked for next."""
    try:
        opened = await open_letter(here.db, here.settings, code, address_of(request))
    except Refused as refused:
        return page(
            request,
            "letter.html",
            status=refused.status,
            opened=None,
            f={"code": code},
            problems=[],
            errors=_named(request, refused, "code"),
        )
    return _set_up_page(request, opened, code)


@router.post("/sign-in/set-up")
async def set_up(
    request: Request,
    here: Here,
    *,
    letter: Short = "",
    password: Password = "",
    code: Short = "",
) -> HTMLResponse:
    """Set password and second factor; the recovery codes are shown, this once."""
    try:
        login, codes = await enrol(
            here.db, here.settings, letter, password=password, one_time=code, address=address_of(request)
        )
    except Refused as refused:
        if refused.field is None:
            return page(
                request,
                "letter.html",
                status=refused.status,
                opened=None,
                f={},
                errors=_named(request, refused, "code"),
            )
        opened = await open_letter(here.db, here.settings, letter, address_of(request))
        return _set_up_page(request, opened, letter, refused)
    return page(request, "set_up_done.html", login=login, codes=codes)


def come_in(here: Service, begun: SignedIn, next_path: str) -> Response:
    """Where somebody goes who has just signed in: on, by way of the choice of post if they hold several."""
    path = local_path(next_path)
    answer = RedirectResponse(path if begun.posts == 1 else "/casework/me?done=several", status_code=303)
    set_cookies(answer, here, begun)
    return answer


async def render_sign_in(
    request: Request, here: Service, next_path: str, *, refused: Refused | None = None, login: str = ""
) -> HTMLResponse:
    """The sign-in page, with what was refused."""
    settings = here.settings
    async with here.db.read() as session:
        posts = await list_posts(session) if settings.demo_sign_in else []
        directory = await Directory.load(session)
    posts.sort(key=lambda post: (_FIRST.index(post.role) if post.role in _FIRST else len(_FIRST), post.agency))
    groups = [(role, list(found)) for role, found in groupby(posts, key=lambda post: post.role)]
    with speaking(locale_of(request)):
        return page(
            request,
            "sign_in.html",
            status=refused.status if refused else 200,
            groups=groups,
            demo=settings.demo_sign_in,
            local=bool(settings.account_key),
            provider=settings.oidc_label or settings.oidc_issuer,
            directory=directory,
            login=login,
            out=request.query_params.get("out") == "provider",
            refused=problems_of(request, refused)[0]["text"] if refused else "",
            next=local_path(next_path) if next_path else "",
        )


def _set_up_page(request: Request, opened: Opened, letter: str, refused: Refused | None = None) -> HTMLResponse:
    address = TOTP(opened.secret).provisioning_uri(name=opened.login, issuer_name="Kasane")
    context: dict[str, Any] = {
        "opened": opened,
        "letter": letter,
        "picture": Markup(  # noqa: S704 - drawn by segno out of an address that is percent-encoded
            segno.make(address, error="m").svg_inline(border=4, omitsize=True, svgclass=None, lineclass=None)
        ),
        "address": address,
        "shortest": SHORTEST,
        "longest": LONGEST,
        "f": {},
        "errors": problems_of(request, refused) if refused else [],
    }
    return page(request, "letter.html", status=refused.status if refused else 200, **context)


def _named(request: Request, refused: Refused, name: str) -> list[dict[str, str]]:
    return [{"field": refused.field or name, "text": one["text"]} for one in problems_of(request, refused)]
