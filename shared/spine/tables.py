"""The tables of the spine, the same in all four databases: the own log, and how far the others' were followed.

The producer's side is ``event_log``, ``log_head``, ``epoch``; the reader's side is ``cursor``, ``applied_run``,
``parked``, ``replay``; ``lost_fact`` lists what a restored backup no longer knows; ``probe`` is the heart-beat's.
PostgreSQL 15 and newer.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, MetaData, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Uuid

from shared.db import NAMING, PYTHON_TO_SQL

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

OPEN = ("waiting", "parked", "behind")
"""States of a parked event that still keep its subjects closed."""

OPEN_SQL = "state IN ('waiting', 'parked', 'behind')"

MONTHS_AHEAD = 3


class SpineBase(DeclarativeBase):
    """Tables of the spine; a service's migrations never touch them."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = PYTHON_TO_SQL | {int: BigInteger()}


class EventLog(SpineBase):
    """One fact that this service stated. The table is the outbox, and it is kept.

    ``log_id`` is true order for each subject; ``position`` is the gap-free number that readers follow, given by the
    relay together with ``previous`` (the event one position before) and ``epoch``.
    """

    __tablename__ = "event_log"
    __table_args__ = (
        Index(None, "position"),
        Index("ix_event_log_unplaced", "log_id", postgresql_where=text("position IS NULL")),
        Index(None, "subject"),
        {"postgresql_partition_by": "RANGE (recorded_at)"},
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    log_id: Mapped[int] = mapped_column(Identity())
    position: Mapped[int | None]
    previous: Mapped[UUID | None]
    epoch: Mapped[str | None]
    type: Mapped[str]
    version: Mapped[int]
    subject: Mapped[str | None]
    subjects: Mapped[list[str]]
    data: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    actor: Mapped[str | None]
    traceparent: Mapped[str | None]


class LogHead(SpineBase):
    """The last position given, in one row; whoever gives positions locks it."""

    __tablename__ = "log_head"
    __table_args__ = (CheckConstraint("one_row", name="one_row"),)

    one_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    epoch: Mapped[str]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    event_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default=text("'ok'"))
    """``ok``, or ``diverged``: nothing is positioned nor published until the operator adopts the log."""
    reason: Mapped[str | None]
    refill: Mapped[bool] = mapped_column(server_default=text("false"))
    """Something was erased from the log: the stream is to be made again from it."""


