"""What a failed request is told: a sentence, the field, what was kept; as a page or as RFC 9457 problem details."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from shared import i18n
from shared.described import describe_refusals
from shared.errors import Refused
from shared.i18n import N_
from shared.identity import NotSignedInError
from shared.limits import TooManyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

    from shared.service import Service

_UNREADABLE = N_("入力を読み取れませんでした。印のついた欄を直してください。")
_FIELD_TEXTS: Mapping[str, str] = {
    "missing": N_("この欄がありません。"),
    "string_too_long": N_("{max_length}字までで書いてください。"),
    "string_pattern_mismatch": N_("選べない値です。"),
    "uuid_parsing": N_("番号の形がちがいます。"),
    "int_parsing": N_("数字で書いてください。"),
    "date_from_datetime_parsing": N_("日付の形がちがいます。"),
    "date_parsing": N_("日付の形がちがいます。"),
    "datetime_parsing": N_("日時の形がちがいます。"),
    "datetime_from_date_parsing": N_("日時の形がちがいます。"),
    "timezone_aware": N_("日時に時差(+09:00 など)をつけてください。"),
    "enum": N_("選べない値です。"),
    "literal_error": N_("選べない値です。"),
    "json_invalid": N_("JSON として読めません。"),
    "too_long": N_("多すぎます({max_length}件まで)。"),
}
_EMPTY = N_("まだ空です。書くか、選んでください。")
_WRONG_VALUE = N_("この値は受け付けられません。")
_STATUS_TEXTS: Mapping[int, str] = {
    400: N_("送られたものを読み取れませんでした。"),
    404: N_("ここには何もありません。番号が変わったか、見る権限がありません。"),
    405: N_("この操作はできません。"),
    413: N_("送られたものが大きすぎます。分けて送ってください。"),
    429: N_("続けて送りすぎです。少し待ってください。"),
}
_ON_ITS_WAY = N_("いまの変更は、まだここに届いていません。数秒で届きます。")
_BROKEN = N_("こちらの不具合で止まりました。入力は下書きに残っています。もう一度お試しください。")
_UNSTORABLE = N_("保存できない文字や大きすぎる数が入っています。")
_CLASSES_OF_BAD_DATA = ("22", "54")
"""SQLSTATE classes: data exception, program limit exceeded; the request's doing, not ours."""

log = structlog.get_logger()


def install_answers(app: FastAPI) -> None:
    """Teach an application to answer refusals, unreadable input and surprises in sentences, and to say so."""
    describe_refusals(app)
    app.add_exception_handler(NotSignedInError, _ask_to_sign_in)
    app.add_exception_handler(Refused, _refuse)
    app.add_exception_handler(RequestValidationError, _name_the_fields)
    app.add_exception_handler(HTTPException, _plain_status)
    app.add_exception_handler(DBAPIError, _blame_the_data)
    app.add_exception_handler(UnicodeEncodeError, _blame_the_text)
    app.add_exception_handler(Exception, _surprise)


def wants_page(request: Request) -> bool:
    """Whether the answer should be a page: a browser asks for HTML, outside of ``/api/``."""
    return "text/html" in request.headers.get("accept", "") and "/api/" not in request.url.path


def field_errors(error: RequestValidationError, locale: str) -> list[dict[str, str]]:
    """``[{"field": "members.0.birth", "text": sentence}]`` in the reader's language."""
    return [
        {
            "field": ".".join(str(part) for part in found["loc"][1:]) or "body",
            "text": _sentence(found, locale),
        }
        for found in error.errors()
    ]


def _sentence(found: Mapping[str, Any], locale: str) -> str:
    if found["input"] == "":
        return i18n.gettext(_EMPTY, locale)
    if found["type"] == "value_error":
        return i18n.gettext(str(found["ctx"]["error"]), locale)
    text = i18n.gettext(_FIELD_TEXTS.get(found["type"], _WRONG_VALUE), locale)
    return text.format_map(found.get("ctx", {})) if "{" in text else text


def problem(request: Request, status: int, title: str, **more: object) -> Response:
    """The answer itself: a page for a person, problem details for a program."""
    if not wants_page(request):
        body = {"type": "about:blank", "title": title, "status": status, **more}
        return JSONResponse(body, status_code=status, media_type="application/problem+json")
    service: Service = request.app.state.service
    locale = i18n.locale_of(request)
    with i18n.speaking(locale):
        html = service.templates.get_template("problem.html").render(
            actor=getattr(request.state, "actor", None),
            request_path=request.url.path,
            service=service.name,
            codes=service.codes,
            counts=None,
            nav_here=None,
            told=None,
            errors=[],
            on_its_way=False,
            status=status,
            title=title,
            details=more.get("errors", []),
        )
    return HTMLResponse(html, status_code=status)


async def _ask_to_sign_in(request: Request, error: Exception) -> Response:
    """A page goes to the sign-in page and comes back; anything else is told 401."""
    if wants_page(request) and request.method == "GET" and "hx-request" not in request.headers:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/casework/session?return={quote(request.url.path + query)}", status_code=303)
    return await _refuse(request, error)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for this class alone
    locale = i18n.locale_of(request)
    if error.status == 404 and getattr(request.state, "on_its_way", False):  # noqa: PLR2004
        return problem(request, 202, i18n.gettext(_ON_ITS_WAY, locale))
    title = i18n.gettext(error.text, locale).format(**error.params)
    errors = [{"field": error.field, "text": title}] if error.field else []
    answer = problem(request, error.status, title, **({"errors": errors} if errors else {}))
    if isinstance(error, TooManyError):
        answer.headers["retry-after"] = str(math.ceil(error.seconds))
    return answer


async def _name_the_fields(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    locale = i18n.locale_of(request)
    return problem(request, 422, i18n.gettext(_UNREADABLE, locale), errors=field_errors(error, locale))


async def _plain_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    text = _STATUS_TEXTS.get(error.status_code, str(error.detail))
    return problem(request, error.status_code, i18n.gettext(text, i18n.locale_of(request)))


async def answer_outside(_: Request, error: Exception) -> Response:
    """For an address outside of every service: no page of one can be shown."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    title = _STATUS_TEXTS.get(error.status_code, str(error.detail))
    body = {"type": "about:blank", "title": title, "status": error.status_code}
    return JSONResponse(body, error.status_code, media_type="application/problem+json")


async def _blame_the_data(request: Request, error: Exception) -> Response:
    """A value that no rule caught and PostgreSQL can't store is the request's fault; anything else is ours."""
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    if sqlstate.startswith(_CLASSES_OF_BAD_DATA):
        return problem(request, 422, i18n.gettext(_UNSTORABLE, i18n.locale_of(request)))
    return await _surprise(request, error)


async def _blame_the_text(request: Request, _: Exception) -> Response:
    return problem(request, 422, i18n.gettext(_UNSTORABLE, i18n.locale_of(request)))


async def _surprise(request: Request, error: Exception) -> Response:
    """Log the class and the place, never the message: it may hold what somebody typed."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}" if frame else "?"
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
    log.error("request failed", error=type(error).__name__, where=where, sqlstate=sqlstate)
    return problem(request, 500, i18n.gettext(_BROKEN, i18n.locale_of(request)))
