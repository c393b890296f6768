"""Starts the stack where none was named, plays the chapters in their order, prints what happened."""

from __future__ import annotations

import asyncio
import json as json_text
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from services.seeding import seed_ward
from services.stack import Stack, stack
from services.story import asking, calling, visiting, watching
from services.story.stage import Stage, Step, StepFailedError
from shared import clock
from shared.credentials import Credentials
from shared.telemetry import configure_logging

_HOUSEHOLDS = 24
"""How many made-up households are in care before the story begins in a stack of its own."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of the story; ``failure`` says which step did not happen."""

    steps: list[Step]
    failure: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every step happened."""
        return self.failure is None

    def as_json(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        told: dict[str, Any] = {"ok": self.ok, "steps": [step.as_json() for step in self.steps]}
        return told if self.failure is None else told | {"failure": self.failure}


def run(json: bool = False, against: str | None = None) -> int:
    """Play the story and print it; 0 when every step happened, 1 when one did not."""
    console = Console(file=sys.stderr if json else sys.stdout, highlight=False)

    def show(step: Step) -> None:
        if not json:
            console.print(f"[green]✓[/] {step.who}: {step.what} [dim]→ {step.where}, {step.ms} ms[/]")

    configure_logging(level=logging.ERROR)
    told = asyncio.run(_run(against, show))
    if json:
        sys.stdout.write(json_text.dumps(told.as_json(), ensure_ascii=False, indent=2) + "\n")
    else:
        _sum_up(console, told)
    return 0 if told.ok else 1


async def _run(against: str | None, show: Callable[[Step], None]) -> Told:
    if against is not None:
        return await play(Stage(against.rstrip("/"), on_step=show))

    async def seed(running: Stack) -> None:
        await seed_ward(running.settings, households=_HOUSEHOLDS)

    async with stack(prefix="story", seed=seed) as running:
        return await play(Stage(running.base_url, show_to_feed=as_notify(running), on_step=show, own=True))


def as_notify(running: Stack) -> Callable[[], str]:
    """What makes the credentials with which notify reads intake's feed."""
    credentials = Credentials(running.settings["notify"], "notify")
    return lambda: credentials.for_feed("intake")


async def play(stage: Stage) -> Told:
    """Every chapter in its order; what went wrong is told, never raised."""
    today = clock.today()
    try:
        await calling.sign_everybody_in(stage)
        await calling.take_the_call(stage, today)
        await calling.look_into_the_log(stage)
        await calling.see_the_case_open(stage)
        await asking.propose_and_ask(stage)
        await asking.answer(stage)
        await visiting.ask_for_a_visit(stage, today)
        await visiting.plan_and_publish(stage)
        await visiting.visit_twice(stage, today)
        await watching.leave_something_unread(stage)
        await watching.look_at_the_board(stage)
        await calling.take_three_more_calls(stage, today)
    except (StepFailedError, httpx.HTTPError) as error:
        return Told(stage.steps, f"{type(error).__name__}: {error}" if not str(error) else str(error))
    finally:
        await stage.close()
    return Told(stage.steps)


def _sum_up(console: Console, told: Told) -> None:
    table = Table("", "steps", "median ms", "slowest ms")
    times = sorted(step.ms for step in told.steps) or [0]
    table.add_row("story", str(len(told.steps)), str(times[len(times) // 2]), str(times[-1]))
    console.print(table)
    if told.failure is not None:
        console.print(f"[red]✗ did not happen:[/] {told.failure}")
