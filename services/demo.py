"""``./kasane demo``: everything in one process, with a made-up ward, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import NamedTuple

from services.commands.places import data_folder, running_in
from services.commands.trouble import Trouble, say
from services.parts import settle
from services.seeding import people_to_sign_in_as, seed_ward
from services.stack import Stack, given_servers, stack, write_running
from shared import clock
from shared.embedded import EmbeddedPostgres, EmbeddedRedis
from shared.telemetry import configure_logging

__all__ = ["run", "stack"]


class Ward(NamedTuple):
    """How much of a made-up ward is played into empty databases."""

    days: int
    households: int


def run(data: Path | None, *, port: int, fresh: bool, days: int, households: int) -> int:
    """Start, tell the address and whom to sign in as, wait for Ctrl-C or SIGTERM, stop; the exit code."""
    folder = data_folder(data)
    told = running_in(folder)
    if told is not None:
        msg = f"the demo already runs on {told['base_url']} (process {told['pid']}), with its data in {folder}"
        raise Trouble(msg)
    if fresh:
        _erase(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # Open until the process ends: what ends late may still have something to say.
    configure_logging(stream=(folder / "kasane.log").open("a", encoding="utf-8", buffering=1))
    asyncio.run(_run(folder, port, days, households))
    return 0


async def _run(folder: Path, port: int, days: int, households: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A second Ctrl-C finds the event set already: stopping goes on, nothing is cut short.
        loop.add_signal_handler(number, stop.set)
    ready = asyncio.Event()
    main = asyncio.create_task(_live(folder, port, Ward(days, households), ready=ready, stop=stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({main, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if stopping.done():
        say("stopping …")
        if not ready.is_set():
            main.cancel()
    else:
        stopping.cancel()
    try:
        await main
    except asyncio.CancelledError:
        say("stopped before it was ready")
    else:
        say("stopped; the data are kept")


async def _live(folder: Path, port: int, ward: Ward, *, ready: asyncio.Event, stop: asyncio.Event) -> None:
    began = clock.monotonic()
    say(f"starting; the data are in {folder}")

    async def seed(running: Stack) -> None:
        say("filling the empty databases with a made-up ward")
        settle()
        await seed_ward(running.settings, days=ward.days, households=ward.households)

    servers = given_servers()
    async with stack(
        folder, port=port, postgres_url=servers[0], redis_url=servers[1], overrides={"rate_limits": True}, seed=seed
    ) as running:
        settle()
        file = write_running(running)
        ready.set()
        try:
            _tell(running, clock.monotonic() - began)
            await stop.wait()
        finally:
            file.unlink(missing_ok=True)


def _tell(running: Stack, seconds: float) -> None:
    lines = [
        "",
        f"  Kasane is ready after {seconds:.1f} s:  {running.base_url}",
        "",
        "  Sign in as (there is no password in the demo; everybody in it is made up):",
        *(f"    {line}" for line in people_to_sign_in_as()),
        "",
        f"  Data: {running.folder}   Stop: Ctrl-C   Start over: ./kasane demo --fresh",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _erase(folder: Path) -> None:
    """Delete only what the demo made in there."""
    EmbeddedPostgres(folder).erase()
    EmbeddedRedis(folder).erase()
    for name in (
        "running.json",
        ".signing_key.pem",
        "kasane.log",
        "postgres.log",
        "redis.log",
        "redis.conf",
        "redis.pid",
    ):
        (folder / name).unlink(missing_ok=True)
