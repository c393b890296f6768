"""The run: a fault, the catching up, the comparison, the next fault; what is told, what is kept when it is wrong."""

from __future__ import annotations

import asyncio
import json as json_text
import logging
import secrets
import shutil
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.faults.comparing import Book, Findings, compare
from services.faults.load import Load
from services.faults.plan import KINDS, rounds
from services.faults.process import NeverCameError
from services.faults.promises import Journal
from services.faults.reading import read_books
from services.faults.town import NEW_TYPE, Town, town
from services.faults.trial import Fault, Trial
from shared import clock
from shared.telemetry import configure_logging

_PACE: Final = 0.1
_WARM_UP: Final = (2.0, 3.0)
_SHOWN: Final = 5
_READINGS: Final = 20


@dataclass(slots=True)
class Outcome:
    """What came of one fault. ``seconds``: from its end until all had caught up."""

    kind: str
    promised: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    seconds: float = 0.0
    trouble: str | None = None
    """Why the run can't go on: it did not catch up, or the fault could not be done."""
    skipped: str | None = None

    @property
    def survived(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.out_of_order or self.trouble)

    def as_json(self) -> dict[str, Any]:
        """The line of ``--json``."""
        told: dict[str, Any] = {
            "kind": self.kind,
            "promised": self.promised,
            "lost": self.lost,
            "doubled": self.doubled,
            "out_of_order": self.out_of_order,
            "seconds": round(self.seconds, 2),
        }
        more = {"trouble": self.trouble, "skipped": self.skipped}
        return told | {name: value for name, value in more.items() if value is not None}


@dataclass(slots=True)
class Report:
    """The whole run."""

    seed: int
    outcomes: list[Outcome] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    evidence: Path | None = None

    @property
    def survived(self) -> bool:
        """Whether every fault was."""
        return all(outcome.survived for outcome in self.outcomes)


def run(
    *,
    json: bool = False,
    minutes: float = 0.0,
    seed: int | None = None,
    only: Sequence[str] = (),
    kinds: int | None = None,
) -> int:
    """Run at least one round of all kinds (or of ``only``), and go on for ``minutes``; 0 when all was survived.

    ``kinds``: so many of them, which the seed chooses.
    """
    strangers = set(only) - set(KINDS)
    if strangers:
        sys.stderr.write(f"kasane: there is no fault {', '.join(sorted(strangers))}; there are {', '.join(KINDS)}\n")
        return 2
    configure_logging(level=logging.CRITICAL)
    console = Console(file=sys.stderr if json else sys.stdout, highlight=False, soft_wrap=True)
    report = Report(secrets.randbelow(10**6) if seed is None else seed)
    console.print(f"seed {report.seed}")
    if kinds is not None:
        among = list(only or KINDS)
        only = Random(f"kinds {report.seed}").sample(among, min(kinds, len(among)))  # noqa: S311 - repeatable
    asyncio.run(_run(report, console, _made_folder(), minutes, only))
    if json:
        faults = [outcome.as_json() for outcome in report.outcomes]
        sys.stdout.write(json_text.dumps({"seed": report.seed, "faults": faults}) + "\n")
    _sum_up(console, report)
    return 0 if report.survived else 1


def _made_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kasane-faults-"))
    folder.chmod(0o711)  # run by root, PostgreSQL is another user and must pass through
    return folder


