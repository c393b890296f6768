"""Appending the log to its stream in Redis: compare and append, so a stream has neither holes nor doubles.

One script appends a batch only if the stream's last entry is the event before it. Whatever Redis lost is appended
again from the log; whatever in the stream is not this log's is either set aside (foreign, unreadable, of an earlier
epoch) or means that the log has gone back (``diverged``): then nothing more is said until the operator has looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from redis.exceptions import ResponseError
from sqlalchemy import text

from shared.spine import wire
from shared.spine.positions import BATCH, read_written, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.db import Database
    from shared.events import Envelope
    from shared.spine.positions import Line
    from shared.spine.wire import Names

KEEP_ASIDE_SECONDS = 90 * 86400
_MOST_HANDED = 4 * BATCH

_LAST = """
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local last, event = '', ''
if tail[1] then
  last = tail[1][1]
  local fields = tail[1][2]
  for i = 1, #fields, 2 do if fields[i] == 'id' then event = fields[i + 1] end end
end
"""
_APPEND = (
    _LAST
    + """
if last ~= ARGV[1] or event ~= ARGV[2] then return 0 end
for i = 4, #ARGV, 3 do redis.call('XADD', KEYS[1], ARGV[i], 'id', ARGV[i + 1], 'e', ARGV[i + 2]) end
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[3])
return 1
"""
)
"""ARGV: the last entry's id and its event's ('' and '' for no stream), how many to keep, then id, event, body each."""

_SET_ASIDE = """
local now = ''
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('TYPE', KEYS[1])['ok'] == 'stream' then
  local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  if tail[1] then now = tail[1][1] end
end
if now ~= ARGV[1] then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tail:
    """The last entry of a stream, which is the log's event at that position; ``event_id`` is '' for no stream."""

    position: int
    event_id: str

    @property
    def expected(self) -> tuple[str, str]:
        """What the script must find."""
        return (wire.entry_id(self.position), self.event_id) if self.event_id else ("", "")


class DivergedError(Exception):
    """The stream holds events that the log does not have: the log has gone back. The text has no personal data.

    ``epoch`` is the log's when that was seen.
    """

    def __init__(self, reason: str, epoch: str) -> None:
        super().__init__(reason)
        self.epoch = epoch


