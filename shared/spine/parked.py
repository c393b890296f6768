"""Parked events: trying them again in order, and what an operator may do with them.

Whoever changes a parked event takes the lock of its source's cursor first, as the reader does. The lines are walked
in the order of the log: an event is tried when nothing open stands before it for any of its households. A skipped
head does not skip its followers. A household with open lines counts as protected and is not shared
(:func:`closed_subjects`, :func:`is_closed`, :func:`closed`): the spine fails closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Text, case, cast, exists, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from shared import clock
from shared.errors import Conflict, Missing, Refused
from shared.events import Envelope
from shared.i18n import N_
from shared.spine.tables import OPEN, Cursor, Parked

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.spine.applying import Applier

PATIENCE = timedelta(minutes=10)
"""After this a waiting event is shown to the operator too; it goes on being tried, for nothing is lost by that."""

_LONGEST_PAUSE = timedelta(minutes=1)
_SHOWN = 20
_AT_ONCE = 200
"""Tries in one transaction, which holds the cursor's lock."""


@dataclass(frozen=True, slots=True)
class ParkedLine:
    """A parked event as an operator sees it: no personal data, no message."""

    id: int
    source: str
    position: int
    event_id: str
    type: str
    subjects: tuple[str, ...]
    state: str
    error_class: str | None
    sqlstate: str | None
    constraint: str | None
    attempts: int
    parked_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    reason: str | None
    behind: int
    """How many later events stand behind it (for a head that is open)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A line looked at closely: its CloudEvent, the first events behind it, and which line it stands behind itself."""

    line: ParkedLine
    envelope: dict[str, Any]
    followers: list[ParkedLine]
    stands_behind: int | None


async def list_parked(db: Database, *, also_closed: bool = False) -> list[ParkedLine]:
    """All open lines, heads with the number of events behind them; with ``also_closed`` those done and skipped."""
    async with db.read() as session:
        query = select(Parked).order_by(Parked.source, Parked.position, Parked.id)
        if not also_closed:
            query = query.where(Parked.state.in_(OPEN))
        rows = list(await session.scalars(query))
    return [_line(row, rows) for row in rows]


async def show_parked(db: Database, parked_id: int) -> tuple[ParkedLine, dict[str, Any]]:
    """One line and its envelope (CloudEvents). Raises Missing."""
    async with db.read() as session:
        shown = await look_closely(session, parked_id)
    return shown.line, shown.envelope


async def look_closely(session: AsyncSession, parked_id: int) -> Shown:
    """One line with all an operator needs to decide about it. Raises Missing."""
    row = await _load(session, parked_id)
    same_line = (_Other.source == row.source) & _Other.subjects.op("&&")(row.subjects)
    later = same_line & (_Other.position > row.position) & (_Other.state == "behind")
    earlier = same_line & (_Other.position < row.position) & _Other.state.in_(OPEN)
    heading = row.state in {"waiting", "parked"}
    behind = int(await session.scalar(select(func.count()).where(later)) or 0) if heading else 0
    followers = select(_Other).where(later).order_by(_Other.position).limit(_SHOWN) if heading else None
    head = select(_Other.id).where(earlier).order_by(_Other.position).limit(1)
    return Shown(
        line=_told(row, behind),
        envelope=row.envelope,
        followers=[_told(other, 0) for other in await session.scalars(followers)] if followers is not None else [],
        stands_behind=await session.scalar(head) if row.state == "behind" else None,
    )


async def list_heads(session: AsyncSession, limit: int) -> list[ParkedLine]:
    """The events that others stand behind, or that stand alone: the operator's first, the oldest first."""
    rank = case((Parked.state == "parked", 0), else_=1)
    behind = (
        select(func.count())
        .where(
            _Other.source == Parked.source,
            _Other.state == "behind",
            _Other.position > Parked.position,
            _Other.subjects.op("&&")(Parked.subjects),
        )
        .scalar_subquery()
    )
    query = select(Parked, behind).where(Parked.state.in_(("parked", "waiting")))
    rows = await session.execute(query.order_by(rank, Parked.parked_at, Parked.id).limit(limit))
    return [_told(row, count) for row, count in rows.all()]


async def retry_parked(db: Database, parked_id: int, *, by: str, reason: str | None = None) -> None:
    """:func:`try_again` in a transaction of its own."""
    async with db.transaction() as session:
        await try_again(session, parked_id, by=by, reason=reason)


async def skip_parked(db: Database, parked_id: int, *, by: str, reason: str) -> None:
    """:func:`give_up` in a transaction of its own."""
    async with db.transaction() as session:
        await give_up(session, parked_id, by=by, reason=reason)


async def try_again(session: AsyncSession, parked_id: int, *, by: str, reason: str | None = None) -> ParkedLine:
    """Have a parked event tried again by the running service (within a second or two); the line as it was.

    Raises Missing, or Conflict when it is not open or stands behind another one.
    """
    row = await _lock(session, parked_id)
    if row.state == "behind":
        raise Conflict(N_("この事象の前に、同じ世帯の別の事象が止まっています。先にそちらを処理してください。"))
    before = _told(row, 0)
    row.state, row.next_try_at, row.resolved_by, row.reason = "waiting", clock.now(), by, reason
    return before


async def give_up(session: AsyncSession, parked_id: int, *, by: str, reason: str) -> ParkedLine:
    """Give a parked event up, with a reason that is kept; the line as it was. What stands behind it is tried.

    Raises Refused without a reason, Missing, Conflict when it is not open.
    """
    if not reason.strip():
        raise Refused(N_("理由を入力してください。"), field="reason")
    row = await _lock(session, parked_id)
    before = _told(row, 0)
    row.state, row.resolved_at, row.resolved_by, row.reason = "skipped", clock.now(), by, reason.strip()
    await session.flush()
    await count_open(session, row.source)
    return before


