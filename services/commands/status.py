"""``./kasane status [--watch]``: what the operator's page shows, at a terminal and without signing in."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from redis.asyncio import Redis
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from services.commands.places import database, find_services
from services.parts import count_deliveries_of
from shared import clock
from shared.db import Database
from shared.operations import Operations, read_operations
from shared.operations.metrics import AWAY
from shared.settings import Settings
from shared.spine import Names, SourceStatus, Status, connect_redis, read_status

_JSON = TypeAdapter(Operations)


@dataclass(frozen=True, slots=True)
class Found:
    """One service as it was found; ``error`` is the class of what came instead of an answer."""

    service: str
    operations: Operations | None = None
    error: str = ""

    @property
    def sound(self) -> bool:
        """It answers, and nothing waits for an operator."""
        return self.operations is not None and self.operations.status.sound

    def as_json(self) -> dict[str, Any]:
        """As ``GET /<service>/api/operations`` has it, or who does not answer."""
        if self.operations is None:
            return {"service": self.service, "error": self.error}
        told: dict[str, Any] = _JSON.dump_python(self.operations, mode="json")
        return {"service": self.service, **told}


@dataclass(frozen=True, slots=True)
class _Reach:
    """How one service's state is asked for."""

    service: str
    settings: Settings
    db: Database
    redis: Redis | None

    async def ask(self) -> Found:
        names = Names(self.settings.municipality)
        try:
            status = await read_status(self.db, self.redis, names, self.service)
            return Found(self.service, await read_operations(self.db, status, count_deliveries_of(self.service)))
        except AWAY as error:
            return Found(self.service, error=type(error).__name__)


def run(data: Path | None, *, as_json: bool, watch: bool, every: float) -> int:
    """Print the state of all services in reach; 1 when one is out of reach, has diverged, or an event is parked.

    With ``watch`` again every ``every`` seconds until it is interrupted, which is no failure.
    """
    services = find_services(data)
    if not watch:
        found = asyncio.run(_once(services))
        if as_json:
            print(_told(found))
        else:
            Console().print(_picture(found))
        return 0 if all(one.sound for one in found) else 1
    with suppress(KeyboardInterrupt):
        asyncio.run(_watch(services, as_json=as_json, every=every))
    return 0


async def _once(services: dict[str, Settings]) -> list[Found]:
    async with _reaching(services) as reaches:
        return await _ask(reaches)


async def _watch(services: dict[str, Settings], *, as_json: bool, every: float) -> None:
    console = Console()
    async with _reaching(services) as reaches:
        if as_json or not console.is_terminal:
            while True:
                found = await _ask(reaches)
                print(_told(found) if as_json else "\n".join(_lines(found)))
                sys.stdout.flush()
                await asyncio.sleep(every)
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(_picture(await _ask(reaches)), refresh=True)
                await asyncio.sleep(every)


@asynccontextmanager
async def _reaching(services: dict[str, Settings]) -> AsyncIterator[list[_Reach]]:
    async with AsyncExitStack() as stack:
        reaches = []
        for service, settings in services.items():
            db = await stack.enter_async_context(database(settings))
            redis = connect_redis(settings.redis_url) if settings.redis_url else None
            if redis is not None:
                stack.push_async_callback(redis.aclose)
            reaches.append(_Reach(service, settings, db, redis))
        yield reaches


async def _ask(reaches: Sequence[_Reach]) -> list[Found]:
    found = await asyncio.gather(*(reach.ask() for reach in reaches))
    heads = {one.service: one.operations.status.head for one in found if one.operations}
    return [_with_heads(one, heads) for one in found]


def _with_heads(found: Found, heads: dict[str, int]) -> Found:
    """What is in reach tells its head itself, which Redis may not be there to tell."""
    if found.operations is None:
        return found
    status = found.operations.status
    sources = [_with_head(source, heads.get(source.source), status) for source in status.sources]
    return replace(found, operations=replace(found.operations, status=replace(status, sources=sources)))


def _with_head(source: SourceStatus, head: int | None, status: Status) -> SourceStatus:
    if head is None or (source.head is not None and source.head >= head):
        return source
    lag = max(head - source.position, 0)
    age = (status.at - source.heard_at).total_seconds() if lag and source.heard_at else 0.0
    return replace(source, head=head, lag_events=lag, lag_seconds=source.lag_seconds or max(age, 0.0))


def _told(found: Sequence[Found]) -> str:
    return json.dumps([one.as_json() for one in found], ensure_ascii=False)


# -- lines for a file or a pipe ------------------------------------------------------------------------------------


def _lines(found: Sequence[Found]) -> list[str]:
    at = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
    return [f"{at} {one.service} {_line(one.operations) if one.operations else f'away={one.error}'}" for one in found]


