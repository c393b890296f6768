"""Databases that tests borrow. Made from a template once, then wiped and handed on.

Making a database takes PostgreSQL a third of a second of work on two busy cores, wiping one a few milliseconds, and
most of a run's tests want one. A database whose schema a test has changed, or that a test has filled with very many
rows, is dropped instead of handed on.
"""

from __future__ import annotations

import io
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import asyncpg
from sqlalchemy.engine import make_url

Furnish = Callable[[str], Awaitable[None]]
"""Fills the empty database at an address: migrations, seeds, a test's own tables."""

_TEMPLATE_LOCK: Final = 4_711_001
_MOST_ROWS: Final = 5_000

_TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_SHAPE = """
    SELECT md5(string_agg(concat_ws(' ', attrelid::regclass, attnum, attname, atttypid, attnotnull), ',' ORDER BY 1))
    FROM (
        SELECT attrelid, attnum, attname, atttypid, attnotnull FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace ORDER BY relname, attnum
    ) AS part
"""
_SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename), start_value, last_value FROM pg_sequences"
_HANG_UP = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class _Furniture:
    """What stands in a database before a test uses it."""

    shape: str
    tables: tuple[str, ...]
    rows: dict[str, bytes]
    sequences: dict[str, tuple[int, bool]]


class Rooms:
    """The databases of one test process on the server at ``server`` (a superuser's address)."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._free: defaultdict[str, list[str]] = defaultdict(list)
        self._furniture: dict[str, _Furniture] = {}
        self._made: set[str] = set()

    async def take(self, kind: str, furnish: Furnish | None) -> str:
        """The name of a database of this kind that nobody else uses; without ``furnish`` an empty one."""
        if self._free[kind]:
            return self._free[kind].pop()
        name = f"t_{kind}_{uuid.uuid4().hex[:12]}"
        template = await self._template(kind, furnish) if furnish else "template1"
        # FILE_COPY: three times quicker for databases this small when nothing waits for the disk
        await self._command(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        self._made.add(name)
        if furnish and kind not in self._furniture:
            self._furniture[kind] = await self._look_around(name)
        return name

    async def give_back(self, kind: str, name: str) -> None:
        """Wipe it for the next test, or drop it when that can't be done."""
        if kind in self._furniture and await self._wipe(name, self._furniture[kind]):
            self._free[kind].append(name)
        else:
            await self._drop(name)

    async def close(self) -> None:
        """Drop everything this process has made."""
        for name in sorted(self._made):
            await self._drop(name)

    async def _wipe(self, name: str, furniture: _Furniture) -> bool:
        server = await connect(self._server)
        try:
            await server.execute(_HANG_UP, name)
        finally:
            await server.close()
        connection = await connect(with_database(self._server, name))
        try:
            if await connection.fetchval(_SHAPE) != furniture.shape:
                return False
            async with connection.transaction():
                await connection.execute("SET LOCAL session_replication_role = replica")  # no foreign keys in between
                gone = 0
                for table in furniture.tables:
                    gone += int((await connection.execute(f"DELETE FROM {table}")).split()[-1])  # noqa: S608 - catalogue's
                for table, rows in furniture.rows.items():
                    await connection.copy_to_table(_bare(table), source=io.BytesIO(rows), format="binary")
                for sequence, (value, called) in furniture.sequences.items():
                    await connection.execute("SELECT setval($1::text::regclass, $2, $3)", sequence, value, called)
        except asyncpg.PostgresError:
            return False
        else:
            return gone < _MOST_ROWS
        finally:
            await connection.close()

    async def _look_around(self, name: str) -> _Furniture:
        connection = await connect(with_database(self._server, name))
        try:
            tables = tuple(row[0] for row in await connection.fetch(_TABLES))
            rows: dict[str, bytes] = {}
            for table in tables:
                if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - catalogue's
                    copy = io.BytesIO()
                    await connection.copy_from_table(_bare(table), output=copy, format="binary")
                    rows[table] = copy.getvalue()
            sequences = {
                row[0]: (row[2] if row[2] is not None else row[1], row[2] is not None)
                for row in await connection.fetch(_SEQUENCES)
            }
            shape = str(await connection.fetchval(_SHAPE))
        finally:
            await connection.close()
        return _Furniture(shape, tables, rows, sequences)

    async def _template(self, kind: str, furnish: Furnish) -> str:
        """The name of the furnished template, made by whichever process comes first."""
        name = f"template_{kind}"
        connection = await connect(self._server)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", _TEMPLATE_LOCK)
            try:
                ready = await connection.fetchval("SELECT datistemplate FROM pg_database WHERE datname = $1", name)
                if not ready:
                    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                    await connection.execute(f'CREATE DATABASE "{name}"')
                    await furnish(with_database(self._server, name))
                    await connection.execute(f'ALTER DATABASE "{name}" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false')
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", _TEMPLATE_LOCK)
        finally:
            await connection.close()
        return name

    async def _drop(self, name: str) -> None:
        self._made.discard(name)
        await self._command(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _command(self, statement: str) -> None:
        connection = await connect(self._server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def with_database(url: str, name: str) -> str:
    """The same server's address for the database ``name``."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def connect(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """A plain connection to a SQLAlchemy address."""
    return await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


def _bare(table: str) -> str:
    """The catalogue's spelling without its quotes: asyncpg quotes by itself."""
    return table.strip('"')
