"""The way to the organisation's provider and back, and the way out."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from services.casework.actions.providing import begin_flow, enter_by_provider, take_flow
from services.casework.pages.signing import come_in, render_sign_in
from services.casework.provider import Provider, ProviderError
from services.casework.rules.sessions import device_of, local_path
from shared.errors import Refused
from shared.i18n import N_
from shared.identity import cookie_name
from shared.service import Here

if TYPE_CHECKING:
    from shared.service import Service

router = APIRouter(include_in_schema=False)
_STATE_COOKIE = "kasane_provider"
_COOKIE_PATH = "/casework/sign-in/provider"
_COOKIE_SECONDS = 600
_FAILED = N_("庁内の認証でサインインできませんでした。もう一度ためしてください。")
Text = Annotated[str, Query(max_length=4000)]


@router.get("/sign-in/provider")
async def go_to_provider(
    request: Request, here: Here, next_path: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """To the provider, with a state that this browser alone can bring back."""
    try:
        provider = provider_of(request, here)
        async with here.db.transaction() as session:
            begun = await begin_flow(session, local_path(next_path) if next_path else "")
        address = await provider.address_to_begin(begun, _back(request, here))
    except Refused as refused:
        return await render_sign_in(request, here, next_path, refused=refused)
    answer = RedirectResponse(address, status_code=303)
    answer.set_cookie(
        _state_cookie(here),
        begun.state,
        max_age=_COOKIE_SECONDS,
        path=_COOKIE_PATH,
        httponly=True,
        secure=here.settings.cookie_secure,
        samesite="lax",
    )
    return answer


@router.get("/sign-in/provider/back")
async def come_back(
    request: Request,
    here: Here,
    *,
    state: Text = "",
    code: Text = "",
    issuer: Annotated[str | None, Query(alias="iss", max_length=2000)] = None,
) -> Response:
    """The provider's answer: a session, or the sign-in page with a sentence."""
    next_path = ""
    try:
        if not code or not hmac.compare_digest(request.cookies.get(_state_cookie(here), "").encode(), state.encode()):
            raise ProviderError(_FAILED)
        async with here.db.transaction() as session:
            flow = await take_flow(session, state)
        next_path = flow.next_path
        claims = await provider_of(request, here).claims_for(
            code, nonce=flow.nonce, verifier=flow.verifier, redirect_uri=_back(request, here), issuer=issuer
        )
        device = device_of(request.headers.get("user-agent", ""))
        begun = await enter_by_provider(here.db, here.settings, claims, device)
    except Refused as refused:
        answer: Response = await render_sign_in(request, here, next_path, refused=refused)
    else:
        answer = come_in(here, begun, next_path)
    secure = here.settings.cookie_secure
    answer.delete_cookie(_state_cookie(here), path=_COOKIE_PATH, secure=secure, httponly=True, samesite="lax")
    return answer


@router.get("/sign-in/provider/out")
async def leave_provider(request: Request, here: Here) -> Response:
    """Sign out at the provider too, where it offers that; then back to our sign-in page."""
    home = f"{_site(request, here)}/casework/sign-in"
    try:
        address = await provider_of(request, here).address_to_leave(home)
    except Refused:
        address = None
    return RedirectResponse(address or "/casework/sign-in", status_code=303)


def provider_of(request: Request, here: Service) -> Provider:
    """The process's one view of the provider."""
    provider = getattr(request.app.state, "provider", None)
    if not isinstance(provider, Provider) or request.app.state.provider_settings is not here.settings:
        provider = Provider(here.settings)
        request.app.state.provider, request.app.state.provider_settings = provider, here.settings
    return provider


def _state_cookie(here: Service) -> str:
    return cookie_name(here.settings, _STATE_COOKIE, path=_COOKIE_PATH)


def _back(request: Request, here: Service) -> str:
    return f"{_site(request, here)}{_COOKIE_PATH}/back"


def _site(request: Request, here: Service) -> str:
    """Where people reach us, without a slash; ``public_url`` where it is set, since a Host header can be made up."""
    return here.settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
