"""Who asks the feed: noted in memory at each question, written down now and then, so that an operator can see it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import clock

if TYPE_CHECKING:
    from datetime import datetime

    from shared.db import Database

EVERY = 5.0
"""Seconds between two writings; a question itself writes nothing."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Question:
    """One reader's last question, and up to where it had the log then."""

    asked_at: datetime
    position: int


class Askers:
    """One replica's memory of who asked its feed."""

    def __init__(self, db: Database, service: str) -> None:
        self._db = db
        self._service = service
        self._new: dict[str, Question] = {}

    def note(self, reader: str, position: int) -> None:
        """``reader`` (a name of ``shared.events.readers``, so there are only a few) has the log up to ``position``."""
        self._new[reader] = Question(clock.now(), position)

    async def run(self) -> None:
        """Write down what is new until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """Write down who has asked since the last time; what can't be written now is tried with the next."""
        if not self._new:
            return
        new, self._new = self._new, {}
        rows = [
            {"reader": reader, "asked_at": question.asked_at, "position": question.position}
            for reader, question in sorted(new.items())
        ]
        try:
            async with self._db.transaction() as session:
                await session.execute(_NOTE, rows)
        except (SQLAlchemyError, asyncpg.PostgresError, OSError, TimeoutError) as error:
            self._new = new | self._new
            log.warning("feed readers not noted", service=self._service, error=type(error).__name__)


_NOTE = text("""
    INSERT INTO feed_reader (reader, asked_at, position) VALUES (:reader, :asked_at, :position)
    ON CONFLICT (reader) DO UPDATE SET asked_at = excluded.asked_at, position = excluded.position
    WHERE feed_reader.asked_at <= excluded.asked_at
""")
