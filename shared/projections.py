"""Which tables are projections: filled from other services' facts alone, so that they can be made again from the logs.

The mark stands at the table (``@projection_of("intake")`` in ``tables.py``) and is used by ``./kasane rebuild``, which
makes nothing but these tables and lets no handler but the projecting ones write them; a projecting handler that reads
or writes any other table of its service fails there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Table, inspect, literal_column
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase

if TYPE_CHECKING:
    from sqlalchemy import MetaData
    from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T", bound=type[DeclarativeBase])

_MARK = "projection_of"


@dataclass(frozen=True, slots=True)
class Projection:
    """A table, whose facts fill it, and which of its columns come from them (the rest is the service's own)."""

    table: Table
    sources: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the primary key's columns."""
        return tuple(column.name for column in self.table.primary_key)


def projection_of(*sources: str, own: Iterable[str] = ()) -> Callable[[T], T]:
    """Mark a table as filled from the facts of ``sources``; ``own``: columns that its service keeps by itself."""

    def mark(model: T) -> T:
        table = table_of(model)
        kept = set(own)
        unknown = kept - set(table.columns.keys())
        if unknown:
            msg = f"{table.name} has no column {', '.join(sorted(unknown))}"
            raise TypeError(msg)
        columns = tuple(column.name for column in table.columns if column.name not in kept)
        table.info[_MARK] = Projection(table, sources, columns)
        return model

    return mark


def is_projection(table: Table) -> bool:
    """Whether a table is filled from others' facts."""
    return _MARK in table.info


def projections_of(service: str, *schemas: MetaData) -> list[Projection]:
    """What a service projects, by table name. A table that every service has belongs to none of its own sources."""
    marked = [table.info[_MARK] for schema in schemas for table in schema.tables.values() if _MARK in table.info]
    return sorted((one for one in marked if service not in one.sources), key=lambda one: one.table.name)


def table_of(model: type[DeclarativeBase]) -> Table:
    """The table of a mapped class."""
    table = inspect(model).local_table
    if not isinstance(table, Table):
        msg = f"{model.__name__} has no table of its own"
        raise TypeError(msg)
    return table


async def put_many(
    session: AsyncSession,
    model: type[DeclarativeBase],
    rows: Sequence[Mapping[str, Any]],
    *,
    also: Callable[[Any], Mapping[str, Any]] | None = None,
    where: Any = None,
) -> None:
    """Write a run of rows in their order, each over the one that is there: one statement, one round trip.

    All rows name the same columns. ``also`` is asked, with the columns of the new row, for what a column gets over an
    existing row where that is not simply the new value; ``where`` says which existing rows may be written over.
    """
    if not rows:
        return
    table = table_of(model)
    statement = insert(table)
    new = statement.excluded
    key = {column.name for column in table.primary_key}
    set_: dict[str, Any] = {name: new[name] for name in rows[0] if name not in key} | dict(also(new) if also else {})
    if set_:
        statement = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=set_, where=where)
    else:
        statement = statement.on_conflict_do_nothing()
    await run_many(session, statement, rows)


def merged(model: type[DeclarativeBase], name: str) -> ColumnElement[Any]:
    """For ``also``: the codes of the row that is there and of the new one, each once and in order."""
    both = f"unnest({table_of(model).name}.{name} || excluded.{name}) AS code"
    return literal_column(f'ARRAY(SELECT DISTINCT code COLLATE "C" FROM {both} ORDER BY 1)')  # noqa: S608 - our names


async def run_many(session: AsyncSession, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute one Core statement for each row; what the session had loaded of its table is read again after it."""
    if not rows:
        return
    await session.flush()
    await session.execute(statement, [dict(row) for row in rows])
    forget_loaded(session, statement.table)


def forget_loaded(session: AsyncSession, table: Table) -> None:
    """Let what the session has loaded of a table be read again: a Core statement has written there."""
    for one in session:
        if inspect(type(one)).local_table is table:
            session.expire(one)
