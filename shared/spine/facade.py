"""One service's spine: its relay, its reader, its feed's client, and what they say about themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy.exc import SQLAlchemyError

from shared.credentials import Credentials
from shared.spine import log as event_log
from shared.spine.askers import Askers
from shared.spine.feed import end_long_polls_on_sigterm
from shared.spine.follow import FeedClient
from shared.spine.heartbeat import send_probe
from shared.spine.reader import Reader
from shared.spine.relay import Relay
from shared.spine.state import Seen, read_status
from shared.spine.transport import Transport
from shared.spine.wire import Names

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    import httpx
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.settings import Settings
    from shared.spine.log import Recorded
    from shared.spine.state import Status
    from shared.spine.subscriptions import Subscriptions

_STOP_SECONDS = 1.5
_PROBE_LOOKS = 5.0

log = structlog.get_logger()


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
        self.credentials = Credentials(settings, service)
        self.feed = FeedClient(settings.urls, self.credentials.for_feed, feed_transport)
        self.relay = Relay(db, self.redis, self.names, service)
        self.reader = Reader(db, subscriptions, self.names, self.redis, self.feed)
        self.askers = Askers(db, service)
        self.stopping = False
        self._transport = Transport(settings.redis_url, self.reader) if settings.redis_url else None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start relay, reader and transport in the background."""
        end_long_polls_on_sigterm()
        self._spawn("relay", self.relay.run())
        self._spawn("reader", self.reader.run())
        self._spawn("askers", self.askers.run())
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
        return await event_log.positions_of(self.db, self.service, recorded, timeout, placed=self.relay.positioned)

    async def status(self) -> Status:
        """For ``./kasane status`` and the operator's page. Raises database errors; Redis may be away."""
        seen = {name: Seen(source.head, source.stands_by) for name, source in self.reader.sources.items()}
        return await read_status(self.db, self.redis, self.names, self.service, leading=self.relay.leading, seen=seen)

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


def _tell_of_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("a part of the spine has died", task=task.get_name(), error=type(task.exception()).__name__)
