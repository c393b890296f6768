"""FastStream as the quick way from the streams to the reader: it hands entries in and wakes, nothing more.

One batch subscriber a source, without a consumer group, of raw bytes, and never raising: FastStream drops the whole
batch when something in it does. Everything works without it, by the reader's own timer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import structlog
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import FAKE_CONSUMER, RedisStreamMessage

from shared.spine import wire
from shared.spine.positions import BATCH

if TYPE_CHECKING:
    from shared.spine.reader import Reader

_LONGEST_PAUSE = 5.0
_POLL_MS = 1000
_WATCH_SECONDS = 3.0

log = structlog.get_logger()


class Transport:
    """The subscribers of one replica; ``run`` until cancelled."""

    def __init__(self, url: str, reader: Reader) -> None:
        self._url = url
        self._reader = reader

    async def run(self) -> None:
        """Start the broker when Redis is there, however long that takes, and stop it at the end."""
        pause = 0.2
        while True:
            broker = RedisBroker(
                self._url,
                logger=None,  # type: ignore[arg-type] # None is how FastStream is told to be silent
                apply_types=False,
                graceful_timeout=1.0,
                socket_connect_timeout=2.0,
                socket_timeout=10.0,
            )
            subscribers = {name: self._subscribe(broker, name) for name in self._reader.sources}
            try:
                await broker.start()
                await self._watch(subscribers)
            except Exception as error:  # noqa: BLE001 - without Redis the reader goes on by itself
                log.warning("no transport", error=type(error).__name__)
            finally:
                with contextlib.suppress(Exception):
                    await broker.stop()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _subscribe(self, broker: RedisBroker, name: str) -> Any:
        source = self._reader.sources[name]
        stream = StreamSub(
            source.stream,
            last_id=wire.entry_id(source.known),
            batch=True,
            max_records=BATCH,
            polling_interval=_POLL_MS,
        )
        subscriber: Any = broker.subscriber(stream=stream, parser=_parse, decoder=_decode, no_reply=True)

        async def take(batch: tuple[list[bytes], list[dict[bytes, bytes]]]) -> None:
            self._reader.hand_in(name, zip(*batch, strict=True))
            await asyncio.sleep(0)  # whoever waits for it goes first; what FastStream has left to do can wait
            await self._reader.has_room(name)

        subscriber(take)
        return subscriber

    async def _watch(self, subscribers: dict[str, Any]) -> None:
        """Lead a subscription back that is ahead of its cursor and stays so.

        It has read an id from the future, or from an epoch that is no more, and would never hear anything again.
        """
        seen: dict[str, int] = {}
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            for name, subscriber in subscribers.items():
                source = self._reader.sources[name]
                here = source.known
                if here + 1 in source.handed:
                    continue  # a batch takes its time
                there = wire.position_of(str(subscriber.last_id).encode())
                if (there is None or there > here) and seen.get(name) == here:
                    subscriber.last_id = wire.entry_id(here)
                seen[name] = here


async def _parse(message: Any) -> RedisStreamMessage:
    """A FastStream message around the raw entries; nothing in them is looked at."""
    return RedisStreamMessage(raw_message=message, body=b"", consumer=FAKE_CONSUMER, group=None)


async def _decode(message: Any) -> tuple[list[bytes], list[dict[bytes, bytes]]]:
    raw = message.raw_message
    return raw["message_ids"], raw["data"]