async def drain(session: AsyncSession, applier: Applier, source: str, *, all_waiting: bool) -> int:
    """Try again whatever is due, or all that waits; the caller holds the cursor's lock. How many are done now.

    Raises what passes by itself.
    """
    now = clock.now()
    lines = await session.execute(_OPEN_LINES, {"source": source})
    closed: set[str] = set()
    tried = done = 0
    for line in lines.all():
        waits = line.next_try_at is not None and (all_waiting or line.next_try_at <= now)
        due = line.state == "behind" or waits
        if not due or tried >= _AT_ONCE or not closed.isdisjoint(line.subjects):
            closed.update(line.subjects)
            continue
        tried += 1
        if await _try_again(session, applier, line.id, now):
            done += 1
        else:
            closed.update(line.subjects)
    if tried or not closed:  # nothing open: what was counted was erased since
        await count_open(session, source)
    return done


async def _try_again(session: AsyncSession, applier: Applier, parked_id: int, now: datetime) -> bool:
    row = await session.get(Parked, parked_id)
    if row is None:
        return True  # its household was erased a moment ago
    envelope, early = Envelope.from_cloudevent(row.envelope), row.taken_early
    failed = await applier.try_one(session, envelope, only_project=early)
    changes: dict[str, Any] = {"attempts": row.attempts + 1}
    if failed is None or failed.failure is None:
        changes |= {"state": "done", "resolved_at": now}
    else:
        first = row.parked_at if row.attempts else now
        patient = failed.waits and now - first < PATIENCE
        pause = min(timedelta(seconds=2 ** min(row.attempts, 6)), _LONGEST_PAUSE)
        changes |= {
            "state": "waiting" if patient else "parked",
            "next_try_at": now + pause if failed.waits else None,
            "error_class": failed.failure.error_class,
            "sqlstate": failed.failure.sqlstate,
            "constraint_name": failed.failure.constraint,
        }
        if not row.attempts:  # it stood behind another one; its own time begins now
            changes["parked_at"] = now
    await session.execute(update(Parked).where(Parked.id == parked_id).values(**changes))
    return failed is None


async def count_open(session: AsyncSession, source: str) -> int:
    """Bring the cursor's count of open lines up to date; the caller holds its lock."""
    return int(await session.scalar(_COUNT, {"source": source}) or 0)


async def open_subjects(session: AsyncSession, source: str) -> set[str]:
    """The subjects before which something of this source stands open."""
    return set(await session.scalars(_OPEN_SUBJECTS_OF, {"source": source}))


async def closed_subjects(session: AsyncSession) -> set[str]:
    """All households (and posts) with open parked events, of whatever source: protected and not shared."""
    return set(await session.scalars(_OPEN_SUBJECTS))


async def is_closed(session: AsyncSession, subject: object) -> bool:
    """Whether this household counts as protected because something about it could not be applied yet."""
    return bool(await session.scalar(select(closed(literal(str(subject))))))


def closed(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """:func:`is_closed` as SQL, for a column that holds a household's id."""
    return exists().where(Parked.state.in_(OPEN), Parked.subjects.op("@>")(array([cast(column, Text)])))


async def _load(session: AsyncSession, parked_id: int) -> Parked:
    row = await session.get(Parked, parked_id)
    if row is None:
        raise Missing(N_("その番号の保留事象はありません。"))
    return row


async def _lock(session: AsyncSession, parked_id: int) -> Parked:
    source = (await _load(session, parked_id)).source
    await session.execute(select(Cursor.position).where(Cursor.source == source).with_for_update())
    row = await session.get_one(Parked, parked_id, populate_existing=True)
    if row.state not in OPEN:
        raise Conflict(N_("この事象はすでに処理されています。"))
    return row


def _line(row: Parked, rows: list[Parked]) -> ParkedLine:
    followers = [
        other
        for other in rows
        if other.state == "behind" and other.source == row.source and other.position > row.position
        and not set(other.subjects).isdisjoint(row.subjects)
    ]  # fmt: skip
    return _told(row, len(followers) if row.state in {"waiting", "parked"} else 0)


def _told(row: Parked, behind: int) -> ParkedLine:
    return ParkedLine(
        id=row.id,
        source=row.source,
        position=row.position,
        event_id=str(row.event_id),
        type=row.type,
        subjects=tuple(row.subjects),
        state=row.state,
        error_class=row.error_class,
        sqlstate=row.sqlstate,
        constraint=row.constraint_name,
        attempts=row.attempts,
        parked_at=row.parked_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        reason=row.reason,
        behind=behind,
    )


_Other = aliased(Parked)
_OPEN_WHERE = "FROM parked WHERE state IN ('waiting', 'parked', 'behind')"
_OPEN_LINES = text(f"SELECT id, state, subjects, next_try_at {_OPEN_WHERE} AND source = :source ORDER BY position")
_OPEN_SUBJECTS = text(f"SELECT DISTINCT unnest(subjects) {_OPEN_WHERE}")
_OPEN_SUBJECTS_OF = text(f"SELECT DISTINCT unnest(subjects) {_OPEN_WHERE} AND source = :source")
_COUNT = text(
    f"UPDATE cursor SET open_parked = (SELECT count(*) {_OPEN_WHERE} AND source = :source), updated_at = now() "  # noqa: S608
    "WHERE source = :source RETURNING open_parked"
)
