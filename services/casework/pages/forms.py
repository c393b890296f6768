"""HTML forms read into requests, and every problem told beside its field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, get_origin

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from shared.answers import field_errors
from shared.errors import Refused
from shared.i18n import gettext, locale_of

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.datastructures import FormData

M = TypeVar("M", bound=BaseModel)
Problem = dict[str, str]
"""``{"field": name of the form field, "text": sentence}``"""

_MOST_FIELDS = 600
_MOMENTS = ("occurred_at", "starts_at")
_NAIVE = 16
"""Length of what ``<input type=datetime-local>`` sends: 2026-06-18T10:14."""


async def read_fields(request: Request) -> dict[str, Any]:
    """A posted form: text, lists for ticks, rows (``lines.0.what``) as lists of dicts. Files are left out."""
    async with request.form(max_fields=_MOST_FIELDS, max_files=0) as form:
        return _unflatten(form)


def _unflatten(form: FormData) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    rows: dict[str, dict[int, dict[str, str]]] = {}
    for name in form:
        values = [value for value in form.getlist(name) if isinstance(value, str)]
        if not values:
            continue
        head, _, tail = name.partition(".")
        number, _, column = tail.partition(".")
        if number.isdecimal() and len(number) < 4 and column:  # noqa: PLR2004 - a row number
            rows.setdefault(head, {}).setdefault(int(number), {})[column] = values[-1]
        else:
            fields[name] = values if len(values) > 1 else values[0]
    for head, found in rows.items():
        kept = [row for _, row in sorted(found.items()) if any(value.strip() for value in row.values())]
        fields[head] = kept
    return fields


def key_of(fields: dict[str, Any]) -> str | None:
    """The form's idempotency key."""
    key = fields.get("idempotency_key")
    return key[:200] if isinstance(key, str) and key else None


def understand(fields: dict[str, Any], model: type[M], locale: str) -> tuple[M | None, list[Problem]]:
    """The request a form holds, or everything that is wrong with it."""
    given: dict[str, Any] = {}
    for name, about in model.model_fields.items():
        value = fields.get(name)
        if get_origin(about.annotation) is list:
            given[name] = [] if value is None or value == "" else value if isinstance(value, list) else [value]
        elif value is not None:
            value = value[-1] if isinstance(value, list) else value
            given[name] = f"{value}+09:00" if name in _MOMENTS and len(value) == _NAIVE else value
        elif about.is_required():
            given[name] = ""  # nothing chosen among radio buttons: the browser sends no such field
    body: M | None = None
    found: list[dict[str, Any]] = []
    try:
        body = model.model_validate(given)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
    wrong = {one["loc"][1] for one in found}
    for name, about in model.model_fields.items():
        if about.is_required() and name not in wrong and isinstance(given[name], str) and not given[name].strip():
            found.append({"type": "empty", "loc": ("body", name), "input": ""})  # all at once, not one after the other
    if body is not None and not found:
        return body, []
    order = list(model.model_fields)
    found.sort(key=lambda one: order.index(one["loc"][1]) if one["loc"][1] in order else len(order))
    return None, field_errors(RequestValidationError(found), locale)


def problems_of(request: Request, refused: Refused) -> list[Problem]:
    """A refusal as the one problem of a form."""
    text = gettext(refused.text, locale_of(request)).format(**refused.params)
    return [{"field": refused.field or "", "text": text}]
