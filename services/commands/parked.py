"""``./kasane parked``: what an operator may do with events that could not be applied."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.commands.places import database, find_services, settings_of
from services.commands.trouble import say
from shared.spine import parked


def list_(data: Path | None, *, closed: bool, as_json: bool) -> int:
    """Print the parked events of all services in reach."""

    async def gather() -> dict[str, list[parked.ParkedLine]]:
        found = {}
        for service, settings in find_services(data).items():
            async with database(settings) as db:
                found[service] = await parked.list_parked(db, also_closed=closed)
        return found

    lines = asyncio.run(gather())
    if as_json:
        told = [{"service": service, **dataclasses.asdict(line)} for service in lines for line in lines[service]]
        print(json.dumps(told, default=str, ensure_ascii=False))
        return 0
    if not any(lines.values()):
        print("Nothing is parked.")
        return 0
    table = Table("service", "number", "from", "type", "state", "error", "tries", "since", "behind it")
    for service, own in lines.items():
        for line in own:
            error = " ".join(part for part in (line.error_class, line.sqlstate, line.constraint) if part)
            table.add_row(
                service, str(line.id), f"{line.source}:{line.position}", line.type, line.state, error,
                str(line.attempts), f"{line.parked_at:%Y-%m-%d %H:%M}", str(line.behind),
            )  # fmt: skip
    Console().print(table)
    return 0


def show(data: Path | None, service: str, number: int) -> int:
    """Print one parked event as JSON."""

    async def load() -> tuple[parked.ParkedLine, dict[str, object]]:
        async with database(settings_of(service, data)) as db:
            return await parked.show_parked(db, number)

    line, envelope = asyncio.run(load())
    told = {**dataclasses.asdict(line), "envelope": envelope}
    print(json.dumps(told, default=str, ensure_ascii=False, indent=2))
    return 0


def retry(data: Path | None, service: str, number: int, *, by: str) -> int:
    """Ask the running service to try it again."""

    async def ask() -> None:
        async with database(settings_of(service, data)) as db:
            await parked.retry_parked(db, number, by=by)

    asyncio.run(ask())
    say(f"{service} tries {number} again within a second or two; see ./kasane parked list")
    return 0


def skip(data: Path | None, service: str, number: int, *, by: str, reason: str) -> int:
    """Give it up, with the reason."""

    async def give_up() -> None:
        async with database(settings_of(service, data)) as db:
            await parked.skip_parked(db, number, by=by, reason=reason)

    asyncio.run(give_up())
    say(f"{service} has given {number} up; what stood behind it is tried now")
    return 0
