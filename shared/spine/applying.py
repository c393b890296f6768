"""Applying events in order, inside the transaction that moves the cursor.

Quick: all of a batch, handlers that take many get runs of one type, and what they record enters the log at once.
Careful, after something in the quick way failed: a savepoint an event, the culprit is parked and its households'
later events behind it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from shared import clock
from shared.events import Envelope, Event, parse
from shared.spine.failures import Failure, failure_of, passes
from shared.spine.log import PROJECTING, hold, write_recorded
from shared.spine.subscriptions import NotYet, Received
from shared.spine.tables import Parked
from shared.telemetry import continuing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.spine.subscriptions import Handler, Subscriptions


@dataclass(frozen=True, slots=True)
class Park:
    """An event to be parked and why; ``failure`` is None for one that only stands behind another."""

    envelope: Envelope
    failure: Failure | None = None
    waits: bool = False
    taken_early: bool = False

    def row(self, source: str) -> dict[str, Any]:
        """Its line in the table."""
        envelope, failure = self.envelope, self.failure
        return {
            "source": source,
            "epoch": envelope.epoch,
            "position": envelope.position,
            "event_id": envelope.id,
            "type": envelope.type,
            "version": envelope.version,
            "subjects": list(envelope.subjects),
            "envelope": envelope.to_cloudevent(),
            "state": "behind" if failure is None else "waiting" if self.waits else "parked",
            "taken_early": self.taken_early,
            "error_class": failure.error_class if failure else None,
            "sqlstate": failure.sqlstate if failure else None,
            "constraint_name": failure.constraint if failure else None,
            "attempts": 0 if failure is None else 1,
        }


class Runs:
    """Events on their way to the handlers, in runs of one type.

    An event of a type that is taken many at once joins the first run of its type that no later event of its subjects
    has left behind: so every subject's events stay in order, and events of many households make few calls.
    """

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._runs: list[list[Received[Any]]] = []
        self._of_type: dict[str, list[int]] = {}
        self._last_of_subject: dict[str, int] = {}

    def add(self, heard: Received[Any]) -> None:
        """Put an event where it belongs."""
        type_, subjects = heard.envelope.type, heard.envelope.subjects
        runs = self._of_type.setdefault(type_, [])
        first = len(self._runs) - 1  # whose subjects are not named stays where it stands
        if subjects and self._subscriptions.batching(type_):
            first = max(self._last_of_subject.get(subject, 0) for subject in subjects)
        place = bisect_left(runs, first)
        if place < len(runs):
            joins = runs[place]
            self._runs[joins].append(heard)
        else:
            joins = len(self._runs)
            self._runs.append([heard])
            runs.append(joins)
        self._last_of_subject.update(dict.fromkeys(subjects, joins))

    def take(self) -> list[list[Received[Any]]]:
        """All runs in their order; then there are none."""
        runs, self._runs = self._runs, []
        self._of_type.clear()
        self._last_of_subject.clear()
        return runs


class Applier:
    """Calls one service's handlers."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    async def quick(self, session: AsyncSession, batch: Sequence[Envelope], closed: set[str]) -> list[Park]:
        """Apply what no parked event stands before; raises whatever a handler or the reading of an event raises.

        ``closed``: the subjects of parked events of this source; grows as followers are put behind.
        """
        batch = [envelope for envelope in batch if envelope.type in self._subscriptions.handlers]
        await self._hold_acted_on(session, batch)
        parks: list[Park] = []
        runs = Runs(self._subscriptions)
        for envelope in batch:
            if closed.isdisjoint(envelope.subjects):
                runs.add(self._read(envelope))
            else:
                await self._call_all(session, runs)
                parks.append(await self._behind(session, envelope, closed))
        await self._call_all(session, runs)
        return parks

    async def _call_all(self, session: AsyncSession, runs: Runs) -> None:
        for run in runs.take():
            await self._call(session, run)

    async def careful(self, session: AsyncSession, batch: Sequence[Envelope], closed: set[str]) -> list[Park]:
        """Apply one by one, each within a savepoint; what fails is parked. Raises only what passes by itself."""
        batch = [envelope for envelope in batch if envelope.type in self._subscriptions.handlers]
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await self._hold_acted_on(session, batch)
        parks: list[Park] = []
        for envelope in batch:
            if closed.isdisjoint(envelope.subjects):
                failed = await self.try_one(session, envelope)
                if failed is not None:
                    closed.update(envelope.subjects)
                    parks.append(failed)
            else:
                parks.append(await self._behind(session, envelope, closed))
        return parks

    async def try_one(self, session: AsyncSession, envelope: Envelope, *, only_project: bool = False) -> Park | None:
        """Apply one event within a savepoint; how it is to be parked when that fails for its own sake."""
        try:
            heard = self._read(envelope)
            async with session.begin_nested():
                await self._call(session, [heard], only_project=only_project)
                await write_recorded(session)
        except NotYet as wait:
            return Park(envelope, failure_of(wait), waits=True)
        except Exception as error:
            if passes(error) or (isinstance(error, DBAPIError) and error.connection_invalidated):
                raise
            return Park(envelope, failure_of(error))
        return None

    async def _behind(self, session: AsyncSession, envelope: Envelope, closed: set[str]) -> Park:
        """Put an event behind its head; a fact that takes a right away is applied at once all the same."""
        closed.update(envelope.subjects)
        early = False
        if self._subscriptions.contracts[envelope.type].never_waits:
            early = await self.try_one(session, envelope) is None
        return Park(envelope, taken_early=early)

    def _read(self, envelope: Envelope) -> Received[Any]:
        event = parse(envelope)
        if not isinstance(event, Event):  # the contract left the code while its handler stayed
            raise TypeError(envelope.type)
        return Received(event, envelope)

    async def _hold_acted_on(self, session: AsyncSession, batch: Sequence[Envelope]) -> None:
        """Take the locks of all that will be acted on at once and in order: two sources then never cross."""
        subjects: set[str] = set()
        for envelope in batch:
            if self._subscriptions.acting(envelope.type):
                subjects.update(envelope.subjects)
        await hold(session, *subjects)

    async def _call(self, session: AsyncSession, run: Sequence[Received[Any]], *, only_project: bool = False) -> None:
        if not run:
            return
        handlers = self._subscriptions.handlers[run[0].envelope.type]
        if only_project:
            handlers = [handler for handler in handlers if not handler.acts]
        if any(handler.batch for handler in handlers):
            for handler in handlers:
                await _call_one(session, handler, run)
        else:
            for heard in run:
                for handler in handlers:
                    await _call_one(session, handler, (heard,))


async def _call_one(session: AsyncSession, handler: Handler, run: Sequence[Received[Any]]) -> None:
    session.info[PROJECTING] = not handler.acts
    try:
        if handler.batch:
            await handler.call(session, list(run))
        else:
            for heard in run:
                with continuing(heard.envelope.traceparent):
                    await handler.call(session, heard)
    finally:
        session.info.pop(PROJECTING, None)


async def park(session: AsyncSession, source: str, parks: Iterable[Park]) -> None:
    """Write parked events down."""
    now = clock.now()
    rows = [entry.row(source) | {"parked_at": now, "next_try_at": now if entry.waits else None} for entry in parks]
    if rows:
        await session.execute(insert(Parked), rows)
