"""``./kasane import``: reads a ledger, judges every row, writes the good ones and tells what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.intake.importing.households import Ledger, LedgerHousehold, join_rows
from services.intake.importing.reading import read_ledger
from services.intake.importing.report import print_summary, write_errors
from services.intake.importing.template import write_template
from services.intake.importing.vocabulary import Vocabulary
from services.intake.importing.write import PORTION, Written, write_households
from shared import clock
from shared.codes import Codes, read_codes
from shared.db import Database
from shared.errors import Refused
from shared.i18n import gettext

DONE, UNUSABLE = 0, 2
_CODES = Path(__file__).parent.parent / "codes"


async def run_import(
    database_url: str,
    file: Path,
    *,
    dry_run: bool = False,
    errors: Path | None = None,
    console: Console | None = None,
) -> int:
    """Import ``file`` into intake's database and print the summary.

    0: the file was read, good rows are in (also when others were refused). 2: the file as a whole can't be used, the
    sentence is printed and nothing was imported.
    """
    screen = console or Console(stderr=False)
    db = Database(database_url, pool_size=2)
    try:
        async with db.read() as session:
            codes = await Codes.load(session)
        ledger, written = await import_ledger(db, file, codes, dry_run=dry_run, errors=errors, console=screen)
    except Refused as refusal:
        screen.print(gettext(refusal.text).format(**refusal.params), style="bold red", markup=False)
        return UNUSABLE
    finally:
        await db.close()
    print_summary(screen, ledger, written, codes, dry_run=dry_run, errors=errors)
    return DONE


async def import_ledger(
    db: Database, file: Path, codes: Codes, *, dry_run: bool, errors: Path | None, console: Console
) -> tuple[Ledger, Written]:
    """Read, judge and write; the error file is written before the first household is. Raises LedgerError."""
    with _progress(console) as progress:
        reading = progress.add_task("読む Reading", total=None)
        ledger = join_rows(read_ledger(file), Vocabulary.from_codes(codes), clock.today())
        progress.update(reading, total=ledger.rows, completed=ledger.rows)
        if errors is not None:
            write_errors(errors, ledger.refused)
        written = Written()
        writing = progress.add_task("登録する Writing", total=len(ledger.households))
        for portion in _portions(ledger.households):
            written.add(await write_households(db, portion, keep=not dry_run))
            progress.advance(writing, len(portion))
    late = written.refused
    written.refused = [*ledger.refused, *late]
    if errors is not None and late:
        write_errors(errors, written.refused)
    return ledger, written


def make_template(path: Path) -> None:
    """Write the empty ledger with all headings. Raises LedgerError where it can't be written."""
    write_template(path, Codes(list(read_codes(_CODES))))


def _portions(households: Sequence[LedgerHousehold]) -> Iterator[Sequence[LedgerHousehold]]:
    for start in range(0, len(households), PORTION):
        yield households[start : start + PORTION]


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
