"""``./kasane bench api``: the busiest endpoints beside bare FastAPI and SQLAlchemy handlers of the same rows.

One worker each, on the same embedded PostgreSQL; only the service that is measured runs. In interleaved rounds each
endpoint is driven by eight clients that ask again as soon as they are answered (requests a second, and processor time
of the worker a request), then at a low steady rate (p50, p99 from the moment at which a request was due).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

import asyncpg
import psutil

from services.faults.process import free_port
from services.ward.staff import POSTS
from shared import clock
from shared.identity import TOKEN_COOKIE, Tokens
from shared.spine.rebuilding import plain
from tests.bench.api.bare import VARIABLE
from tests.bench.api.client import Connection
from tests.bench.api.endpoints import Endpoint, Matter, Send, endpoints_of
from tests.bench.spine.figures import percentile
from tests.bench.story.run import CALLER, Calls, moments_of
from tests.bench.story.town import Town, town

CLIENTS: Final = 8
ROUNDS: Final = 3
_BOARD_VIEWER: Final = "manager-1"
_HOME: Final = Path(__file__).parents[3]
_HOURS: Final = 4 * 3600
_PATIENCE: Final = 60.0
_KEYS: Final = ("requests_per_second", "p50_ms", "p99_ms", "cpu_ms")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done: ``households`` beforehand; a round's seconds of saturation; its paced requests and rate."""

    households: int = 120
    seconds: float = 3.0
    paced: int = 100
    rate: float = 10.0
    warm_up: int = 24


@dataclass(slots=True)
class _Found:
    per_second: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    latencies: list[list[float]] = field(default_factory=list)

    def medians(self) -> dict[str, float]:
        together = [one for round_ in self.latencies for one in round_]
        values = (median(self.per_second), percentile(together, 50), percentile(together, 99), median(self.cpu_ms))
        return {key: round(value, 2) for key, value in zip(_KEYS, values, strict=True)}

    def spread(self) -> dict[str, list[float]]:
        rounds = (
            self.per_second,
            [percentile(one, 50) for one in self.latencies],
            [percentile(one, 99) for one in self.latencies],
            self.cpu_ms,
        )
        return {key: [round(min(values), 2), round(max(values), 2)] for key, values in zip(_KEYS, rounds, strict=True)}


async def measure(*, rounds: int = ROUNDS, scale: Scale | None = None) -> dict[str, Any]:
    """``endpoints`` by name, each with ``kasane``, ``bare`` and ``ratio`` (Kasane's figure by the bare one's)."""
    scale = scale or Scale()
    found: dict[str, dict[str, _Found]] = {}
    async with town() as there:
        matter = await _matter(there, scale.households)
        every = endpoints_of(matter)
        with _bare(there, matter.household) as (port, bare):
            await _listening(port, bare)
            for service in dict.fromkeys(one.service for one in every):
                replica = await there.only(service)
                workers = {
                    "kasane": (replica.port, psutil.Process(replica.process.pid)),
                    "bare": (port, psutil.Process(bare.pid)),
                }
                own = [one for one in every if one.service == service]
                for one in own:
                    found[one.name] = await _rounds(one, workers, rounds, scale)
    told = {
        name: {
            "kasane": by["kasane"].medians(),
            "bare": by["bare"].medians(),
            "ratio": _ratio(by),
            "spread": {system: own.spread() for system, own in by.items()},
        }
        for name, by in found.items()
    }
    return {"endpoints": told, "clients": CLIENTS, "rounds": rounds, "paced_per_second": scale.rate,
            "samples": scale.paced * rounds}  # fmt: skip


async def _rounds(
    endpoint: Endpoint, workers: dict[str, tuple[int, psutil.Process]], rounds: int, scale: Scale
) -> dict[str, _Found]:
    """Kasane first in one round, the bare handler first in the next."""
    found = {system: _Found() for system in workers}
    sends = {"kasane": endpoint.kasane, "bare": endpoint.bare}
    for number in range(rounds):
        sys.stderr.write(f"kasane: {endpoint.name}, round {number + 1} of {rounds}\n")
        for system in sorted(workers, reverse=number % 2 == 0):
            port, worker = workers[system]
            async with _connections(port) as lines:
                await _flood(lines, sends[system], most=scale.warm_up)
                before = _used(worker)
                began = clock.monotonic()
                made = await _flood(lines, sends[system], seconds=scale.seconds)
                found[system].per_second.append(made / (clock.monotonic() - began))
                found[system].cpu_ms.append((_used(worker) - before) * 1000 / made)
                found[system].latencies.append(await _pace(lines, sends[system], scale))
    return found


