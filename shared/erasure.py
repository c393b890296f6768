"""Forgetting a household: in the tables of a service, found by their keys, and in what every service has.

What every service has: drafts, answers kept for repetitions, the log, parked events and the memory of the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import Uuid, delete, inspect, or_, select, text

from shared import clock
from shared.drafts import forget_drafts
from shared.projections import is_projection
from shared.spine import erase, forget_heard, hold
from shared.tombstones import set_tombstones

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Column, ColumnElement, MetaData, Table
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

_HOUSEHOLD: Final = "household"
_COLUMNS: Final = frozenset({"household", "household_id"})
_FORGET_ANSWERS = text("""
    DELETE FROM idempotency_key WHERE EXISTS (
        SELECT FROM jsonb_path_query(answer, '$.**') AS part WHERE part #>> '{}' = ANY(:ids)
    )
""")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted: the ids, and the tables that had rows of it and are no copies of others' facts."""

    ids: frozenset[UUID]
    classes: tuple[str, ...]


async def erase_rows(
    session: AsyncSession, metadata: MetaData, household: UUID, *, keep: Collection[str] = ()
) -> Erased:
    """Delete every row that belongs to a household from the tables of ``metadata``, but those that ``keep`` names.

    Belongs: a column names the household, or a foreign key leads to a row that belongs. So a table that comes later
    is not forgotten.
    """
    await session.flush()
    found: dict[str, set[UUID]] = {}
    conditions: list[tuple[Table, ColumnElement[bool]]] = []
    for table in tables_of_a_household(metadata):
        own = _belongs(table, household, found)
        if table.name in keep or own is None:
            continue
        wanted = table.c.id if _has_id(table) else next(iter(table.primary_key.columns))
        rows = (await session.scalars(select(wanted).where(own))).all()
        if rows:
            found[table.name] = set(rows) if _has_id(table) else set()
            conditions.append((table, own))
    for table, own in reversed(conditions):
        await session.execute(delete(table).where(own))
    await session.run_sync(_let_go, found)
    own_words = sorted(table.name for table, _ in conditions if not is_projection(table))
    return Erased(frozenset[UUID]().union(*found.values()), tuple(own_words))


def tables_of_a_household(metadata: MetaData) -> list[Table]:
    """The tables whose rows may belong to a household, owners before what they own."""
    found: dict[str, Table] = {}
    for table in metadata.sorted_tables:
        named = table.name == _HOUSEHOLD or any(_names_a_household(column) for column in table.c)
        if named or any(key.column.table.name in found for key in table.foreign_keys):
            found[table.name] = table
    return list(found.values())


async def forget_everything(session: AsyncSession, household: UUID, things: Iterable[UUID] = ()) -> None:
    """Blank the log, drop drafts, stored answers and parked events of a household and set its tombstones.

    ``things``: the ids of whatever belonged to it here. Doing it again changes nothing; record what must stay (that it
    was erased) after this.
    """
    await hold(session, household)
    ids = {household, *things}
    await set_tombstones(session, ids, clock.now())
    await forget_drafts(session, household, ids)
    await session.execute(_FORGET_ANSWERS, {"ids": [str(one) for one in ids]})
    await forget_heard(session, household)
    await erase(session, household)


def _belongs(table: Table, household: UUID, found: dict[str, set[UUID]]) -> ColumnElement[bool] | None:
    ways: list[ColumnElement[bool]] = [column == household for column in table.c if _names_a_household(column)]
    if table.name == _HOUSEHOLD:
        ways.append(table.c.id == household)
    for key in table.foreign_keys:
        owner = key.column.table.name
        if owner == _HOUSEHOLD and key.parent.name not in _COLUMNS:
            ways.append(key.parent == household)
        elif owner != table.name and found.get(owner):
            ways.append(key.parent.in_(found[owner]))
    return or_(*ways) if ways else None


def _names_a_household(column: Column[UUID]) -> bool:
    return column.name in _COLUMNS and isinstance(column.type, Uuid)


def _has_id(table: Table) -> bool:
    return "id" in table.c and isinstance(table.c.id.type, Uuid)


def _let_go(session: Session, found: dict[str, set[UUID]]) -> None:
    """Rows that were loaded and are gone leave the session; those of tables without ids are read again."""
    for loaded in list(session):
        table = inspect(loaded).mapper.local_table
        if table.name in found:
            (identity, *_) = inspect(loaded).identity or (None,)
            if identity in found[table.name]:
                session.expunge(loaded)
            elif not _has_id(table):
                session.expire(loaded)
