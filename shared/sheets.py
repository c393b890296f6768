"""A table as a file that Excel opens: CSV in UTF-8 with a BOM, or a workbook; formulas are disarmed."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet program would run (OWASP, CSV injection)."""
_WIDEST = 60


def disarm(cell: str) -> str:
    """The text of a cell with an apostrophe before what would be run."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_csv(table: Sequence[Sequence[str]]) -> bytes:
    """UTF-8 with a BOM, so that Excel reads Japanese."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([disarm(cell) for cell in row] for row in table)
    return "\ufeff".encode() + out.getvalue().encode()


def as_excel(table: Sequence[Sequence[str]]) -> bytes:
    """One sheet, its head frozen; every cell is text."""
    book = Workbook(write_only=False)
    sheet = book.worksheets[0]
    for number, row in enumerate(table, 1):
        for column, cell in enumerate(row, 1):
            sheet.cell(number, column, disarm(cell)).data_type = "s"
    for column in range(1, len(table[0]) + 1 if table else 1):
        longest = max(len(row[column - 1]) for row in table)
        sheet.column_dimensions[get_column_letter(column)].width = min(_WIDEST, 2 * longest + 2)
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_file(table: Sequence[Sequence[str]], kind: str) -> bytes:
    """The table as ``csv`` or ``xlsx``."""
    return as_csv(table) if kind == "csv" else as_excel(table)
