"""``./kasane rebuild SERVICE``: make a service's projections again from the others' logs, and compare."""

from __future__ import annotations

import asyncio
import importlib
import json
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from services.commands.places import data_folder, running_in, settings_of
from services.commands.trouble import Trouble, say
from services.stack import given_servers
from shared import clock
from shared.credentials import Credentials
from shared.db import SharedBase
from shared.projections import Projection, projections_of
from shared.settings import Settings
from shared.spine.follow import FeedAwayError, FeedClient
from shared.spine.rebuilding import Compared, RebuildError, compare, furnish, look, plain, replay
from shared.spine.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it. ``positions``: up to where each source's log was read."""

    service: str
    positions: dict[str, int]
    events: int
    seconds: float
    tables: list[Compared]

    @property
    def equal(self) -> bool:
        """Whether all tables are the same."""
        return all(table.equal for table in self.tables)

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        tables = [{**asdict(table), "equal": table.equal} for table in self.tables]
        return {**asdict(self), "seconds": round(self.seconds, 2), "equal": self.equal, "tables": tables}


def run(data: Path | None, service: str, *, into: str | None, as_json: bool) -> int:
    """Print what came of it; 1 when a table differs."""
    settings = settings_of(service, data)
    admin = given_servers()[0] or (running_in(data_folder(data)) or {}).get("postgres_url")
    made = asyncio.run(rebuild(service, settings, into=into, admin_url=admin))
    if as_json:
        print(json.dumps(made.as_json()))
    else:
        _print(made)
    return 0 if made.equal else 1


async def rebuild(
    service: str, settings: Settings, *, into: str | None = None, admin_url: str | None = None
) -> Rebuilt:
    """Make the projections again in a scratch database and compare them with the live ones.

    ``into`` names that database (made where it is not there, and kept); without it one is made beside and dropped.
    ``admin_url`` is a role that may make databases, where the service's own may not. Raises Trouble.
    """
    projections, subscriptions = parts_of(service)
    feed = FeedClient(settings.urls, Credentials(settings, service).for_feed)
    began = clock.monotonic()
    try:
        with tempfile.TemporaryFile() as rows:
            async with scratch_database(settings.database_url, into, admin_url) as scratch:
                await furnish(scratch, projections)
                snapshot = await look(settings.database_url, projections, rows)
                events = await replay(scratch, subscriptions, feed, snapshot, _progress())
                tables = await compare(scratch, projections, snapshot)
    except RebuildError as error:
        msg = f"{service} can't be rebuilt: {error}"
        raise Trouble(msg) from error
    except FeedAwayError as error:
        msg = f"{service} can't be rebuilt while a producer is away ({error}); start it and try again"
        raise Trouble(msg) from error
    finally:
        await feed.close()
    positions = {mark.source: mark.position for mark in snapshot.marks}
    return Rebuilt(service, positions, events, clock.monotonic() - began, tables)


def parts_of(service: str) -> tuple[list[Projection], Subscriptions]:
    """A service's projections and the list of what it hears."""
    handlers = importlib.import_module(f"services.{service}.handlers")
    tables = importlib.import_module(f"services.{service}.tables")
    return projections_of(service, tables.Base.metadata, SharedBase.metadata), handlers.subscriptions


@asynccontextmanager
async def scratch_database(live_url: str, into: str | None, admin_url: str | None) -> AsyncIterator[str]:
    """The address of the database to rebuild into, on the server of the live one unless ``into`` is an address."""
    if into and "://" in into:
        yield into
        return
    live = make_url(live_url)
    name = into or f"{live.database}_rebuilt_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(plain(admin_url or live_url))
    try:
        await _make(connection, name, live.username)
        try:
            yield live.set(database=name).render_as_string(hide_password=False)
        finally:
            if into is None:
                await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


async def _make(connection: Any, name: str, owner: str | None) -> None:
    if '"' in name:
        msg = f"a database can't be called {name}"
        raise Trouble(msg)
    if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        return
    try:
        await connection.execute(f'CREATE DATABASE "{name}"' + (f' OWNER "{owner}"' if owner else ""))
        await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    except asyncpg.InsufficientPrivilegeError:
        msg = (
            f"the service's role may not make a database. Let a superuser make an empty one (createdb -O {owner} NAME) "
            "and name it with --into"
        )
        raise Trouble(msg) from None


def _progress() -> Any:
    def tell(count: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\rkasane: {count:,} events applied")
            sys.stderr.flush()

    return tell


def _print(made: Rebuilt) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r")
    table = Table("table", "rows live", "rows rebuilt", "equal", "hash")
    for one in made.tables:
        table.add_row(one.table, f"{one.live:,}", f"{one.rebuilt:,}", "yes" if one.equal else "NO", one.hash_live[:12])
    Console().print(table)
    read = ", ".join(f"{source}:{position}" for source, position in made.positions.items())
    say(f"{made.events:,} events up to {read} in {made.seconds:.1f} s")
    for one in made.tables:
        for difference in one.differences:
            print(f"{one.table} {difference.key}: {difference.how}")