class Epoch(SpineBase):
    """One life of the log between restored backups: it goes on after ``from_position``."""

    __tablename__ = "epoch"

    number: Mapped[int] = mapped_column(Identity(), primary_key=True)
    epoch: Mapped[str] = mapped_column(unique=True)
    from_position: Mapped[int]
    base_event_id: Mapped[UUID | None]
    adopted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Cursor(SpineBase):
    """How far this service has applied one source, and which event stands there."""

    __tablename__ = "cursor"

    source: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(server_default=text("''"))
    position: Mapped[int] = mapped_column(server_default=text("0"))
    event_id: Mapped[UUID | None]
    event_at: Mapped[datetime | None]
    """When the event at the cursor was recorded: how fresh our knowledge of the source is."""
    types: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    """The types followed up to here; a replica that knows fewer stands by, one that knows more replays first."""
    open_parked: Mapped[int] = mapped_column(server_default=text("0"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    state: Mapped[str] = mapped_column(server_default=text("'ok'"))
    reason: Mapped[str | None]


class AppliedRun(SpineBase):
    """The ids of what was applied, a row a batch: only for finding the way back after a restored backup."""

    __tablename__ = "applied_run"

    source: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(primary_key=True)
    ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    """Of the positions ``last - len(ids) + 1`` to ``last``."""
    types: Mapped[list[str]]
    subjects: Mapped[list[str]]
    """Of each event, joined by commas as in the envelope."""
    applied_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Parked(SpineBase):
    """An event that could not be applied, or that stands behind such a one in its household's line."""

    __tablename__ = "parked"
    __table_args__ = (
        UniqueConstraint("source", "epoch", "position"),
        Index("ix_parked_open", "source", "position", postgresql_where=text(OPEN_SQL)),
        Index("ix_parked_open_subjects", "subjects", postgresql_using="gin", postgresql_where=text(OPEN_SQL)),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    epoch: Mapped[str]
    position: Mapped[int]
    event_id: Mapped[UUID]
    type: Mapped[str]
    version: Mapped[int]
    subjects: Mapped[list[str]]
    envelope: Mapped[dict[str, Any]]
    state: Mapped[str]
    """``waiting`` tries again by itself, ``parked`` is the operator's, ``behind`` waits for its head; closed:
    ``done``, ``skipped``."""
    taken_early: Mapped[bool] = mapped_column(server_default=text("false"))
    """A fact that takes a right away was applied at once; in its turn only its projections are applied again."""
    error_class: Mapped[str | None]
    sqlstate: Mapped[str | None]
    constraint_name: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    parked_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    next_try_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    reason: Mapped[str | None]


class Replay(SpineBase):
    """How far newly followed types of a source were fetched from its feed, before the cursor may go on."""

    __tablename__ = "replay"

    source: Mapped[str] = mapped_column(primary_key=True)
    types: Mapped[list[str]]
    position: Mapped[int] = mapped_column(server_default=text("0"))


class LostFact(SpineBase):
    """A fact that was stated and that the log, restored from a backup, no longer knows."""

    __tablename__ = "lost_fact"
    __table_args__ = (UniqueConstraint("source", "event_id", "found_in"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    epoch: Mapped[str]
    position: Mapped[int]
    event_id: Mapped[UUID]
    type: Mapped[str]
    subjects: Mapped[list[str]]
    envelope: Mapped[dict[str, Any] | None]
    found_in: Mapped[str]
    """``stream``: in the old stream at adoption; ``reader``: this service had applied it."""
    found_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Incident(SpineBase):
    """Something that the spine has mended by itself and the operator should know of."""

    __tablename__ = "incident"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    detail: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Probe(SpineBase):
    """The last heart-beat that was sent (own service) or heard (the one before in the ring)."""

    __tablename__ = "probe"

    service: Mapped[str] = mapped_column(primary_key=True)
    probe: Mapped[UUID]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class FeedReader(SpineBase):
    """Who asked this service's feed last, and up to where it had it. Only to be looked at; a crash may empty it."""

    __tablename__ = "feed_reader"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - SQLAlchemy's declarative form

    reader: Mapped[str] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    position: Mapped[int]


async def ensure_partitions(connection: AsyncConnection, today: date) -> list[str]:
    """Make what metadata can't say: the partitions up to three months ahead, and the log's first epoch.

    Answers the names of the partitions made. Runs as often as one likes: after a migration, and once a day. A
    partition is made beside the log and then attached; that lock lets readers and writers through. A month whose rows
    already lie in the default partition stays there: nothing ever fails for want of a partition.
    """
    await connection.execute(text("CREATE TABLE IF NOT EXISTS event_log_rest PARTITION OF event_log DEFAULT"))
    await connection.execute(text(_FIRST_EPOCH))
    made = []
    for ahead in range(MONTHS_AHEAD + 1):
        first, after = _month(today, ahead), _month(today, ahead + 1)
        name = f"event_log_{first:%Y_%m}"
        if await connection.scalar(text("SELECT to_regclass(:name)::text"), {"name": name}) is not None:
            continue
        bounds = {"first": _midnight(first), "after": _midnight(after)}
        if await connection.scalar(text(_STRAYS), bounds):
            continue
        await connection.execute(text(f"CREATE TABLE {name} (LIKE event_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
        limits = f"FROM ('{first.isoformat()} 00:00+00') TO ('{after.isoformat()} 00:00+00')"
        await connection.execute(text(f"ALTER TABLE event_log ATTACH PARTITION {name} FOR VALUES {limits}"))
        made.append(name)
    return made


_FIRST_EPOCH = """
    WITH born AS (
        INSERT INTO log_head (epoch) VALUES (replace(gen_random_uuid()::text, '-', ''))
        ON CONFLICT DO NOTHING RETURNING epoch
    )
    INSERT INTO epoch (epoch, from_position) SELECT epoch, 0 FROM born
"""
_STRAYS = "SELECT EXISTS (SELECT FROM event_log_rest WHERE recorded_at >= :first AND recorded_at < :after)"


def _month(day: date, ahead: int) -> date:
    years, month = divmod(day.month - 1 + ahead, 12)
    return date(day.year + years, month + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
