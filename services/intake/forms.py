"""HTML forms read into requests: names like ``members.0.birth`` become the nested shape of the API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from services.intake.checking import wrong_codes
from services.intake.requests import MemberIn
from shared.answers import field_errors
from shared.i18n import gettext

if TYPE_CHECKING:
    from fastapi import Request

    from shared.codes import Codes
    from shared.errors import Refused

M = TypeVar("M", bound=BaseModel)
Problem = dict[str, str]
"""``{"field": name of the form field, "text": sentence}``"""

MOST_FIELDS = 2000
_LISTS = frozenset(
    {
        "worries",
        "safety_flags",
        "disability",
        "recipients",
        "purposes",
        "items",
        "not_same",
        "told_arrears",
        "concerns",
        "allowed_posts",
        "away",
        "cares_for",
        "parents",
    }
)
_NO_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_TOKYO = "+09:00"
_ABOUT = "くらい"
BIRTH_MODES = ("era", "west", "age", "about", "unknown")


async def read_fields(request: Request) -> dict[str, Any]:
    """The fields of a posted form: text, lists for ticks, and ``members`` as a list of rows.

    Rows may have been taken away in between: ``n`` is the number each one has on the page.
    """
    async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
        return unflatten(form)


def unflatten(form: FormData) -> dict[str, Any]:
    """``members.0.name`` and its like as nested values; files are not expected and are left out."""
    fields: dict[str, Any] = {}
    rows: dict[int, dict[str, Any]] = {}
    for name in form:
        values = [value for value in form.getlist(name) if isinstance(value, str)]
        if not values:
            continue
        head, _, tail = name.partition(".")
        number, _, column = tail.partition(".")
        if head == "members" and number.isdecimal() and len(number) < 6 and column:  # noqa: PLR2004 - a row number
            rows.setdefault(int(number), {})[column] = values if column in _LISTS else values[-1]
        elif head in _LISTS:
            fields[head] = values
        else:
            fields[name] = values[-1]
    if rows:
        fields["members"] = [rows[number] | {"n": number} for number in sorted(rows)]
    return fields


def birth_said(mode: str, text: str) -> str:
    """The two controls of a birth date as one text: what ``parse_birth`` reads and the record keeps."""
    text = text.strip()
    if not text or mode == "unknown":
        return text
    if text.isdecimal() and mode in {"age", "about"}:
        text += "歳"
    return text + _ABOUT if mode == "about" and not text.endswith(_ABOUT) else text


def birth_mode(said: str) -> tuple[str, str]:
    """The two controls for a stored text: (mode, text)."""
    if not said:
        return "unknown", ""
    if said.endswith("歳" + _ABOUT):
        return "about", said.removesuffix("歳" + _ABOUT)
    if said.endswith("歳"):
        return "age", said.removesuffix("歳")
    return ("west" if said[:4].isdecimal() else "era"), said


def nest(fields: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """What of the fields belongs to ``model``, with each birth date as one text."""
    sent = {name: value for name, value in fields.items() if name in model.model_fields}
    if "not_same" in sent:
        sent["not_same"] = [one for text in sent["not_same"] for one in text.split(",") if one]
    if _NO_ZONE.fullmatch(str(sent.get("occurred_at", ""))):
        sent["occurred_at"] += _TOKYO  # what a clock on the wall of the office shows
    if "members" in model.model_fields:
        sent["members"] = [_member(row) for row in fields.get("members", [])]
    if "birth" in model.model_fields and "birth" in fields:
        sent["birth"] = birth_said(fields.get("birth_mode", ""), fields["birth"])
    return sent


def _member(row: dict[str, Any]) -> dict[str, Any]:
    member = {name: value for name, value in row.items() if name in MemberIn.model_fields}
    member["birth"] = birth_said(row.get("birth_mode", ""), row.get("birth", ""))
    return member


def understand(
    fields: dict[str, Any], model: type[M], codes: Codes, locale: str, **lists: str
) -> tuple[M | None, list[Problem]]:
    """The request that a form holds, or what is wrong with it: every field, not only the first."""
    try:
        request = model.model_validate(nest(fields, model))
    except ValidationError as error:
        located = [{**found, "loc": ("body", *found["loc"])} for found in error.errors()]
        return None, field_errors(RequestValidationError(located), locale)
    problems = [problem_of(refusal, locale) for refusal in wrong_codes(request, codes, **lists)]
    return (None if problems else request), problems


def understand_what_can_be(fields: dict[str, Any], model: type[M]) -> M:
    """The request as far as it can be read already: while somebody types, what is wrong is left out."""
    sent = nest(fields, model)
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        for found in error.errors():
            _drop(sent, found["loc"])
    try:
        return model.model_validate(sent)
    except ValidationError:
        return model.model_validate({})


def _drop(sent: Any, where: tuple[int | str, ...]) -> None:
    """Leave out the innermost named field on the way to ``where``."""
    named: list[tuple[dict[str, Any], str]] = []
    for step in where:
        if isinstance(sent, dict) and isinstance(step, str) and step in sent:
            named.append((sent, step))
        elif not (isinstance(sent, list) and isinstance(step, int) and step < len(sent)):
            break
        sent = sent[step]
    if named:
        holder, name = named[-1]
        holder.pop(name)


def problem_of(refusal: Refused, locale: str) -> Problem:
    """A refusal as the error summary wants it."""
    return {"field": refusal.field or "", "text": gettext(refusal.text, locale).format(**refusal.params)}


def new_key() -> str:
    """An idempotency key for a form that is about to be shown."""
    return uuid4().hex
