"""Faults of PostgreSQL: restarted, killed, slow, and one database restored from an older backup."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any, Final

import asyncpg

from services.faults import evidence
from services.faults.comparing import stated_in
from services.faults.process import NeverCameError, environment_of
from services.faults.town import PREFIX, until
from services.faults.trial import Trial
from services.parts import SERVICES
from shared.db import Database
from shared.errors import Conflict
from shared.spine import list_parked, skip_parked

_SLOW_SECONDS: Final = 0.15
_LOST_FACTS: Final = 3
"""At least so many are to be lost: where a backup lacks nothing there is nothing to be found out."""


async def restarted(trial: Trial) -> None:
    """Shut down ("fast": sessions are ended) and started."""
    await trial.work()
    await asyncio.to_thread(trial.town.postgres.stop)
    await asyncio.to_thread(trial.town.postgres.start)
    await trial.work()


async def killed(trial: Trial) -> None:
    """Killed as by a power cut; it recovers from its write-ahead log."""
    await trial.work()
    await asyncio.to_thread(trial.town.postgres.kill)
    await trial.work(0.0, 1.0)
    await asyncio.to_thread(trial.town.postgres.start)
    await trial.work()


async def slow(trial: Trial) -> None:
    """Each write to one service's log or cursor takes a sixth of a second longer."""
    service = trial.some_service()
    async with trial.town.admin(service) as connection:
        await evidence.slow_down(connection, _SLOW_SECONDS)
    await trial.work(3.0, 4.0)
    async with trial.town.admin(service) as connection:
        await connection.execute("SET lock_timeout = '30s'")
        await evidence.speed_up(connection)


async def restored(trial: Trial) -> None:
    """One service's database is put back to what it was; the others find out; the operator adopts its log."""
    service, town = trial.some_service(), trial.town
    await _back_up(trial, service)
    kept = await town.heads()
    await trial.work(2.0, 3.0)

    async def grown() -> bool:
        return (await town.heads())[service] >= kept[service] + _LOST_FACTS

    await until(grown, f"{service} states {_LOST_FACTS} facts that will be lost", 90)
    # What nobody has heard yet nobody can list: so all is heard before the disk is lost.
    await trial.catch_up()
    town.main(service).kill()
    trial.load.leave_all()
    await _put_back(trial, service)
    town.start(service)
    trial.load.go_on()
    await until(lambda: _diverged(trial, service), f"{service} is found diverged", 90)
    listed = await _adopt(trial, service)
    async with town.admin(service) as connection:
        rows = await connection.fetch(_LOST, service)
    if len(rows) < listed:
        raise NeverCameError(f"log adopt listed {listed} facts, the database has {len(rows)}")
    for row in rows:
        fact: dict[str, Any] = json.loads(row["envelope"])
        trial.excused.facts.update((row["type"], said) for said in stated_in(fact["data"]))
        trial.excused.households.update(row["subjects"])
    trial.operator = lambda: _give_up_what_is_lost(trial)


async def _back_up(trial: Trial, service: str) -> None:
    """Copy a database as it stands; its sessions are ended, as the copy demands."""
    name = f"{PREFIX}_{service}"
    async with trial.town.admin() as connection:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        for attempt in range(50):
            try:
                await connection.execute(f'CREATE DATABASE "{name}_backup" TEMPLATE "{name}" OWNER "{name}"')
            except asyncpg.ObjectInUseError:
                if attempt == 49:  # noqa: PLR2004 - the last
                    raise
                await asyncio.sleep(0.1)
            else:
                break
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


async def _put_back(trial: Trial, service: str) -> None:
    name = f"{PREFIX}_{service}"
    async with trial.town.admin() as connection:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.execute(f'ALTER DATABASE "{name}_backup" RENAME TO "{name}"')
        await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')


async def _diverged(trial: Trial, service: str) -> bool:
    """Whether the service itself, or a reader of it, says so."""
    for other in SERVICES:
        async with trial.town.admin(other) as connection:
            found = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM log_head WHERE state = 'diverged' AND $1) "
                "OR EXISTS (SELECT FROM cursor WHERE state = 'diverged' AND source = $2)",
                other == service,
                service,
            )
        if found:
            return True
    return False


async def _adopt(trial: Trial, service: str) -> int:
    """Run ``./kasane log adopt SERVICE`` as an operator does; how many facts it lists."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "services.cli", "log", "adopt", service,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=environment_of(service, trial.town.folder / "settings" / service),
    )  # fmt: skip
    out, told = await process.communicate()
    if process.returncode:
        raise NeverCameError(f"log adopt {service} failed: {told.decode(errors='replace')[-500:]}")
    return len(out.splitlines())


async def _give_up_what_is_lost(trial: Trial) -> None:
    """Skip what is parked for a household that is listed as lost: the operator's part in the catching up."""
    for service in SERVICES:
        db = Database(trial.town.settings[service].database_url, pool_size=1)
        try:
            for line in await list_parked(db):
                if line.state == "behind" or trial.excused.households.isdisjoint(line.subjects):
                    continue
                with contextlib.suppress(Conflict):  # it was done meanwhile
                    await skip_parked(db, line.id, by="faults", reason="lost with its log")
        finally:
            await db.close()


_LOST = "SELECT type, subjects, envelope FROM lost_fact WHERE source = $1 AND found_in = 'stream'"
