"""Rendering: a template of the service or of the shared ones, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from shared import i18n

if TYPE_CHECKING:
    from fastapi import Request

    from shared.service import Service


def page(
    request: Request, template: str, *, status: int = 200, locale: str | None = None, **context: Any
) -> HTMLResponse:
    """Render a page or fragment in the reader's language, or in ``locale``: that of whom a paper is for.

    Templates always find ``actor`` (or None), ``request_path``, ``service`` (its name), ``codes``, ``told``,
    ``errors``, ``counts``, ``on_its_way``; routes add theirs.
    """
    service: Service = request.app.state.service
    locale = locale or i18n.locale_of(request)
    everywhere: dict[str, Any] = {
        "actor": getattr(request.state, "actor", None),
        "request_path": request.url.path,
        "service": service.name,
        "codes": service.codes,
        "told": None,
        "errors": [],
        "counts": None,
        "nav_here": None,
        "on_its_way": getattr(request.state, "on_its_way", False),
    }
    with i18n.speaking(locale):
        html = service.templates.get_template(template).render(everywhere | context)
    answer = HTMLResponse(html, status_code=status, headers={"content-language": locale, "vary": "Cookie"})
    if request.query_params.get("lang") in i18n.LOCALES:
        secure = service.settings.cookie_secure
        answer.set_cookie(i18n.COOKIE, locale, max_age=365 * 86400, samesite="lax", httponly=True, secure=secure)
    return answer
