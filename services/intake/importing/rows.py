"""One row of a ledger: its cells read, and everything that is wrong with it. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from services.intake.importing.columns import (
    BY_FIELD,
    COLUMNS,
    HOUSEHOLD_NUMBER,
    MEMBER_NUMBER,
    SENDER,
    Column,
    Kind,
    fold,
)
from services.intake.importing.reading import MOST_LETTERS, Cell, Line
from services.intake.importing.vocabulary import Vocabulary, read_truth
from services.intake.rules.birth import Precision
from services.intake.rules.birth_reading import parse_birth
from shared.clock import TOKYO
from shared.errors import Refused
from shared.i18n import N_
from shared.my_number import REFUSAL, contains_my_number, is_telephone_field
from shared.text import clean

DEFAULT_SENDER = "台帳"
_LINE_LETTERS = 200
MOST_WORDS = {"words": MOST_LETTERS, "avoid": 500}
_NOON = time(12)
_SPACE = uuid5(NAMESPACE_URL, "kasane:ledger")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a row: the heading it stands under and a sentence with its parameters."""

    heading: str
    text: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read. ``id``: who it is, however often it comes; ``content``: SHA-256 of what it says."""

    number: int
    id: UUID
    household_id: UUID
    sender: str
    household_number: str
    member_number: str
    content: str
    member: dict[str, Any]
    """Fields of ``requests.MemberIn``."""
    home: dict[str, Any]
    """Fields of ``requests.ConsultationIn``."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not imported, and why. Ids as far as the row's numbers could be read."""

    number: int
    troubles: tuple[Trouble, ...]
    id: UUID | None = None
    household_id: UUID | None = None


def read_row(line: Line, vocabulary: Vocabulary, on: date) -> Row | RefusedRow:
    """Read one line; every trouble of it is told, not just the first. ``on``: the day for ages and future dates."""
    troubles: list[Trouble] = []
    values: dict[str, Any] = {}
    if line.trouble:
        troubles.append(Trouble(N_("行"), line.trouble))
    for name, cell in line.cells.items():
        column = BY_FIELD[name]
        try:
            value = _read_cell(column, cell, vocabulary, on)
        except Refused as refusal:
            troubles.append(Trouble(column.heading, refusal.text, refusal.params))
            continue
        if value is not None:
            values[name] = value
    troubles += _contradictions(values, vocabulary)
    content = _digest(line, values)
    numbers = [_number_of(line, name) for name in (SENDER, HOUSEHOLD_NUMBER, MEMBER_NUMBER)]
    sender, household_number, member_number = numbers[0] or DEFAULT_SENDER, numbers[1], numbers[2]
    household_id = uuid5(_SPACE, _join("household", sender, household_number or content))
    row_id = uuid5(_SPACE, _join("row", sender, household_number, member_number or content))
    if troubles:
        return RefusedRow(line.number, tuple(troubles), row_id, household_id if household_number else None)
    member, home = _part(values)
    return Row(
        line.number, row_id, household_id, sender, household_number, member_number, content, member, home
    )  # fmt: skip


def _join(*parts: str) -> str:
    return json.dumps(parts, ensure_ascii=False)


def _number_of(line: Line, name: str) -> str:
    cell = line.cells.get(name)
    return "" if cell is None or cell.formula else unicodedata.normalize("NFKC", cell.text).strip()


def _read_cell(column: Column, cell: Cell, vocabulary: Vocabulary, on: date) -> Any:
    if cell.formula:
        raise Refused(N_("数式が入っています({place})。値だけを貼り付けてください。"), place=cell.place)
    if len(cell.text) > MOST_LETTERS:
        raise Refused(N_("{letters}字は長すぎます。{most}字までです。"), letters=len(cell.text), most=MOST_LETTERS)
    text = _clean(cell.text)
    if not text:
        return None
    if contains_my_number(text, telephone=is_telephone_field(column.field)):
        raise Refused(REFUSAL)
    return _READERS[column.kind](column, text, vocabulary, on)


def _clean(text: str) -> str:
    try:
        return clean(text)
    except ValueError as error:
        raise Refused(str(error)) from None


def _text(column: Column, text: str, _: Vocabulary, __: date) -> str:
    return _limited(text.replace("\n", " "), _LINE_LETTERS) if column.kind is Kind.TEXT else text