class Stream:
    """One service's own stream, as its relay sees it."""

    def __init__(self, redis: Redis, db: Database, names: Names, service: str) -> None:
        self._redis = redis
        self._db = db
        self._names = names
        self._service = service
        self._key = names.stream(service)
        self._source = names.source(service)
        self._append_script = redis.register_script(_APPEND)
        self._set_aside_script = redis.register_script(_SET_ASIDE)
        self.tail: Tail | None = None
        """None: not known, look first."""
        self._stated: dict[UUID, Line] = {}
        """Committed in this process, without a position yet."""
        self._handed: dict[int, tuple[Envelope, str]] = {}
        """With one; need not be the next."""

    def take(self, stated: Iterable[Line]) -> None:
        """Take what was just committed, so that it need not be read again. Nothing of it has to be the next."""
        if len(self._stated) + len(self._handed) >= _MOST_HANDED:
            self._stated.clear()  # the log still has them
            self._handed.clear()
        for line in stated:
            if line["position"] is None:
                self._stated[line["id"]] = line
            else:
                self._handed[line["position"]] = written(line, self._source)

    def place(self, ids: Sequence[UUID], last: int, previous: UUID | None, epoch: str) -> None:
        """These have got their positions, up to ``last``; those that were stated elsewhere are read from the log."""
        for position, id_ in enumerate(ids, last - len(ids) + 1):
            if line := self._stated.pop(id_, None):
                whole = {**line, "position": position, "previous": previous, "epoch": epoch}
                self._handed[position] = written(whole, self._source)
            previous = id_

    async def publish(self, head: int) -> int:
        """Append at most one batch of what is positioned up to ``head``; how many entries it was.

        Raises redis and database errors (the tail is then looked at again) and DivergedError.
        """
        if self.tail is None:
            self._stated.clear()  # it may have been erased since
            self._handed.clear()
            self.tail = await self.inspect()
        if self.tail.position >= head:
            return 0
        tail, self.tail = self.tail, None
        batch = self._at_hand(tail, head) or await read_written(self._db, self._source, tail.position, head)
        if not batch:
            return 0
        if await self._append(tail, batch):
            last, _ = batch[-1]
            self.tail = Tail(last.position, str(last.id))
        return len(batch)

    def _at_hand(self, tail: Tail, head: int) -> list[tuple[Envelope, str]]:
        """The unbroken run after ``tail`` that was handed in; what the stream has already is dropped."""
        for position in [position for position in self._handed if position <= tail.position]:
            del self._handed[position]
        batch: list[tuple[Envelope, str]] = []
        previous = tail.event_id
        for position in range(tail.position + 1, min(tail.position + BATCH, head) + 1):
            line = self._handed.get(position)
            if line is None or str(line[0].previous or "") != previous:
                break
            batch.append(line)
            previous = str(line[0].id)
        return batch

    async def check(self) -> None:
        """See whether the stream still ends where we left it; if not, the next :meth:`publish` looks closely.

        After an erasure the stream is dropped, to be made again from the log.
        """
        async with self._db.read() as session:
            refill = await session.scalar(text("SELECT refill FROM log_head"))
        if refill:
            await self._redis.expire(self._key, -1)  # which deletes it, without the right to delete anything
            async with self._db.transaction() as session:
                await session.execute(text("UPDATE log_head SET refill = false"))
            self.tail = None
        if self.tail is None or not self.tail.event_id:
            return
        entries: Any = await self._redis.xrevrange(self._key, count=1)
        last, event = self.tail.expected
        if not entries or entries[0][0] != last.encode() or entries[0][1].get(b"id") != event.encode():
            self.tail = None

    async def _append(self, tail: Tail, batch: Iterable[tuple[Envelope, str]]) -> bool:
        args: list[Any] = [*tail.expected, wire.MOST_KEPT]
        for envelope, data in batch:
            args += [wire.entry_id(envelope.position), str(envelope.id), wire.encode(envelope, data)]
        return bool(await self._append_script(keys=[self._key], args=args))

    async def inspect(self) -> Tail:
        """Where to go on: the stream's tail if it is the log's, else the start of a refill."""
        head, epochs = await self._log()
        try:
            entries: Any = await self._redis.xrevrange(self._key, count=1)
            about: Any = await self._redis.xinfo_stream(self._key) if entries else {}
            empty_but_used = not entries and await self._redis.exists(self._key)
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
            return await self._set_aside(b"", "the key holds no stream", head)
        if empty_but_used:
            return await self._set_aside(b"", "an emptied stream takes no lower id", head)
        if not entries:
            return self._start(head)
        raw_id, fields = entries[0]
        envelope = wire.decode(raw_id, fields, self._source)
        if envelope is None or about.get("last-generated-id") != raw_id:
            return await self._set_aside(raw_id, "its last entry is not of this log", head)
        if envelope.position <= head and await self._id_at(envelope.position) == str(envelope.id):
            return Tail(envelope.position, str(envelope.id))
        if envelope.epoch in epochs[:-1]:
            return await self._set_aside(raw_id, "its last entry is of an earlier epoch", head)
        ahead = envelope.position > head
        said = f"the stream is at {envelope.position}, the log at {head}" if ahead else "the stream has other events"
        raise DivergedError(f"{said} (stream's epoch {envelope.epoch}, log's {epochs[-1]})", epochs[-1])

    async def _set_aside(self, raw_id: bytes, why: str, head: int) -> Tail:
        aside = self._names.set_aside(self._service, f"aside-{uuid4().hex[:12]}")
        if await self._set_aside_script(keys=[self._key, aside], args=[raw_id, KEEP_ASIDE_SECONDS]):
            log.error("stream set aside", service=self._service, why=why, moved_to=aside)
            async with self._db.transaction() as session:
                await session.execute(_INCIDENT, {"detail": f"{aside}: {why}"})
        return self._start(head)

    @staticmethod
    def _start(head: int) -> Tail:
        return Tail(max(0, head - wire.MOST_KEPT), "")

    async def _log(self) -> tuple[int, list[str]]:
        async with self._db.read() as session:
            head = await session.scalar(text("SELECT position FROM log_head"))
            epochs = await session.scalars(text("SELECT epoch FROM epoch ORDER BY number"))
            return int(head or 0), list(epochs)

    async def _id_at(self, position: int) -> str | None:
        async with self._db.read() as session:
            found = await session.scalar(text("SELECT id::text FROM event_log WHERE position = :p"), {"p": position})
            return str(found) if found else None


_INCIDENT = text("INSERT INTO incident (kind, detail) VALUES ('stream_set_aside', :detail)")
