"""The hand-written limit: asyncpg and redis-py, one statement a transaction, batches between, no framework.

It keeps what "durable" means here: the event commits with the visit, is marked once it is in the stream (what is not
marked would be sent again at the next start), and the consumer's place moves in the transaction of its effects.
``limit`` commits every event by itself, ``limit_bulk`` five hundred at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from redis.asyncio import Redis

from tests.bench.spine.driving import Producer
from tests.bench.spine.workload import Order, event, visit

_BATCH = 500

_STATE = """
    WITH visits AS (
        INSERT INTO visit (n, household, kind, state, planned_at) VALUES ($1, $2, $3, $4, $5)
    )
    INSERT INTO stated (id, type, recorded_at, data) VALUES ($6, 'visit_asked', now(), $7) RETURNING log_id
"""
_STATE_MANY = """
    WITH line AS MATERIALIZED (
        SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[],
                             $7::jsonb[]) AS line (n, household, kind, state, planned_at, id, data)
    ), visits AS (
        INSERT INTO visit (n, household, kind, state, planned_at)
        SELECT n, household, kind, state, planned_at FROM line
    )
    INSERT INTO stated (id, type, recorded_at, data) SELECT id, 'visit_asked', now(), data FROM line ORDER BY n
    RETURNING log_id
"""
_UNSENT = "SELECT log_id, id, data FROM stated WHERE NOT sent ORDER BY log_id LIMIT 500"
_SENT = "UPDATE stated SET sent = true WHERE log_id = ANY($1)"
_APPLY = """
    WITH effects AS (
        INSERT INTO effect (n, household, kind, planned_at)
        SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::timestamptz[])
        ON CONFLICT (n) DO UPDATE SET kind = excluded.kind, planned_at = excluded.planned_at, times = effect.times + 1
    )
    UPDATE place SET last = $5
"""
_APPEND = "for i = 1, #ARGV, 2 do redis.call('XADD', KEYS[1], '*', 'id', ARGV[i], 'e', ARGV[i + 1]) end"


class Limit(Producer):
    """Writers commit; one task sends what they have committed, in batches."""

    def __init__(self, order: Order, *, bulk: bool) -> None:
        self._order = order
        self.writers, self.portion = (2, _BATCH) if bulk else (8, 1)
        self._committed: list[tuple[int, UUID, str]] = []
        self._bell = asyncio.Event()

    async def start(self) -> None:
        """Connect, and send what a former process had not sent."""
        url = self._order.producer_url
        self._pool = await asyncpg.create_pool(url, min_size=self.writers + 1, max_size=self.writers + 1)
        self._redis: Redis = Redis.from_url(self._order.redis_url)
        self._append = self._redis.register_script(_APPEND)
        while rows := await self._pool.fetch(_UNSENT):
            await self._send([(row["log_id"], row["id"], row["data"]) for row in rows])
        self._sender = asyncio.create_task(self._follow())

    async def produce(self, numbers: Sequence[int]) -> None:
        """One statement, which is its own transaction."""
        bodies = [(uuid4(), json.dumps(event(n), separators=(",", ":"))) for n in numbers]
        lines = [(*visit(n).values(), *body) for n, body in zip(numbers, bodies, strict=True)]
        if len(lines) == 1:
            rows = await self._pool.fetch(_STATE, *lines[0])
        else:
            rows = await self._pool.fetch(_STATE_MANY, *zip(*lines, strict=True))
        self._committed += [(row["log_id"], *body) for row, body in zip(rows, bodies, strict=True)]
        self._bell.set()

    async def _follow(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._committed:
                batch, self._committed = self._committed[:_BATCH], self._committed[_BATCH:]
                await self._send(batch)

    async def _send(self, batch: Sequence[tuple[int, UUID, str]]) -> None:
        words = [word for _, id_, body in batch for word in (str(id_), body)]
        await self._append(keys=[self._order.name], args=words)
        await self._pool.execute(_SENT, [line[0] for line in batch])

    async def stop(self) -> None:
        """Let go."""
        self._sender.cancel()
        await self._pool.close()
        await self._redis.aclose()


def producer(order: Order) -> Producer:
    """The producing side."""
    return Limit(order, bulk=order.system == "limit_bulk")


async def consume(order: Order) -> None:
    """Read the stream from the place that is kept; one statement applies a batch and moves the place."""
    connection = await asyncpg.connect(order.consumer_url)
    redis: Redis = Redis.from_url(order.redis_url)
    last: Any = await connection.fetchval("SELECT last FROM place")
    while True:
        answer: Any = await redis.xread({order.name: last}, count=_BATCH, block=1000)
        if not answer:
            continue
        ((_, entries),) = answer.items() if isinstance(answer, dict) else answer
        if isinstance(entries[0], list) and entries and isinstance(entries[0][0], (list, tuple)):
            (entries,) = entries  # the shape of RESP3
        facts = [json.loads(fields[b"e"]) for _, fields in entries]
        last = entries[-1][0].decode()
        await connection.execute(
            _APPLY,
            [fact["n"] for fact in facts],
            [UUID(fact["household"]) for fact in facts],
            [fact["kind"] for fact in facts],
            [datetime.fromisoformat(fact["planned_at"]) for fact in facts],
            last,
        )
