"""Stating facts: a change and its event commit in one transaction, in true order for each subject.

``hold`` takes the subjects' locks (transaction-level advisory locks, ADR 0010); PostgreSQL lets them go only after
the commit can be seen. So of two events of one subject the earlier has the smaller ``log_id`` and is visible
whenever the later is: the order in which the relay places them is the order in which they happened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared import clock
from shared.events import BLANK
from shared.spine import bell
from shared.spine.positions import leading_here
from shared.telemetry import traceparent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import CursorResult
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import SessionTransaction

    from shared.db import Database
    from shared.events import Event
    from shared.identity import Actor

_HELD = "spine.held"
_RECORDED = "spine.recorded"
_GATHERED = "spine.gathered"
_LINES = "spine.lines"
PROJECTING = "spine.projecting"
"""Key in ``session.info`` while a projecting handler runs."""

MOST_HELD = 2000
"""PostgreSQL keeps advisory locks in shared memory of fixed size."""

_LOCK_WITH_BEGIN = "SELECT pg_advisory_xact_lock(hashtextextended('{name}', 8050));"
_PLAIN = re.compile(r"[0-9A-Za-z:_-]{1,100}")
"""Subjects that may stand in a statement as they are: ids and codes, which is what they all are."""
_LOCK_MANY = "SELECT pg_advisory_xact_lock(hashtextextended(name, 8050)) FROM unnest($1::text[]) AS name"

_COLUMNS = (
    "id", "recorded_at", "type", "version", "subject", "subjects", "data", "occurred_at", "actor", "traceparent"
)  # fmt: skip
_STATE = """
    WITH head AS MATERIALIZED (
        SELECT epoch, position, event_id FROM log_head
        WHERE $11 AND state = 'ok' AND NOT EXISTS (SELECT FROM event_log WHERE event_log.position IS NULL)
        FOR UPDATE SKIP LOCKED
    ), fresh AS MATERIALIZED (
        SELECT *, lag(id) OVER (ORDER BY n) AS before
        FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                    $8::timestamptz[], $9::text[], $10::text[])
             WITH ORDINALITY
             AS line (id, recorded_at, type, version, subject, subjects, data, occurred_at, actor, traceparent, n)
    ), stated AS (
        INSERT INTO event_log (id, recorded_at, type, version, subject, subjects, data, occurred_at, actor,
                               traceparent, position, previous, epoch)
        SELECT fresh.id, recorded_at, type, version, subject, string_to_array(subjects, ','), data::jsonb, occurred_at,
               actor, traceparent, head.position + n,
               CASE WHEN head.epoch IS NOT NULL THEN coalesce(before, head.event_id) END, head.epoch
        FROM fresh LEFT JOIN head ON true
        ORDER BY n
    )
    UPDATE log_head SET position = head.position + last.n, event_id = last.id
    FROM head, (SELECT n, id FROM fresh ORDER BY n DESC LIMIT 1) AS last
    RETURNING log_head.position, head.event_id, head.epoch
"""
"""Writes facts into the log and, where nobody else is placing and nothing waits for its place, places them at once.

Nothing waits, and the subjects are held: so whatever was stated of them before has its position, and the order of
positions stays that of each subject. The head is locked from here to the commit, which follows at once (ADR 0024).
Only where the relay leads in this process, which has seen that the log has not gone back.
"""


_ERASE = text("""
    WITH erased AS (
        UPDATE event_log
        SET type = :blank, version = 1, subject = NULL, subjects = '{}', data = '{}', actor = NULL, traceparent = NULL,
            occurred_at = recorded_at
        WHERE subject = :name OR :name = ANY(subjects)
        RETURNING 1
    )
    SELECT count(*) FROM erased
""")
_POSITIONS = """
    SELECT count(position), max(position) FROM event_log
    WHERE id = ANY($1::uuid[]) AND recorded_at BETWEEN $2::timestamptz AND $3::timestamptz
"""
_REFILL = text("UPDATE log_head SET refill = true")


class NotHeldError(RuntimeError):
    """A programming error: a fact was recorded without its subject's lock, or where nothing may be recorded."""


