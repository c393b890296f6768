"""What was typed, looked at before any route sees it: the one place where a マイナンバー is refused.

``build_service`` puts ``refuse_my_number`` before every route, so a new field can't forget it: it looks at whatever
JSON, form, file name, address or idempotency key has come, whether a model names the field or not. It answers before
the models look, so that no answer of theirs can repeat the digits.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request
from starlette.datastructures import UploadFile

from shared.errors import Refused
from shared.my_number import REFUSAL, contains_my_number, find_field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.datastructures import FormData

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MOST_FIELDS = 2000
_MOST_FILES = 20
"""No route takes files yet: one that is sent is left out, but its name is looked at."""
_STRIKES = "_strikes_my_number_out"

Endpoint = TypeVar("Endpoint", bound="Callable[..., Any]")


def strikes_out(endpoint: Endpoint) -> Endpoint:
    """Mark a route that strikes the digits out by itself instead of refusing: a draft keeps the rest of the text."""
    setattr(endpoint, _STRIKES, True)
    return endpoint


async def refuse_my_number(request: Request) -> AsyncIterator[None]:
    """Raise Refused naming the field when anything that came with the request holds a マイナンバー."""
    try:
        await _look_at(request)
        yield
    finally:
        await request.close()  # files, where any came


async def _look_at(request: Request) -> None:
    for name, value in (*request.path_params.items(), *request.query_params.multi_items()):
        _refuse(find_field({name: value}))
    if contains_my_number(request.headers.get("idempotency-key", "")):
        _refuse("Idempotency-Key")
    if not getattr(request.scope.get("endpoint"), _STRIKES, False):
        _refuse(await _find_in_body(request))


def _refuse(field: str | None) -> None:
    if field is not None:
        raise Refused(REFUSAL, field=field)


async def _find_in_body(request: Request) -> str | None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        # what FastAPI or the route reads later is this very form: Starlette keeps it
        return _find_in_form(await request.form(max_fields=_MOST_FIELDS, max_files=_MOST_FILES))
    if not kind.endswith("json"):
        return None
    try:
        return find_field(json.loads(await request.body()))
    except (ValueError, RecursionError):
        return None  # no JSON: the route says so, without repeating it


def _find_in_form(form: FormData) -> str | None:
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if contains_my_number(value.filename or ""):
                return name
        elif (field := find_field({name: value})) is not None:
            return field
    return None
