"""Reads a ledger file: CSV in UTF-8 (with or without BOM) or Shift_JIS (CP932), or an Excel workbook (.xlsx).

Gives rows of text with their number in the file. What makes the whole file useless is a :class:`LedgerError`; what
spoils one row is kept with that row.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from services.intake.importing.columns import HEADINGS, REQUIRED, Column, fold
from shared.errors import Refused
from shared.i18n import N_
from shared.my_number import contains_my_number, strike_out

MOST_BYTES = 50 * 1024 * 1024
MOST_UNPACKED = 500 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 300
MOST_LETTERS = 5000
_HEADING_WITHIN = 10
_FORMULA = "="
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_NUMBER_IN_NAME = N_(
    "ファイル名にマイナンバー(個人番号)と思われる12桁の数字があります。名前を変えてから取り込んでください。"
)


class LedgerError(Refused):
    """The file as a whole can't be used; nothing was imported."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text as written, and where it stands (``D5``). ``formula``: it holds a calculation, not a value."""

    text: str
    place: str
    formula: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the ledger: its number in the file (1 is the top), its cells by field, and what spoils it as a whole."""

    number: int
    cells: dict[str, Cell]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read: the rows that are not blank, and headings that mean nothing to us."""

    lines: tuple[Line, ...]
    unused: tuple[str, ...] = ()


def read_ledger(path: Path) -> Sheet:
    """Read the whole file. Raises LedgerError naming what is wrong with it."""
    if contains_my_number(path.name):
        raise LedgerError(_NUMBER_IN_NAME, field="file")
    data = _read_bytes(path)
    if data.startswith(_OLE):
        raise LedgerError(
            N_("パスワード付き、または古い形式(.xls)のExcelです。パスワードのない .xlsx で保存し直してください。"),
            field="file",
        )
    rows = _read_workbook(data) if data.startswith(_ZIP) else _read_csv(data)
    return _read_rows(rows)


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise LedgerError(N_("「{name}」はファイルではありません。"), field="file", name=path.name)
        if size > MOST_BYTES:
            raise LedgerError(
                N_("ファイルが大きすぎます({size}MB)。{most}MBまでに分けてください。"),
                field="file", size=size // 1024 // 1024, most=MOST_BYTES // 1024 // 1024,
            )  # fmt: skip
        data = path.read_bytes()
    except OSError as error:
        raise LedgerError(
            N_("ファイル「{name}」を開けません。場所と権限を確かめてください。"), field="file", name=path.name
        ) from error
    if not data.strip():
        raise LedgerError(N_("ファイルが空です。"), field="file")
    return data


def _read_csv(data: bytes) -> Iterator[tuple[int, list[Cell], int]]:
    if data.startswith(_UTF16):
        raise LedgerError(
            N_("文字コードがUTF-16です。「CSV UTF-8」か、Excelの.xlsxで保存し直してください。"), field="file"
        )
    text = _decode(data)
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in first else ",")
    csv.field_size_limit(MOST_BYTES)
    while True:
        number = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise LedgerError(N_("{row}行目からCSVとして読めません。"), field="file", row=number) from error
        cells = [_csv_cell(value, number, column) for column, value in enumerate(values, start=1)]
        yield number, cells, len(values)


def _csv_cell(value: str, row: int, column: int) -> Cell:
    return Cell(value, f"{get_column_letter(column)}{row}", formula=value.lstrip().startswith(_FORMULA))


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            failed = error
    row = data[: failed.start].count(b"\n") + 1
    raise LedgerError(
        N_("文字コードがUTF-8でもShift_JISでもありません({row}行目)。「CSV UTF-8」で保存し直してください。"),
        field="file", row=row,
    )  # fmt: skip


def _read_workbook(data: bytes) -> Iterator[tuple[int, list[Cell], int]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
                raise LedgerError(N_("Excelファイルの中身が大きすぎます。分けてください。"), field="file")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, EOFError) as error:
        raise LedgerError(
            N_("Excelファイルとして開けません。壊れていないか確かめてください。"), field="file"
        ) from error
    try:
        if not book.worksheets:
            raise LedgerError(N_("Excelファイルに表がありません。"), field="file")
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(), start=1):
            if len(row) > MOST_COLUMNS:
                raise LedgerError(N_("列が多すぎます({row}行目)。"), field="file", row=number)
            cells = [_book_cell(cell, number, column) for column, cell in enumerate(row, start=1)]
            yield number, cells, 0
    finally:
        book.close()


def _book_cell(cell: Any, row: int, column: int) -> Cell:
    place = f"{get_column_letter(column)}{row}"
    value = cell.value
    formula = cell.data_type == "f" or (isinstance(value, str) and value.lstrip().startswith(_FORMULA))
    return Cell(_as_text(value), place, formula=formula)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _read_rows(rows: Iterable[tuple[int, list[Cell], int]]) -> Sheet:
    """Find the heading within the first rows, then name the cells of each row by it."""
    missing: Sequence[Column] = REQUIRED
    columns: list[Column | None] | None = None
    unused: tuple[str, ...] = ()
    lines: list[Line] = []
    for number, cells, width in rows:
        if columns is None:
            named = [HEADINGS.get(fold(cell.text)) for cell in cells]
            lacking = [column for column in REQUIRED if column not in named]
            if lacking:
                missing = min(missing, lacking, key=len)
                if number >= _HEADING_WITHIN:
                    break
                continue
            _refuse_twice(named)
            columns = named
            unused = tuple(
                strike_out(c.text.strip())
                for c, column in zip(cells, named, strict=True)
                if column is None and c.text.strip()
            )
            continue
        if not any(cell.text.strip() for cell in cells):
            continue
        if len(lines) >= MOST_ROWS:
            raise LedgerError(N_("行が多すぎます。{most}行までに分けてください。"), field="file", most=MOST_ROWS)
        lines.append(_name_cells(number, cells, width, columns))
    if columns is None:
        headings = "、".join(column.heading for column in missing)
        raise LedgerError(
            N_("見出しがありません: {headings}。1行目に見出しを書いてください(./kasane import --template でひな型)。"),
            field="file", headings=headings,
        )  # fmt: skip
    if not lines:
        raise LedgerError(N_("見出しだけで、データの行がありません。"), field="file")
    return Sheet(tuple(lines), unused)


def _refuse_twice(named: Sequence[Column | None]) -> None:
    seen: set[str] = set()
    for column in named:
        if column is not None:
            if column.field in seen:
                raise LedgerError(N_("見出し「{heading}」が2つあります。"), field="file", heading=column.heading)
            seen.add(column.field)


def _name_cells(number: int, cells: Sequence[Cell], width: int, columns: Sequence[Column | None]) -> Line:
    named = {column.field: cell for column, cell in zip(columns, cells, strict=False) if column is not None}
    trouble = ""
    extra = [cell for cell in cells[len(columns) :] if cell.text.strip()]
    if extra:
        trouble = N_("見出しより列が多い行です。値の中のカンマや引用符を確かめてください。")
    elif 0 < width < len(columns):
        trouble = N_("見出しより列が少ない行です。行が途中で切れていないか確かめてください。")
    return Line(number, named, trouble)
