"""The empty ledger as an Excel workbook: headings to fill in, a sheet that explains them, a sheet of words to use."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from services.intake.importing.columns import COLUMNS, Kind
from services.intake.importing.reading import LedgerError
from shared.codes import Codes
from shared.i18n import N_

LEDGER, EXPLAINED, WORDS = "台帳", "説明", "一覧"
_ROWS_TO_FILL = 5000
_HEAD = PatternFill("solid", fgColor="E8F1FE")
_MUST = PatternFill("solid", fgColor="00118F")
_HOW = {
    Kind.TEXT: "200字まで",
    Kind.WORDS: "文章(避けることは500字、ほかは5,000字まで)",
    Kind.CODE: "「一覧」のことばから一つ",
    Kind.CODES: "「一覧」のことば。いくつかあるときは「、」で区切る",
    Kind.TRUTH: "○ × 不明",
    Kind.NUMBER: "数",
    Kind.DAY: "和暦か西暦の日付",
    Kind.BIRTH: "和暦・西暦・年だけ・年齢・不明のどれでも",
}


def write_template(path: Path, codes: Codes) -> None:
    """Write the workbook. Raises LedgerError where it can't be written."""
    book = Workbook()
    ledger = book.active
    if not isinstance(ledger, Worksheet):  # pragma: no cover - a new workbook has a sheet
        msg = "a new workbook without a sheet"
        raise TypeError(msg)
    ledger.title = LEDGER
    words = book.create_sheet(WORDS)
    explained = book.create_sheet(EXPLAINED, 1)
    _write_headings(ledger)
    for number, name in enumerate(dict.fromkeys(column.codes for column in COLUMNS if column.codes), start=1):
        _write_words(words, number, name, codes, ledger)
    _explain(explained)
    try:
        book.save(path)
    except OSError as error:
        raise LedgerError(
            N_("「{name}」に書き込めません。場所と権限を確かめてください。"), field="template", name=str(path)
        ) from error


def _write_headings(sheet: Worksheet) -> None:
    for number, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(1, number, column.heading)
        cell.font = Font(bold=True, color="FFFFFF" if column.required else "000000")
        cell.fill = _MUST if column.required else _HEAD
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = max(10, 2 * len(column.heading) + 2)
        sheet.column_dimensions[letter].number_format = "@"
    sheet.freeze_panes = "A2"


def _write_words(sheet: Worksheet, number: int, name: str, codes: Codes, ledger: Worksheet) -> None:
    """One column of words, and the choice of them in the ledger's cells (other words are understood as well)."""
    entries = [entry for entry in codes[name].values() if entry.active]
    columns = [(n, column) for n, column in enumerate(COLUMNS, start=1) if column.codes == name]
    sheet.cell(1, number, columns[0][1].heading).font = Font(bold=True)
    for row, entry in enumerate(entries, start=2):
        sheet.cell(row, number, entry.ja)
    letter = get_column_letter(number)
    sheet.column_dimensions[letter].width = 24
    choice = DataValidation("list", f"={WORDS}!${letter}$2:${letter}${len(entries) + 1}", showErrorMessage=False)
    ledger.add_data_validation(choice)
    for place, column in columns:
        if column.kind is Kind.CODE:
            choice.add(f"{get_column_letter(place)}2:{get_column_letter(place)}{_ROWS_TO_FILL}")


def _explain(sheet: Worksheet) -> None:
    head = ("見出し", "必須", "書き方", "例", "どこの値か", "English")
    for place, text in enumerate(head, start=1):
        sheet.cell(1, place, text).font = Font(bold=True)
    for row, column in enumerate(COLUMNS, start=2):
        belongs = "世帯(どの行に書いてもよい)" if column.household else "世帯員"
        values = (
            column.heading,
            "必須" if column.required else "",
            _HOW[column.kind],
            column.example,
            belongs,
            column.english,
        )
        for place, text in enumerate(values, start=1):
            sheet.cell(row, place, text).alignment = Alignment(wrap_text=True, vertical="top")
    for letter, width in zip("ABCDEF", (20, 8, 40, 24, 26, 36), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
