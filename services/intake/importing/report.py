"""What an import tells: the file of refused rows and the summary at the end."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.intake.importing.households import Ledger
from services.intake.importing.reading import LedgerError
from services.intake.importing.rows import RefusedRow
from services.intake.importing.write import Written
from shared.codes import Codes
from shared.i18n import N_, gettext

_HEADINGS = ("行番号", "項目", "理由")
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_ROWS_SHOWN = 20


def write_errors(path: Path, refused: Sequence[RefusedRow]) -> None:
    """Write the refused rows as CSV (UTF-8 with BOM): row number, headings, sentences. One line a row.

    The file appears whole or not at all. Raises LedgerError where it can't be written.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(_HEADINGS)
            for row in sorted(refused, key=lambda bad: bad.number):
                headings = "、".join(dict.fromkeys(gettext(trouble.heading) for trouble in row.troubles))
                lines.writerow((row.number, _harmless(headings), _harmless(sentence(row))))
        draft.replace(path)
    except OSError as error:
        raise LedgerError(
            N_("「{name}」に書き込めません。場所と権限を確かめてください。"), field="errors", name=str(path)
        ) from error


def sentence(row: RefusedRow) -> str:
    """Everything that is wrong with a row, in the language of the command."""
    return " ".join(gettext(trouble.text).format(**trouble.params) for trouble in row.troubles)


def _harmless(text: str) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def print_summary(
    console: Console, ledger: Ledger, written: Written, codes: Codes, *, dry_run: bool, errors: Path | None
) -> None:
    """The counts at the end, in both languages; row numbers, never names."""
    refused = len(written.refused)
    title = "確かめただけで、登録していません (dry run, nothing kept)" if dry_run else "取り込みました (imported)"
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    counts = (
        ("読んだ行 Rows read", ledger.rows),
        ("新しい世帯 New households", written.households),
        ("登録ずみの世帯 Known households", written.known),
        ("新しい世帯員 New members", written.members),
        ("相談 Consultations", written.consultations),
        ("変わりない行 Unchanged rows", written.unchanged),
        ("変わった行 Changed rows (not written over)", len(written.changed)),
        ("同じ行のくり返し Repeated rows", ledger.repeated),
        ("受け付けない行 Refused rows", refused),
        ("不完全な世帯 Incomplete households", written.incomplete),
    )
    for label, count in counts:
        table.add_row(label, f"{count:,}")
    console.print(table)
    _print_types(console, written, codes)
    if written.changed:
        console.print(f"変わった行 Changed rows: {_numbers(written.changed)}")
    if refused:
        place = f"→ {errors}" if errors else "理由は --errors OUT.csv で書き出せます (reasons: --errors OUT.csv)"
        rows = _numbers([row.number for row in written.refused])
        console.print(f"受け付けない行 Refused rows: {rows} {place}")


def _print_types(console: Console, written: Written, codes: Codes) -> None:
    if not written.types:
        return
    table = Table("類型 Type", "一致 Match", "可能性 Possible", title="世帯類型 Types found", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    found = {code for code, _ in written.types}
    order = [*(code for code in codes["TYPE"] if code in found), *sorted(found - codes["TYPE"].keys())]
    for code in order:
        match, possible = written.types[code, "match"], written.types[code, "possible"]
        label = f"{codes.label('TYPE', code)} {codes.label('TYPE', code, 'en')}"
        table.add_row(label, f"{match:,}", f"{possible:,}")
    console.print(table)


def _numbers(rows: Sequence[int]) -> str:
    shown = ", ".join(str(row) for row in sorted(rows)[:_ROWS_SHOWN])
    return f"{shown} …" if len(rows) > _ROWS_SHOWN else shown