async def _flood(
    lines: Sequence[Connection], send: Send, *, seconds: float = _PATIENCE, most: int | None = None
) -> int:
    """Ask again as soon as there is an answer; how many answers came."""
    ends, made = clock.monotonic() + seconds, 0

    async def ask(line: Connection) -> None:
        nonlocal made
        while clock.monotonic() < ends and (most is None or made < most):
            await line.send(send())
            made += 1

    async with asyncio.TaskGroup() as group:
        for line in lines:
            group.create_task(ask(line))
    return made


async def _pace(lines: Sequence[Connection], send: Send, scale: Scale) -> list[float]:
    """Milliseconds from the moment at which each request was due to its answer, waiting for a free line included."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for line in lines:
        free.put_nowait(line)
    times: list[float] = []

    async def ask(due: float) -> None:
        line = await free.get()
        await line.send(send())
        times.append((clock.monotonic() - due) * 1000)
        free.put_nowait(line)

    began = clock.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(scale.paced):
            due = began + number / scale.rate
            await asyncio.sleep(max(0.0, due - clock.monotonic()))
            group.create_task(ask(due))
    return times


@contextlib.asynccontextmanager
async def _connections(port: int) -> AsyncIterator[list[Connection]]:
    lines = [await Connection.open(port) for _ in range(CLIENTS)]
    yield lines
    for line in lines:
        await line.close()


async def _matter(there: Town, households: int) -> Matter:
    """Let calls come in and all services work on them; then whom and what the requests are about."""
    await there.person(CALLER)
    said = Calls(there)
    calls = [await said.make() for _ in range(households)]
    await moments_of(there, calls)
    shown = [call.household for call in calls[-50:]]
    intake = await asyncpg.connect(plain(there.settings["intake"].database_url))
    members = await intake.fetch("SELECT id FROM member WHERE household_id = ANY($1) ORDER BY id", shown)
    await intake.close()
    notify = await asyncpg.connect(plain(there.settings["notify"].database_url))
    fullest = await notify.fetchval("SELECT post FROM notification GROUP BY post ORDER BY count(*) DESC, post LIMIT 1")
    await notify.close()
    owner = next(post.code for post in POSTS if post.id == fullest)
    viewers = {"casework": _BOARD_VIEWER, "notify": owner, "intake": CALLER}
    return Matter(
        tokens={service: await _token(there, code) for service, code in viewers.items()},
        household=shown[0],
        labels={"households": [str(one) for one in shown], "members": [str(row["id"]) for row in members[:50]]},
        inbox=fullest,
        next_body=said.next_body,
    )


async def _token(there: Town, code: str) -> str:
    """What a person carries who has signed in, valid until the bench has ended."""
    person = await there.person(code)
    tokens = Tokens(there.settings["casework"].model_copy(update={"token_seconds": _HOURS}))
    actor = tokens.read(person.http.cookies[TOKEN_COOKIE])
    if actor is None:
        raise RuntimeError(code)
    return tokens.sign(actor)


@contextlib.contextmanager
def _bare(there: Town, sample: UUID) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The bare handlers, a process of their own like the service."""
    port = free_port()
    urls = {service: there.settings[service].database_url for service in ("intake", "casework", "notify")}
    order = {VARIABLE: json.dumps({"urls": urls, "sample": str(sample)}), "PYTHONPATH": str(_HOME)}
    with (there.folder / "bare.log").open("ab") as log:
        running = subprocess.Popen(  # noqa: S603 - our own program by our own interpreter
            [sys.executable, "-P", "-m", "tests.bench.api.bare", str(port)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=_HOME, env=os.environ | order,
        )  # fmt: skip
    try:
        yield port, running
    finally:
        running.kill()
        running.wait()


async def _listening(port: int, running: subprocess.Popen[bytes]) -> None:
    ends = clock.monotonic() + _PATIENCE
    while True:
        try:
            await (await Connection.open(port)).close()
        except OSError:
            if running.poll() is not None or clock.monotonic() > ends:
                raise
            await asyncio.sleep(0.1)
        else:
            return


def _used(worker: psutil.Process) -> float:
    """Processor seconds so far."""
    times = worker.cpu_times()
    return float(times.user + times.system)


def _ratio(by: dict[str, _Found]) -> dict[str, float]:
    ours, bare = by["kasane"].medians(), by["bare"].medians()
    return {key: round(ours[key] / max(bare[key], 0.01), 3) for key in _KEYS}
