"""``./kasane status | migrate | log adopt``: what an operator asks and does."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from services.commands.places import database, find_services, settings_of
from services.commands.trouble import Trouble, say
from services.parts import SERVICES, migrate_one, nobody_works_here
from shared import clock
from shared.db import Database
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class CursorState:
    """How far a service has followed one source.

    ``behind``: positions, None where the source's log is out of reach; ``seconds``: while it is behind, the age of the
    event at the cursor.
    """

    source: str
    position: int
    behind: int | None
    seconds: float | None
    parked: int
    state: str


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service's log and cursors."""

    service: str
    head: int
    unplaced: int
    state: str
    cursors: list[CursorState]


def status(data: Path | None, *, as_json: bool) -> int:
    """Print the state of all services in reach; 1 when one has diverged or an event is parked, else 0."""
    states = asyncio.run(_gather(find_services(data)))
    if as_json:
        print(json.dumps([asdict(state) for state in states], ensure_ascii=False))
    else:
        _print(states)
    sound = all(
        state.state == "ok" and all(cursor.state == "ok" and not cursor.parked for cursor in state.cursors)
        for state in states
    )
    return 0 if sound else 1


def _print(states: Sequence[ServiceState]) -> None:
    table = Table("service", "log head", "state", "follows", "up to", "behind", "lag", "parked")
    for state in states:
        waiting = f" (+{state.unplaced})" if state.unplaced else ""
        first = [state.service, f"{state.head}{waiting}", state.state]
        if not state.cursors:
            table.add_row(*first)
        for cursor in state.cursors:
            behind = "?" if cursor.behind is None else str(cursor.behind)
            lag = "-" if cursor.seconds is None else f"{cursor.seconds:.0f} s"
            note = "" if cursor.state == "ok" else f" {cursor.state}"
            table.add_row(*first, cursor.source, f"{cursor.position}{note}", behind, lag, str(cursor.parked))
            first = ["", "", ""]
        table.add_section()
    Console().print(table)


async def _gather(services: dict[str, Settings]) -> list[ServiceState]:
    found = {}
    for service, settings in services.items():
        async with database(settings) as db:
            found[service] = await _load(service, db)
    heads = {service: state.head for service, state in found.items()}
    return [_with_lag(state, heads) for state in found.values()]


async def _load(service: str, db: Database) -> ServiceState:
    async with db.read() as session:
        head = (await session.execute(text("SELECT position, state FROM log_head"))).one()
        unplaced = int(await session.scalar(text("SELECT count(*) FROM event_log WHERE position IS NULL")) or 0)
        rows = await session.execute(
            text("SELECT source, position, event_at, open_parked, state FROM cursor ORDER BY source")
        )
        now = clock.now()
        cursors = [
            CursorState(row.source, row.position, None, _age(row.event_at, now), row.open_parked, row.state)
            for row in rows
        ]
    return ServiceState(service, head.position, unplaced, head.state, cursors)


def _with_lag(state: ServiceState, heads: dict[str, int]) -> ServiceState:
    cursors = []
    for cursor in state.cursors:
        head = heads.get(cursor.source)
        behind = None if head is None else max(head - cursor.position, 0)
        cursors.append(
            CursorState(
                cursor.source, cursor.position, behind, cursor.seconds if behind else None, cursor.parked, cursor.state
            )
        )
    return ServiceState(state.service, state.head, state.unplaced, state.state, cursors)


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max((now - moment).total_seconds(), 0.0)


def migrate(services: Sequence[str], *, seed: bool) -> int:
    """Bring the named services (all if none) up to date: what the one-shot container runs before the others."""
    wanted = list(services) or list(SERVICES)
    strangers = set(wanted) - set(SERVICES)
    if strangers:
        msg = f"there is no service {', '.join(sorted(strangers))}; there are {', '.join(SERVICES)}"
        raise Trouble(msg)
    if seed and set(wanted) != set(SERVICES):
        msg = "--seed fills all four databases; name no service with it"
        raise Trouble(msg)
    settings = {service: _settings_for_migration(service) for service in wanted}

    async def work() -> None:
        for service, own in settings.items():
            say(f"migrating {service}")
            await migrate_one(service, own)
        if seed and await nobody_works_here(settings["casework"]):
            from services.seeding import seed_ward

            say("filling the empty databases with a made-up ward")
            await seed_ward(settings)

    asyncio.run(work())
    return 0


def _settings_for_migration(service: str) -> Settings:
    """Of ``KASANE_SECRETS_ROOT/<service>`` where given, else of this process's own environment."""
    root = os.environ.get("KASANE_SECRETS_ROOT")
    if root:
        folder = Path(root) / service
        if not (folder / "kasane_database_url").exists():
            msg = f"{folder} has no kasane_database_url; run ./kasane secrets first"
            raise Trouble(msg)
        return Settings(_secrets_dir=folder)
    if os.environ.get("KASANE_SERVICE") == service:
        return Settings.load()
    msg = "say where the databases are: KASANE_SECRETS_ROOT=<folder of ./kasane secrets>, or run it in a container"
    raise Trouble(msg)


def adopt(data: Path | None, service: str) -> int:
    """Take a restored log as the truth; prints which facts it no longer knows."""
    from services.commands.adopting import run

    return asyncio.run(run(service, settings_of(service, data)))
