"""One service's database: sessions, the bases its tables stand on, and migrations."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from sqlalchemy import Date, DateTime, MetaData, Text, Uuid
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.util import greenlet_spawn

from shared import clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Engine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

PYTHON_TO_SQL: dict[Any, Any] = {
    str: Text(),
    UUID: Uuid(),
    date: Date(),
    datetime: DateTime(timezone=True),
    dict[str, Any]: JSONB(),
    list[dict[str, Any]]: JSONB(),
    list[str]: ARRAY(Text()),
    list[UUID]: ARRAY(Uuid()),
}
"""How ``Mapped[...]`` annotations become columns; a service's own ``Base`` takes it as ``type_annotation_map``."""


class SharedBase(DeclarativeBase):
    """Tables that every service has: codes, drafts, idempotency keys, known posts, ended access, views."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = PYTHON_TO_SQL


class Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """A connection that can send something along with the next ``BEGIN``, so that it costs no round trip."""

    with_begin: str = ""
    """Statements without parameters, each with its semicolon; what they answer is dropped."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's
        """As asyncpg's own; SQLAlchemy begins its transactions by this."""
        if not self.with_begin or not query.startswith("BEGIN"):
            return str(await super().execute(query, *args, timeout=timeout))
        query, self.with_begin = query + self.with_begin, ""
        try:
            return str(await super().execute(query, timeout=timeout))
        except BaseException:
            self.terminate()  # it has begun a transaction of which neither SQLAlchemy nor asyncpg knows
            raise


class Database:
    """The pool of one service. ``url`` is a SQLAlchemy URL; plain ``postgresql://`` is taken to mean asyncpg."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = async_url(url)
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            connect_args={
                "connection_class": Connection,
                "server_settings": {
                    "timezone": "UTC",
                    "jit": "off",  # our statements are short; compiling them costs more than it gives
                    # a frozen or lost process must not hold locks for ever
                    "idle_in_transaction_session_timeout": "10s",
                    "lock_timeout": "10s",
                    "statement_timeout": "60s",
                },
            },
        )
        _look_before_use(self.engine.sync_engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: commits at the end of the block, rolls back when it raises."""
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that the server keeps from writing; one snapshot for all its queries."""
        async with self._sessions() as session, session.begin():
            await session.connection(
                execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
            yield session

    async def fetch(self, query: str, *values: Any) -> list[Any]:
        """One reading statement by the bare driver (``$1``), in one round trip: no transaction stands around it.

        Raises asyncpg's own errors and OSError.
        """
        connection = await self.engine.raw_connection()
        try:
            found: list[Any] = await connection.driver_connection.fetch(query, *values)  # type: ignore[union-attr]
        except BaseException:
            await greenlet_spawn(connection.invalidate)
            raise
        await greenlet_spawn(connection.close)
        return found

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


_RESTED = 1.0
"""Seconds after which a connection of the pool is asked whether it still lives before it is used."""


def _look_before_use(engine: Engine) -> None:
    """Replace connections that died while they rested; one that was just used is trusted, and saves a round trip."""

    def take(connection: Any, record: Any, _proxy: object) -> None:
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError
        if clock.monotonic() - record.info.get("rests_since", -_RESTED) < _RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    def give_back(connection: Any, record: Any) -> None:
        if connection is not None:  # None: it was lost
            connection.driver_connection.with_begin = ""
        record.info["rests_since"] = clock.monotonic()

    sqlalchemy_event.listen(engine, "checkout", take)
    sqlalchemy_event.listen(engine, "checkin", give_back)


def async_url(url: str) -> str:
    """The same database, by the driver that Kasane uses."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix)
    return url
