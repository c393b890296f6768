"""Faults of Redis: away, killed, frozen, emptied, put back, trimmed, full, and full of what is not ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import psutil
from redis.exceptions import RedisError, ResponseError

from services.faults.trial import Trial

_FAR: Final = 10**15


async def stopped(trial: Trial) -> None:
    """Shut down for a while, then started."""
    await trial.work()
    await asyncio.to_thread(trial.town.redis_server.stop)
    await trial.work(2.0, 4.0)
    await asyncio.to_thread(trial.town.redis_server.start)


async def restarted(trial: Trial) -> None:
    """Shut down and started at once, two times."""
    for _ in range(2):
        await trial.work()
        await asyncio.to_thread(trial.town.redis_server.stop)
        await asyncio.to_thread(trial.town.redis_server.start)


async def killed(trial: Trial) -> None:
    """Killed in the middle of its work, two times."""
    for _ in range(2):
        await trial.work()
        await asyncio.to_thread(trial.town.redis_server.kill)
        await trial.work(0.0, 1.0)
        await asyncio.to_thread(trial.town.redis_server.start)


async def frozen(trial: Trial) -> None:
    """Stopped with SIGSTOP: it takes connections and says nothing."""
    await trial.work()
    server = psutil.Process(trial.town.redis_server.pid)
    server.suspend()
    await trial.work(4.0, 6.0)
    server.resume()


async def emptied(trial: Trial) -> None:
    """FLUSHALL, two times."""
    for _ in range(2):
        await trial.work()
        await trial.town.redis.flushall()
    await trial.work()


async def stale(trial: Trial) -> None:
    """Replaced by a copy of what it was some time ago."""
    server = trial.town.redis_server
    data, copy = server.folder / "redis", server.folder / "redis.stale"
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(shutil.copytree, data, copy)
    await asyncio.to_thread(server.start)
    await trial.work(2.0, 3.0)
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(shutil.rmtree, data)
    copy.rename(data)
    await asyncio.to_thread(server.start)
    await trial.work()


async def trimmed(trial: Trial) -> None:
    """A stream loses what a frozen reader has not read yet."""
    source, reader = trial.dice.choice((("intake", "casework"), ("casework", "outreach"), ("outreach", "notify")))
    await trial.work()
    replica = trial.town.main(reader)
    replica.freeze()
    await trial.work(2.0, 3.0)
    await trial.town.redis.xtrim(trial.town.names.stream(source), maxlen=1, approximate=False)
    replica.wake()
    await trial.work()


async def full(trial: Trial) -> None:
    """No memory left (``maxmemory``, ``noeviction``), then room again."""
    redis = trial.town.redis
    used = (await redis.info("memory"))["used_memory"]
    await redis.config_set("maxmemory", used + 20_000)
    await trial.work(3.0, 4.0)
    await redis.config_set("maxmemory", 0)


def given(entries: str) -> Callable[[Trial], Awaitable[None]]:
    """Entries that are not the relay's are added to each stream while it writes: ``entries`` says of which kind."""

    async def do(trial: Trial) -> None:
        for service in trial.dice.sample(("intake", "casework", "outreach"), 3):
            key = trial.town.names.stream(service)
            await trial.work(0.3, 0.8)
            with contextlib.suppress(RedisError):  # the relay may be quicker with the same id
                await _SPOIL[entries](trial, key)
            await trial.work(0.3, 0.8)

    return do


async def _double(trial: Trial, key: str) -> None:
    """The last three entries once more, under the ids that come next."""
    entries: Any = await trial.town.redis.xrevrange(key, count=3)
    last = int(entries[0][0].split(b"-")[0])
    for place, (_, fields) in enumerate(reversed(entries), 1):
        await trial.town.redis.xadd(key, fields, id=f"{last + place}-0")


async def _shuffle(trial: Trial, key: str) -> None:
    """The last entries change places: each id carries another one's event.

    Also the very last, by which the relay tells that it must look closely; further back only readers meet them, who
    see for themselves that an entry does not name the one before it.
    """
    entries: Any = await trial.town.redis.xrevrange(key, count=8)
    ids = sorted((int(raw.split(b"-")[0]) for raw, _ in entries))
    fields = [one for _, one in entries]
    newest = fields[0]
    while len(fields) > 1 and fields[-1] is newest:
        trial.dice.shuffle(fields)
    async with trial.town.redis.pipeline(transaction=True) as pipe:
        pipe.delete(key)
        for number, one in zip(ids, fields, strict=True):
            pipe.xadd(key, one, id=f"{number}-0")
        await pipe.execute()


async def _unknown(trial: Trial, key: str) -> None:
    """Facts of a type that nobody knows, and of a source that is none, well written, at the next places."""
    entries: Any = await trial.town.redis.xrevrange(key, count=1)
    raw, fields = entries[0]
    last, body = int(raw.split(b"-")[0]), json.loads(fields[b"e"])
    for place, change in enumerate(({"type": "intake.never_heard_of"}, {"source": "/000000/elsewhere"}), 1):
        forged = body | {"id": str(uuid4()), "previous": str(uuid4()), "position": last + place} | change
        await trial.town.redis.xadd(key, {"id": forged["id"], "e": json.dumps(forged)}, id=f"{last + place}-0")


async def _malform(trial: Trial, key: str) -> None:
    """No JSON, no fields of ours, bytes that are no text; then an id from the far future; then no stream at all."""
    redis = trial.town.redis
    entries: Any = await redis.xrevrange(key, count=1)
    last = int(entries[0][0].split(b"-")[0])
    nonsense: list[dict[Any, Any]] = [{b"id": b"x", b"e": b'{"specversion": '}, {b"nonsense": b"\xff\xfe\x00"}]
    for place, fields in enumerate(nonsense, 1):
        await redis.xadd(key, fields, id=f"{last}-{place}")
    await redis.xadd(key, nonsense[0], id=f"{_FAR}-1")
    await trial.work(0.5, 1.0)
    with contextlib.suppress(ResponseError):
        await redis.set(key, "no stream")


_SPOIL: Final = {"doubled": _double, "reordered": _shuffle, "unknown": _unknown, "malformed": _malform}
