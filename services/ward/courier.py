"""Carries facts between the four databases before anything runs: what was recorded is placed, fetched and applied.

The readers are the services' own, with their cursors, credentials and handlers; they fetch from the producers' own
feeds, over HTTP within this process. So a seeded ward has come about as a real one does, and needs PostgreSQL alone:
what is not in a stream yet is appended by the relay when the services start.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.rules.notices import FORGOTTEN_AFTER
from shared import clock
from shared.codes import Codes
from shared.db import Database
from shared.settings import Settings
from shared.spine.facade import Spine
from shared.spine.feed import feed_router
from shared.spine.positions import BATCH, PLACE
from shared.spine.subscriptions import Handler, Subscriptions

_HOST = "http://ward"
_MOST_ROUNDS = 200
_PATIENCE = 0.25
"""Seconds after which events that wait for another fact are tried again."""


@dataclass(slots=True)
class Room:
    """One service as a seeding finds it."""

    db: Database
    spine: Spine
    codes: Codes
    head: int = 0


class NotCarriedError(RuntimeError):
    """Facts could not be applied; a ward that lacks some of its history is not opened."""


class Courier:
    """The four rooms and the way between them; :func:`courier` makes one."""

    def __init__(self, rooms: Mapping[str, Room]) -> None:
        self.rooms = dict(rooms)

    async def carry(self, *, later: frozenset[str] = frozenset()) -> None:
        """Bring every recorded fact to everybody who follows it, and what follows from that, until all is quiet.

        ``later``: services that hear it at another time.
        """
        for _ in range(_MOST_ROUNDS):
            for room in self.rooms.values():
                await _place(room)
            if not await self._advance_all(later):
                if not await self._waiting():
                    return
                await asyncio.sleep(_PATIENCE)
        msg = "facts still wait after many rounds: " + ", ".join(await self._waiting())
        raise NotCarriedError(msg)

    async def _advance_all(self, later: frozenset[str]) -> bool:
        rooms = [room for service, room in self.rooms.items() if service not in later]
        return any(await asyncio.gather(*(self._advance(room) for room in rooms)))

    async def _advance(self, room: Room) -> bool:
        """While one waits for its database, another works; what they state in this round is placed in the next."""
        moved, reader = False, room.spine.reader
        for name, source in reader.sources.items():
            while source.known < self.rooms[name].head or (source.cursor is not None and source.cursor.open_parked):
                if not await reader.advance(name):
                    break
                moved = True
        return moved

    async def _waiting(self) -> list[str]:
        """What is parked, by service and type; only what may still come is worth another round."""
        found = []
        for service, room in self.rooms.items():
            async with room.db.read() as session:
                rows = (await session.execute(_PARKED)).all()
            found += [f"{service}: {row.type} {row.error_class or ''}".strip() for row in rows]
            if any(row.state == "parked" for row in rows):
                msg = f"{service} could not apply {', '.join(sorted({row.type for row in rows}))}: {found[-1]}"
                raise NotCarriedError(msg)
        return found


async def _place(room: Room) -> None:
    """Give the recorded events their positions, as the relay does."""
    placed = BATCH
    while placed == BATCH:
        async with room.db.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                row = (await connection.execute(text(PLACE))).one()
        room.head, placed = row.position, row.n


@contextlib.asynccontextmanager
async def courier(settings: Mapping[str, Settings], now: datetime) -> AsyncIterator[Courier]:
    """The way between the databases of ``settings``, closed at the end of the block.

    Whoever acts on a fact does so at the hour at which it was recorded; only what notify would have forgotten by
    ``now`` it hears as late as that.
    """
    edge = FastAPI()
    transport = httpx.ASGITransport(app=edge)
    rooms: dict[str, Room] = {}
    urls = {service: f"{_HOST}/{service}" for service in settings}
    async with contextlib.AsyncExitStack() as undo:
        for service, own in settings.items():
            quiet = own.model_copy(update={"redis_url": None, "urls": urls})
            db = Database(own.database_url, pool_size=4)
            event.listen(db.engine.sync_engine, "connect", _hurry)
            undo.push_async_callback(db.close)
            subscriptions = importlib.import_module(f"services.{service}.handlers").subscriptions
            since = now - FORGOTTEN_AFTER if service == "notify" else None
            spine = Spine(quiet, service, db, _in_time(subscriptions, since), feed_transport=transport)
            undo.push_async_callback(spine.stop)
            async with db.read() as session:
                rooms[service] = Room(db, spine, await Codes.load(session))
            feed = FastAPI()
            feed.state.service = SimpleNamespace(spine=spine)
            feed.include_router(feed_router())
            edge.mount(f"/{service}", feed)
        yield Courier(rooms)


def _in_time(subscriptions: Subscriptions, since: datetime | None) -> Subscriptions:
    """The same handlers; those that act do so at the hour at which a fact was recorded (if it was after ``since``)."""
    timed = copy.copy(subscriptions)
    timed.handlers = {
        type_: [replace(one, call=_at_its_hour(one, since)) if one.acts else one for one in handlers]
        for type_, handlers in subscriptions.handlers.items()
    }
    return timed


def _at_its_hour(handler: Handler, since: datetime | None) -> Callable[[AsyncSession, Any], Awaitable[None]]:
    async def call(session: AsyncSession, heard: Any) -> None:
        recorded_at = (heard[-1] if handler.batch else heard).envelope.recorded_at
        with clock.at(recorded_at) if since is None or recorded_at > since else contextlib.nullcontext():
            await handler.call(session, heard)

    return call


def _hurry(connection: Any, _record: object) -> None:
    """Do not wait for the disk at each commit: a filling that is broken off is started over."""
    connection.cursor().execute("SET synchronous_commit = off")


_PARKED = text("SELECT type, state, error_class FROM parked WHERE state IN ('waiting', 'parked', 'behind')")
