"""What the asynchronous peers have in common: the producer's transaction before the message, and the effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from tests.bench.spine.driving import Producer
from tests.bench.spine.transaction import rows_of
from tests.bench.spine.workload import UPSERT

Send = Callable[[dict[str, Any]], Awaitable[Any]]

UPSERT_ONE = text(UPSERT.format(values=":n, :household, :kind, :planned_at"))


def sessions(url: str) -> async_sessionmaker[AsyncSession]:
    """Sessions of a database, by the same driver as Kasane's."""
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1), pool_size=10, max_overflow=10
    )
    return async_sessionmaker(engine, expire_on_commit=False)


def effect(fact: Mapping[str, Any]) -> dict[str, Any]:
    """The effect of an event that came as JSON."""
    return {
        "n": fact["n"],
        "household": UUID(fact["household"]),
        "kind": fact["kind"],
        "planned_at": datetime.fromisoformat(fact["planned_at"]),
    }


class CommitThenSend(Producer):
    """The transaction with the visit and its event, and then the message: what is lost between is lost."""

    def __init__(self, url: str, send: Send) -> None:
        self._sessions, self._send = sessions(url), send

    async def produce(self, numbers: Sequence[int]) -> None:
        """One transaction, one message."""
        for n in numbers:
            one, stated = rows_of(n)
            async with self._sessions.begin() as session:
                session.add_all((one, stated))
            await self._send(stated.data)