@dataclass(slots=True, eq=False)
class Recorded:
    """An event that is in the log once the transaction commits.

    ``position``: where it stands, if that was free to give at the commit; else the relay gives it a moment later.
    """

    id: UUID
    recorded_at: datetime
    type: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One line for :func:`record_many`."""

    event: Event
    occurred_at: datetime | None = None
    id: UUID | None = None


async def hold(session: AsyncSession, *subjects: object) -> None:
    """Take the locks of these subjects until the transaction ends; first thing in a transaction that writes.

    Waits for whoever has them (at most the session's ``lock_timeout``). Load what you will change after this.
    Locks are taken in sorted order; name all subjects at once, or risk a deadlock (which is only tried again).
    """
    held: dict[str, SessionTransaction | None] = session.info.setdefault(_HELD, {})
    names = sorted({str(subject) for subject in subjects} - held.keys())
    if not names:
        return
    if len(held) + len(names) > MOST_HELD:
        msg = f"one transaction may hold {MOST_HELD} subjects; do it in portions"
        raise NotHeldError(msg)
    await session.run_sync(_lock, names)
    savepoint = session.sync_session.get_nested_transaction()
    held.update(dict.fromkeys(names, savepoint))


async def record(
    session: AsyncSession,
    event: Event,
    *,
    actor: Actor | str | None = None,
    occurred_at: datetime | None = None,
    id: UUID | None = None,  # noqa: A002 - the event's id
) -> Recorded:
    """State a fact in the session's transaction; it travels once that commits.

    ``occurred_at``: when it happened, if not now. The envelope names the actor's post, never the person. Raises
    NotHeldError when a subject of the event is not held, or inside a projecting handler.
    """
    (recorded,) = await record_many(session, [Fact(event, occurred_at, id)], actor=actor)
    return recorded


async def record_many(
    session: AsyncSession, facts: Iterable[Fact], *, actor: Actor | str | None = None
) -> list[Recorded]:
    """State many facts in their order. They enter the log together, right before the transaction commits."""
    rows = _rows(session, facts, actor)
    session.info.setdefault(_GATHERED, []).extend(rows)
    return [_note(session, row) for row in rows]


async def write_recorded(session: AsyncSession) -> None:
    """Let what was recorded so far enter the log now, so that an error in it shows here; the relay will place it."""
    await session.run_sync(_write)


async def erase(session: AsyncSession, subject: object) -> int:
    """Blank everything the log says about a subject that is held; how many events it was.

    The positions and the chain stay, type and data go; a fact about two households goes with either. The relay makes
    the stream again from the log within seconds. Record ``household_erased`` after this, for it stays.
    """
    name = str(subject)
    if name not in session.info.get(_HELD, {}):
        raise NotHeldError(f"{name} is erased without hold()")
    await write_recorded(session)
    count = await session.scalar(_ERASE, {"name": name, "blank": BLANK})
    await session.execute(_REFILL)
    return int(count or 0)


def recorded_in(session: AsyncSession) -> list[Recorded]:
    """What the session's last transaction has recorded (so far); empty after a rollback."""
    return list(session.info.get(_RECORDED, ()))


async def positions_of(
    db: Database,
    service: str,
    recorded: Sequence[Recorded],
    timeout: float = 2.0,  # noqa: ASYNC109 - a time-out is a normal end here
    *,
    placed: bell.Bell | None = None,
) -> str | None:
    """The ``after`` of an answer, ``<service>:<position>``, once all of ``recorded`` have their positions.

    None when nothing was recorded or the relay has not come by within ``timeout`` seconds. ``placed`` rings when it
    has: just after a commit it is always too early to ask.
    """
    if not recorded:
        return None
    given = [line.position for line in recorded if line.position is not None]
    if len(given) == len(recorded):
        return f"{service}:{max(given)}"
    moments = [line.recorded_at for line in recorded]
    values = ([line.id for line in recorded], min(moments), max(moments))
    pause, ends = 0.005, clock.monotonic() + timeout
    with (placed or bell.Bell()).listen() as ear:
        while True:
            await ear.wait(pause)
            ((count, last),) = await db.fetch(_POSITIONS, *values)
            if count == len(recorded):
                return f"{service}:{last}"
            if clock.monotonic() >= ends:
                return None
            pause = min(pause * 2, 0.1)


def _rows(session: AsyncSession, facts: Iterable[Fact], actor: Actor | str | None) -> list[list[Any]]:
    if session.info.get(PROJECTING):
        msg = "a projecting handler records nothing"
        raise NotHeldError(msg)
    held = session.info.get(_HELD, {})
    name = actor if actor is None or isinstance(actor, str) else str(actor.post)
    rows: list[list[Any]] = []
    for fact in facts:
        event, now = fact.event, clock.now()
        subjects = list(event.subjects)
        missing = [subject for subject in subjects if subject not in held]
        if missing:
            msg = f"{event.type} is recorded without hold() of {', '.join(missing)}"
            raise NotHeldError(msg)
        rows.append([
            fact.id or clock.new_id(), now, event.type, event.version, subjects[0] if subjects else None, subjects,
            event.model_dump_json(), fact.occurred_at or now, name, traceparent(),
        ])  # fmt: skip
    return rows


def _lock(session: Session, names: list[str]) -> None:
    """Take the locks now; a single one of a transaction that has sent nothing yet goes along with its BEGIN.

    Nothing can be read or written before it, so that is early enough, and a whole round trip is spared.
    """
    connection: Any = session.connection().connection.driver_connection
    (*_, name) = names
    if len(names) == 1 and not connection.is_in_transaction() and _PLAIN.fullmatch(name):
        connection.with_begin += _LOCK_WITH_BEGIN.format(name=name)
    else:
        _run(session, _LOCK_MANY, [names])


def _write(session: Session, *, place: bool = False) -> None:
    """Write what has gathered, without what was rolled back to a savepoint since; ``place`` it if that is free."""
    gathered: list[list[Any]] = session.info.pop(_GATHERED, [])
    session.flush()
    recorded = {line.id: line for line in session.info.get(_RECORDED, ())}
    rows = [row for row in gathered if row[0] in recorded]
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    columns[5] = [",".join(subjects) for subjects in columns[5]]
    moved: Any = _run(session, _STATE, [*columns, place]).one_or_none()
    lines = session.info.setdefault(_LINES, [])
    if moved is None:
        lines += [dict(zip(_COLUMNS, row, strict=True), position=None) for row in rows]
        return
    last, previous, epoch = moved
    for position, row in enumerate(rows, last - len(rows) + 1):
        lines.append(dict(zip(_COLUMNS, row, strict=True), position=position, previous=previous, epoch=epoch))
        previous = recorded[row[0]].id
        recorded[row[0]].position = position


def _run(session: Session, statement: str, values: list[Any]) -> CursorResult[Any]:
    """In the driver's own words: every transaction that writes pays for these, and its detours add up."""
    return session.connection().exec_driver_sql(statement, tuple(values))


def _note(session: AsyncSession, row: list[Any]) -> Recorded:
    line = Recorded(id=row[0], recorded_at=row[1], type=row[2])
    session.info.setdefault(_RECORDED, {})[line] = session.sync_session.get_nested_transaction()
    return line


@sqlalchemy_event.listens_for(Session, "after_begin")
def _begin(session: Session, transaction: SessionTransaction, _connection: object) -> None:
    if not transaction.nested:
        for key in (_RECORDED, _GATHERED, _LINES):
            session.info.pop(key, None)


@sqlalchemy_event.listens_for(Session, "before_commit")
def _commits(session: Session) -> None:
    if not session.in_nested_transaction() and session.info.get(_GATHERED):
        _write(session, place=str(session.get_bind().engine.url) in leading_here)


@sqlalchemy_event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if session.in_nested_transaction():
        return  # only a savepoint was let go
    session.info.pop(_HELD, None)
    if not session.info.get(_RECORDED):
        return
    url, stated = str(session.get_bind().engine.url), session.info.pop(_LINES, None)
    leader = leading_here.get(url)
    if leader and stated:
        leader.take(stated)
    if not (leader and stated and stated[-1]["position"]):
        bell.committed[url].ring()


@sqlalchemy_event.listens_for(Session, "after_rollback")
def _rolled_back(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for key in (_HELD, _RECORDED, _GATHERED, _LINES):
        session.info.pop(key, None)


@sqlalchemy_event.listens_for(Session, "after_soft_rollback")
def _rolled_back_to_savepoint(session: Session, ended: SessionTransaction) -> None:
    """Forget what was recorded since the savepoint; PostgreSQL lets go what was locked since."""
    for key in (_HELD, _RECORDED):
        entries: dict[Any, SessionTransaction | None] = session.info.get(key, {})
        for name in [name for name, savepoint in entries.items() if _within(savepoint, ended)]:
            del entries[name]


def _within(savepoint: SessionTransaction | None, ended: SessionTransaction) -> bool:
    while savepoint is not None:
        if savepoint is ended:
            return True
        savepoint = savepoint.parent
    return False