def _limited(text: str, most: int) -> str:
    if len(text) > most:
        raise Refused(N_("{letters}字は長すぎます。{most}字までです。"), letters=len(text), most=most)
    return text


def _words(column: Column, text: str, _: Vocabulary, __: date) -> str:
    return _limited(text, MOST_WORDS[column.field])


def _code(column: Column, text: str, vocabulary: Vocabulary, _: date) -> str | None:
    return vocabulary.code(column.codes, text)


def _codes(column: Column, text: str, vocabulary: Vocabulary, _: date) -> list[str] | None:
    return vocabulary.codes(column.codes, text) or None


def _truth(_: Column, text: str, __: Vocabulary, ___: date) -> str | None:
    value = read_truth(text)
    return value.value if value.known else None


def _number(column: Column, text: str, _: Vocabulary, __: date) -> int | float | None:
    plain = unicodedata.normalize("NFKC", text).strip()
    if fold(plain) in {"不明", "-", "?"}:
        return None
    try:
        number = float(plain.rstrip("か月ヶケカ時間日"))
    except ValueError:
        raise Refused(N_("「{said}」は数ではありません。"), said=text) from None
    if not math.isfinite(number) or not 0 <= number <= column.most:
        raise Refused(N_("{said}は0〜{most}の数ではありません。"), said=text, most=column.most)
    if column.field == "care_hours_weekday":
        return number
    if not number.is_integer():
        raise Refused(N_("「{said}」は整数ではありません。"), said=text)
    return int(number)


def _day(_: Column, text: str, __: Vocabulary, on: date) -> date | None:
    try:
        found = parse_birth(text, on)
    except Refused as refusal:
        raise Refused(N_("「{said}」を日付として読めません。"), said=text) from refusal
    if not found.known:
        return None
    if found.precision is not Precision.DAY:
        raise Refused(N_("「{said}」は日まで書いてください。"), said=text)
    return found.earliest


def _birth(_: Column, text: str, __: Vocabulary, on: date) -> str | None:
    return text if parse_birth(text, on).known else None


_READERS = {
    Kind.TEXT: _text,
    Kind.WORDS: _words,
    Kind.CODE: _code,
    Kind.CODES: _codes,
    Kind.TRUTH: _truth,
    Kind.NUMBER: _number,
    Kind.DAY: _day,
    Kind.BIRTH: _birth,
}


def _contradictions(values: Mapping[str, Any], vocabulary: Vocabulary) -> list[Trouble]:
    """What no single cell shows: nobody in the row, an area that is not the district's."""
    found = []
    if not any(name in values for name in ("relation", "name", "kana", "birth", "age")):
        found.append(
            Trouble(BY_FIELD["name"].heading, N_("続柄も氏名も生年月日もない行です。だれの行か分かりません。"))
        )
    area = vocabulary.area_of_district.get(values.get("district", ""))
    if area is not None and values.get("area", area) != area:
        found.append(Trouble(BY_FIELD["area"].heading, N_("圏域と地区が合いません。")))
    return found


def _digest(line: Line, values: Mapping[str, Any]) -> str:
    """The same content gives the same digest, however the file was saved: codes and days as read, the rest folded."""
    said: dict[str, Any] = {}
    for name, cell in line.cells.items():
        value = values.get(name)
        if BY_FIELD[name].kind in {Kind.TEXT, Kind.WORDS, Kind.BIRTH} or value is None:
            value = fold(cell.text.replace("〜", "~").replace("−", "-"))
        if isinstance(value, date):
            value = value.isoformat()
        if value not in ("", None, []):
            said[name] = value
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def _part(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What belongs to the person and what to the home, by the names of the requests."""
    member: dict[str, Any] = {}
    home: dict[str, Any] = {}
    for column in COLUMNS:
        value = values.get(column.field)
        if value is None or column.field in {SENDER, HOUSEHOLD_NUMBER, MEMBER_NUMBER, "age"}:
            continue
        (home if column.household else member)[column.field] = value
    if "birth" not in member and "age" in values:
        member["birth"] = values["age"]
    if "occurred_at" in home:
        home["occurred_at"] = datetime.combine(home["occurred_at"], _NOON, TOKYO)
    return member, home