def _line(found: Operations) -> str:
    status = found.status
    parts = {
        "head": status.head,
        "tail": status.stream_tail or "-",
        "length": "-" if status.stream_length is None else status.stream_length,
        "per_minute": f"{status.per_minute:.1f}",
        "leader": "yes" if status.leader else "no",
        "log": status.log_state,
        "parked": sum(source.parked for source in status.sources),
        "waiting": sum(source.waiting for source in status.sources),
        "behind": sum(source.behind for source in status.sources),
        "lost": status.lost_facts,
    }
    follows = [
        f"{s.source}={s.position}/{'?' if s.head is None else s.head}({s.state},{s.lag_seconds:.0f}s)"
        for s in status.sources
    ]
    sent = [f"{d.channel}={d.waiting}+{d.failed}failed" for d in found.deliveries]
    return " ".join([*(f"{name}={value}" for name, value in parts.items()), *follows, *sent])


# -- tables for a person -------------------------------------------------------------------------------------------


def _picture(found: Sequence[Found]) -> RenderableType:
    answering = [one.operations for one in found if one.operations is not None]
    parts: list[RenderableType] = [_light(found), _streams(found), _readers(answering)]
    parts += [table for table in (_parked(answering), _deliveries(answering), _lost(answering)) if table.row_count]
    return Group(*parts)


def _light(found: Sequence[Found]) -> RenderableType:
    intake = next((one for one in found if one.service == "intake"), None)
    at = f"{clock.now():%Y-%m-%d %H:%M:%S} UTC"
    if intake is None or intake.operations is None:
        return Text(f"heart-beat: not known from here   {at}")
    age = intake.operations.status.ring_closed
    ago = (
        "has not been round yet"
        if age is None
        else f"the last one to come home set out {age.total_seconds():.0f} s ago"
    )
    light = "passes all four services" if intake.operations.status.light else "HAS STOPPED"
    return Text(f"heart-beat: {light}; {ago}   {at}", style="green" if intake.operations.status.light else "bold red")


def _streams(found: Sequence[Found]) -> Table:
    table = Table("service", "log head", "state", "tail", "length", "a minute", "relay", "last beat", "feed read by")
    for one in found:
        if one.operations is None:
            table.add_row(one.service, f"does not answer ({one.error})", style="red")
            continue
        status = one.operations.status
        beat = "-" if status.leader_beat_at is None else f"{(status.at - status.leader_beat_at).total_seconds():.0f} s"
        asked = ", ".join(
            f"{r.reader} {r.position} ({(status.at - r.asked_at).total_seconds():.0f} s)" for r in status.feed_readers
        )
        table.add_row(
            status.service,
            f"{status.head}{f' (+{status.unplaced})' if status.unplaced else ''}",
            status.log_state,
            (status.stream_tail or "-").partition("-")[0] or "-",
            "no Redis" if status.stream_length is None else str(status.stream_length),
            f"{status.per_minute:.1f}",
            status.leader or "nobody leads",
            beat,
            asked or "-",
        )
    return table


def _readers(found: Sequence[Operations]) -> Table:
    table = Table("service", "follows", "up to", "behind", "lag", "state", "parked", "behind it", "waiting")
    for one in found:
        first = one.status.service
        for source in one.status.sources:
            table.add_row(
                first,
                source.source,
                str(source.position),
                "?" if source.head is None else str(source.lag_events),
                f"{source.lag_seconds:.0f} s" if source.lag_events else "-",
                source.state,
                str(source.parked),
                str(source.behind),
                str(source.waiting),
                style="" if source.state == "ok" and not source.parked else "red",
            )
            first = ""
        table.add_section()
    return table


def _parked(found: Sequence[Operations]) -> Table:
    table = Table("parked at", "number", "from", "type", "state", "error", "tries", "since", "behind it", style="red")
    for one in found:
        for line in one.heads:
            error = " ".join(part for part in (line.error_class, line.sqlstate, line.constraint) if part)
            age = (one.status.at - line.parked_at).total_seconds()
            table.add_row(
                one.status.service, str(line.id), f"{line.source}:{line.position}", line.type, line.state, error,
                str(line.attempts), f"{age:.0f} s", str(line.behind),
            )  # fmt: skip
    return table


def _deliveries(found: Sequence[Operations]) -> Table:
    table = Table("channel", "waiting", "oldest", "given up (7 days)")
    for one in found:
        for line in one.deliveries:
            oldest = "-" if line.oldest_at is None else f"{(one.status.at - line.oldest_at).total_seconds():.0f} s"
            table.add_row(line.channel, str(line.waiting), oldest, str(line.failed))
    return table


def _lost(found: Sequence[Operations]) -> Table:
    table = Table("lost at", "facts that the restored log does not know")
    for one in found:
        if one.status.lost_facts:
            table.add_row(one.status.service, str(one.status.lost_facts))
    return table