async def _run(report: Report, console: Console, folder: Path, minutes: float, only: Sequence[str]) -> None:
    try:
        await _trial(report, console, folder, clock.monotonic() + minutes * 60, only)
    except (Exception, asyncio.CancelledError) as error:
        if not isinstance(error, asyncio.CancelledError):
            (folder / "trouble.txt").write_text("".join(traceback.format_exception(error)))
            report.evidence = folder
            console.print(f"[red]the trial itself broke[/]; what happened is in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if report.survived:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        report.evidence = folder
        told = {"seed": report.seed, "faults": [one.as_json() for one in report.outcomes], "found": report.findings}
        (folder / "report.json").write_text(json_text.dumps(told, indent=2, ensure_ascii=False))


async def _trial(report: Report, console: Console, folder: Path, ends: float, only: Sequence[str]) -> None:
    seen = Findings()
    async with town(folder) as running:
        load = Load(running, Journal(folder / "promises.jsonl"), Random(f"load {report.seed}"), _PACE)  # noqa: S311 - repeatable
        trial = Trial(running, load, Random(report.seed))  # noqa: S311 - repeatable
        async with load.working():
            await trial.work(*_WARM_UP)
            for number, faults in enumerate(rounds(trial.dice, only)):
                for fault in faults:
                    if number and clock.monotonic() > ends:
                        return
                    outcome = await _one(trial, fault, seen, report)
                    report.outcomes.append(outcome)
                    _show(console, outcome)
                    if not outcome.survived:
                        return
                if clock.monotonic() > ends:
                    return


async def _one(trial: Trial, fault: Fault, seen: Findings, report: Report) -> Outcome:
    """Do it, let the town catch up, compare."""
    outcome = Outcome(fault.kind, skipped=fault.skipped())
    if outcome.skipped is not None:
        return outcome
    promised = len(trial.load.journal.promises)
    trial.load.go_on()
    try:
        await fault.do(trial)
        outcome.seconds = await trial.catch_up()
        found = await _found(trial)
    except NeverCameError as trouble:
        outcome.trouble = str(trouble)
        report.findings.append(str(trouble))
        return outcome
    finally:
        trial.operator = None
        outcome.promised = len(trial.load.journal.promises) - promised
    for kind in ("lost", "doubled", "out_of_order"):
        fresh = getattr(found, kind) - getattr(seen, kind)
        getattr(seen, kind).update(fresh)
        setattr(outcome, kind, len(fresh))
        report.findings += [f"{fault.kind}: {kind}: {what}" for what in sorted(fresh)]
    return outcome


async def _found(trial: Trial) -> Findings:
    running: Town = trial.town
    books = await _standing_still(trial)
    found = compare(
        books,
        trial.load.journal.promises,
        trial.excused,
        not_heard=frozenset({NEW_TYPE} if NEW_TYPE[0] in running.flaws else ()),
        late=(NEW_TYPE, running.replayed_up_to),
    )
    found.doubled.update(trial.load.contradictions)
    return found


async def _standing_still(trial: Trial) -> dict[str, Book]:
    """The four books of one moment: a heart-beat that passes while they are read makes it begin again."""
    for _ in range(_READINGS):
        heads = await trial.town.heads()
        if await trial.town.at_rest() is None:
            books = await read_books(trial.town)
            if await trial.town.at_rest() is None and await trial.town.heads() == heads:
                return books
        await trial.catch_up()
    raise NeverCameError("the town never stood still for long enough to be read")


def _show(console: Console, outcome: Outcome) -> None:
    if outcome.skipped is not None:
        console.print(f"[yellow]- {outcome.kind}: SKIPPED: {escape(outcome.skipped)}[/]")
    elif outcome.survived:
        console.print(
            f"[green]✓[/] {outcome.kind}: {outcome.promised} promised, 0 lost, 0 doubled, 0 out of order, "
            f"caught up after {outcome.seconds:.1f} s"
        )
    else:
        console.print(
            f"[red]✗ {outcome.kind}: {outcome.promised} promised, {outcome.lost} lost, {outcome.doubled} doubled, "
            f"{outcome.out_of_order} out of order[/] {escape(outcome.trouble or '')}"
        )


def _sum_up(console: Console, report: Report) -> None:
    done = [outcome for outcome in report.outcomes if outcome.skipped is None]
    skipped = {outcome.kind for outcome in report.outcomes} - {outcome.kind for outcome in done}
    table = Table("kinds", "faults", "promised", "lost", "doubled", "out of order", "median s", "slowest s")
    seconds = sorted(outcome.seconds for outcome in done) or [0.0]
    sums = [sum(getattr(one, name) for one in done) for name in ("promised", "lost", "doubled", "out_of_order")]
    times = [f"{seconds[len(seconds) // 2]:.1f}", f"{seconds[-1]:.1f}"]
    table.add_row(str(len({outcome.kind for outcome in done})), str(len(done)), *map(str, sums), *times)
    console.print(table)
    if skipped:
        console.print(f"[yellow]skipped: {', '.join(sorted(skipped))}[/]")
    if report.survived:
        return
    for finding in report.findings[:_SHOWN]:
        console.print(f"[red]✗[/] {escape(finding)}")
    console.print(
        f"seed {report.seed}; promises, logs, data and all {len(report.findings)} findings: {report.evidence}"
    )
