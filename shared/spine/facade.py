"""One service's spine: its relay, its reader, its feed's client, and what they say about themselves."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import clock
from shared.spine import log as event_log
from shared.spine.feed import end_long_polls_on_sigterm
from shared.spine.follow import FeedClient
from shared.spine.heartbeat import send_probe
from shared.spine.reader import Reader
from shared.spine.relay import LEADER_LOCK, Relay
from shared.spine.transport import Transport
from shared.spine.wire import Names

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from datetime import datetime

    import httpx
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.settings import Settings
    from shared.spine.log import Recorded
    from shared.spine.subscriptions import Subscriptions

_STOP_SECONDS = 1.5
_PROBE_LOOKS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source is followed. ``lag_seconds``: how old the event at the cursor is, for a source we lag behind."""

    source: str
    position: int
    head: int | None
    lag_events: int
    lag_seconds: float
    state: str
    reason: str | None
    waiting: int
    parked: int
    behind: int
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """One service's spine at one moment, seen from one replica; no personal data."""

    service: str
    epoch: str
    head: int
    log_state: str
    log_reason: str | None
    unplaced: int
    stream_tail: str | None
    stream_length: int | None
    leader: str | None
    """Address and process of the replica that leads, as PostgreSQL sees it."""
    leading: bool
    sources: list[SourceStatus]
    beats: list[dict[str, Any]]
    incidents: int
    lost_facts: int


class Spine:
    """Everything a service needs of the spine. ``start`` never waits for Redis or other services."""

    def __init__(
        self,
        settings: Settings,
        service: str,
        db: Database,
        subscriptions: Subscriptions,
        *,
        feed_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self.service = service
        self.db = db
        self.names = Names(settings.municipality)
        self.redis = connect_redis(settings.redis_url) if settings.redis_url else None
        self.feed = FeedClient(settings.urls, settings.feed_token, feed_transport)
        self.relay = Relay(db, self.redis, self.names, service)
        self.reader = Reader(db, subscriptions, self.names, self.redis, self.feed)
        self.stopping = False
        self._transport = Transport(settings.redis_url, self.reader) if settings.redis_url else None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start relay, reader and transport in the background."""
        end_long_polls_on_sigterm()
        self._spawn("relay", self.relay.run())
        self._spawn("reader", self.reader.run())
        if self._transport is not None and self.reader.sources:
            self._spawn("transport", self._transport.run())
        if self.service == "intake":
            self._spawn("heartbeat", self._beat())

    async def stop(self) -> None:
        """End everything; what is not finished is rolled back and done by the next one who starts."""
        self.stopping = True
        self.relay.positioned.ring()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)
        self._tasks.clear()
        await self.feed.close()
        if self.redis is not None:
            await self.redis.aclose()

    async def wait_for(self, source: str, position: int, timeout: float = 2.0) -> bool:  # noqa: ASYNC109
        """Read your own write: whether this service has heard a source up to a position, after ``timeout`` at most."""
        if source == self.service:
            return True
        return await self.reader.wait_for(source, position, timeout)

    def recorded_in(self, session: AsyncSession) -> list[Recorded]:
        """What the session's transaction has recorded."""
        return event_log.recorded_in(session)

    async def position_after(self, recorded: Sequence[Recorded], timeout: float = 2.0) -> str | None:  # noqa: ASYNC109
        """``<service>:<position>`` of the last of ``recorded``, once the relay has placed them; None when none is."""
        return await event_log.positions_of(self.db, self.service, recorded, timeout)

    async def status(self) -> Status:
        """For ``./kasane status`` and the operator's page. Raises database errors; Redis may be away."""
        tail, length = await self._stream()
        async with self.db.read() as session:
            head = (await session.execute(_HEAD, {"lock": LEADER_LOCK & 0xFFFFFFFF})).one()
            sources = (await session.execute(_SOURCES)).all()
            beats = (await session.execute(_BEATS)).mappings().all()
        now = clock.now()
        return Status(
            service=self.service,
            epoch=head.epoch,
            head=head.position,
            log_state=head.state,
            log_reason=head.reason,
            unplaced=head.unplaced,
            stream_tail=tail,
            stream_length=length,
            leader=head.leader,
            leading=self.relay.leading,
            sources=[self._source(row, now) for row in sources],
            beats=[dict(row) for row in beats],
            incidents=head.incidents,
            lost_facts=head.lost,
        )

    async def health(self) -> dict[str, Any]:
        """A small answer for ``/health``: ``ok`` is whether the database answers; the rest is for people."""
        try:
            status = await self.status()
        except (SQLAlchemyError, asyncpg.PostgresError, OSError, TimeoutError) as error:
            return {"ok": False, "service": self.service, "database": type(error).__name__}
        diverged = [source.source for source in status.sources if source.state == "diverged"]
        return {
            "ok": True,
            "service": self.service,
            "head": status.head,
            "log": status.log_state,
            "redis": None if self.redis is None else status.stream_length is not None,
            "leading": status.leading,
            "sources": {
                source.source: {"position": source.position, "lag": source.lag_events, "state": source.state}
                for source in status.sources
            },
            "parked": sum(source.parked + source.waiting + source.behind for source in status.sources),
            "diverged": diverged,
        }

    def _source(self, row: Any, now: datetime) -> SourceStatus:
        here = self.reader.sources.get(row.source)
        head = max(here.head, row.position) if here is not None and here.head else None
        lag = head - row.position if head is not None else 0
        seconds = (now - row.event_at).total_seconds() if lag and row.event_at else 0.0
        state, reason = row.state, row.reason
        if here is not None and here.stands_by:
            state, reason = "standby", here.stands_by
        return SourceStatus(
            row.source, row.position, head, lag, max(seconds, 0.0), state, reason, row.waiting, row.parked, row.behind,
            row.event_at,
        )  # fmt: skip

    async def _stream(self) -> tuple[str | None, int | None]:
        if self.redis is None:
            return None, None
        try:
            key = self.names.stream(self.service)
            entries: Any = await self.redis.xrevrange(key, count=1)
            return (entries[0][0].decode() if entries else None), int(await self.redis.xlen(key))
        except (RedisError, OSError, TimeoutError):
            return None, None

    async def _beat(self) -> None:
        while True:
            try:
                async with self.db.transaction() as session:
                    await send_probe(session)
            except Exception as error:  # noqa: BLE001 - the next one is tried whatever happened to this
                log.warning("no heart-beat", service=self.service, error=type(error).__name__)
            await asyncio.sleep(_PROBE_LOOKS)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"{self.service}:{name}")
        task.add_done_callback(_tell_of_death)
        self._tasks.append(task)


