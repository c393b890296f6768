"""``./kasane rebuild``: the projections of every service, made again from the logs of the others."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import CursorResult, text
from sqlalchemy.engine import make_url

from services.commands.rebuild import Rebuilt, parts_of, rebuild
from services.commands.trouble import Trouble
from services.stack import Stack
from services.story.playing import as_notify, play
from services.story.stage import Stage
from shared import clock
from shared.db import Database
from shared.events import SERVICES
from shared.events.intake import HouseholdErased
from shared.spine import erase, hold, record
from tests.e2e.conftest import StartStack

pytestmark = pytest.mark.e2e


async def caught_up(running: Stack) -> None:
    """Wait until every service has heard all that the others have said (the heart-beat may go on)."""
    ends = clock.monotonic() + 30
    unplaced = "SELECT EXISTS (SELECT FROM event_log WHERE position IS NULL)"
    while any([await _value(running, service, unplaced) for service in SERVICES]):
        assert clock.monotonic() < ends
        await asyncio.sleep(0.1)
    heads = {service: await _value(running, service, "SELECT position FROM log_head") for service in SERVICES}
    for service in SERVICES:
        while True:
            rows = await _rows(running, service, "SELECT source, position FROM cursor")
            if all(row.position >= heads[row.source] for row in rows):
                break
            assert clock.monotonic() < ends, (service, heads, rows)
            await asyncio.sleep(0.1)


async def _rows(running: Stack, service: str, query: str, **values: Any) -> list[Any]:
    db = Database(running.database_url(service), pool_size=1)
    try:
        async with db.transaction() as session:
            found = await session.execute(text(query), values)
            return list(found.all()) if isinstance(found, CursorResult) and found.returns_rows else []
    finally:
        await db.close()


async def _value(running: Stack, service: str, query: str, **values: Any) -> Any:
    return (await _rows(running, service, query, **values))[0][0]


def told(made: Rebuilt) -> dict[str, Any]:
    """What differs, to be read in a failing test."""
    return {table.table: table.differences or (table.live, table.rebuilt) for table in made.tables if not table.equal}


async def test_the_projections_of_every_service_are_what_the_logs_say(
    start_stack: StartStack, postgres_url: str
) -> None:
    async with start_stack(households=24) as running:
        played = await play(Stage(running.base_url, show_to_feed=as_notify(running), own=True))
        assert played.ok, played.failure
        await caught_up(running)
        for service in SERVICES:
            made = await rebuild(service, running.settings[service], admin_url=postgres_url)
            assert made.equal, told(made)
            assert {table.table for table in made.tables if table.live}, service
            assert made.events > 0

        # somebody's hand, or a disk, has spoilt two rows and lost a third
        household = await _value(
            running, "casework", "SELECT id FROM household WHERE area IS NOT NULL ORDER BY id LIMIT 1"
        )
        lost = await _value(running, "casework", "SELECT id FROM consultation ORDER BY id LIMIT 1")
        await _rows(running, "casework", "UPDATE household SET area = 'x' WHERE id = :id", id=household)
        await _rows(running, "casework", "DELETE FROM consultation WHERE id = :id", id=lost)
        surplus = UUID(int=1)
        row = "INSERT INTO protection (id, household) VALUES (:id, :household)"
        await _rows(running, "casework", row, id=surplus, household=household)
        made = await rebuild("casework", running.settings["casework"], admin_url=postgres_url)
        found = {(table.table, one.key, one.how) for table in made.tables for one in table.differences}
        assert found == {
            ("household", str(household), "changed"),
            ("consultation", str(lost), "missing"),
            ("protection", str(surplus), "surplus"),
        }
        assert json.dumps(made.as_json())


async def test_what_was_erased_does_not_come_back(start_stack: StartStack, postgres_url: str) -> None:
    async with start_stack(households=6) as running:
        await caught_up(running)
        gone = await _value(running, "outreach", "SELECT household FROM support_case ORDER BY id LIMIT 1")
        db = Database(running.database_url("intake"), pool_size=1)
        async with db.transaction() as session:
            await hold(session, gone)
            assert await erase(session, gone)
            await record(session, HouseholdErased(household=gone))
        await db.close()
        await caught_up(running)
        for service in ("casework", "outreach", "notify"):
            made = await rebuild(service, running.settings[service], admin_url=postgres_url)
            assert made.equal, told(made)
            said = await _rows(running, service, "SELECT type FROM event_log WHERE subject = :gone", gone=str(gone))
            assert [row.type for row in said] == [f"{service}.household_forgotten"]
        held = "SELECT number, erased_at IS NOT NULL FROM household WHERE id = :gone"
        assert [tuple(row) for row in await _rows(running, "casework", held, gone=gone)] == [("", True)]


async def test_it_is_kept_where_one_says_so_and_nowhere_else(start_stack: StartStack, postgres_url: str) -> None:
    admin = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with start_stack(households=2) as running:
        await caught_up(running)
        settings = running.settings["notify"]
        live = make_url(settings.database_url).database
        into = f"{live}_again"
        connection = await asyncpg.connect(admin)
        try:
            with pytest.raises(Trouble, match="--into"):
                await rebuild("notify", settings)
            made = await rebuild("notify", settings, into=into, admin_url=postgres_url)
            names = await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", live)
            assert sorted(row[0] for row in names) == [live, into]
            with pytest.raises(Trouble, match="not empty"):
                await rebuild("notify", settings, into=into, admin_url=postgres_url)
            kept = await asyncpg.connect(make_url(admin).set(database=into).render_as_string(hide_password=False))
            tables = await kept.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            await kept.close()
            assert {row[0] for row in tables} == {table.table for table in made.tables}
        finally:
            await connection.execute(f'DROP DATABASE IF EXISTS "{into}" WITH (FORCE)')
            await connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_every_projecting_handler_has_a_table_of_its_source(service: str) -> None:
    projections, subscriptions = parts_of(service)
    heard = {type_.partition(".")[0] for type_ in subscriptions.projecting().handlers}
    assert {source for one in projections for source in one.sources} == heard
    assert service not in heard