def connect_redis(url: str) -> Redis:
    """A client that fails soon and leaves trying again to us."""
    client: Redis = Redis.from_url(
        url, socket_timeout=5.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0), health_check_interval=0
    )
    return client


def as_json(status: Status) -> dict[str, Any]:
    """A status as JSON values."""
    return asdict(status)


def _tell_of_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("a part of the spine has died", task=task.get_name(), error=type(task.exception()).__name__)


_HEAD = text("""
    SELECT epoch, position, state, reason,
           (SELECT count(*) FROM event_log AS line WHERE line.position IS NULL) AS unplaced,
           (SELECT count(*) FROM incident) AS incidents,
           (SELECT count(*) FROM lost_fact) AS lost,
           (SELECT coalesce(host(client_addr), 'local') || ' pid ' || pid
            FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND granted AND objid = :lock AND pg_locks.database =
                  (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1) AS leader
    FROM log_head
""")
_SOURCES = text("""
    SELECT source, position, event_at, state, reason,
           (SELECT count(*) FROM parked WHERE parked.source = cursor.source AND parked.state = 'waiting') AS waiting,
           (SELECT count(*) FROM parked WHERE parked.source = cursor.source AND parked.state = 'parked') AS parked,
           (SELECT count(*) FROM parked WHERE parked.source = cursor.source AND parked.state = 'behind') AS behind
    FROM cursor ORDER BY source
""")
_BEATS = text("SELECT service, started_at, seen_at FROM probe ORDER BY service")
