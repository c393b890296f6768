"""What nobody read in time goes up: to who sent it or to the managers, with the fact that it stayed unread."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update

from services.notify.actions.telling import put, rules_now
from services.notify.queries.people import Subject, find_people, subject_of
from services.notify.rules.notices import Notice, Rule
from services.notify.tables import Notification
from shared import clock
from shared.events.notify import NotificationUnanswered
from shared.spine import derived_id, hold, record

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database

PORTION = 100
UNANSWERED = "unanswered"
"""The kind of what is passed up; it is not passed up again."""


def is_due(now: datetime, read_minutes: int | None) -> ColumnElement[bool]:
    """Past its deadline; ``read_minutes`` since it was sent counts instead where the settings say so."""
    due: ColumnElement[bool] = Notification.read_by <= now
    if read_minutes is not None:
        due = or_(due, Notification.sent_at <= now - timedelta(minutes=read_minutes))
    return and_(
        Notification.read_by.is_not(None),
        due,
        Notification.read_at.is_(None),
        Notification.settled_at.is_(None),
        Notification.escalated_at.is_(None),
    )


async def pass_up_unread(db: Database, read_minutes: int | None = None) -> int:
    """Pass up a portion of what is due; answers how many stayed unread."""
    async with db.read() as session:
        due = await session.execute(
            select(Notification.id, Notification.household, Notification.post)
            .where(is_due(clock.now(), read_minutes))
            .order_by(Notification.read_by)
            .limit(PORTION)
        )
        found = [(row.id, row.household or row.post) for row in due]
    passed = 0
    for notification_id, subject in found:
        async with db.transaction() as session:
            await hold(session, subject)
            passed += await _pass_up(session, notification_id, read_minutes)
    return passed


async def _pass_up(session: AsyncSession, notification_id: UUID, read_minutes: int | None) -> int:
    now = clock.now()
    statement = select(Notification).where(Notification.id == notification_id, is_due(now, read_minutes))
    unread = await session.scalar(statement)
    if unread is None:
        return 0
    rules = await rules_now(session)
    rule = rules.get(unread.kind)
    if rule is None or (not rule.each and await _taken_by_others(session, unread)):
        await _mark(session, unread, settled=True, at=now)
        return 0
    await _mark(session, unread, settled=False, at=now)
    targets = await _targets(session, rule, unread)
    if UNANSWERED in rules and targets:
        await _tell(session, rules, unread, targets)
    await record(
        session,
        NotificationUnanswered(
            notification=unread.id,
            post=unread.post,
            household=unread.household,
            because=unread.because,
            escalated_to=tuple(targets),
        ),
    )
    return 1


async def _taken_by_others(session: AsyncSession, unread: Notification) -> bool:
    statement = select(Notification.id).where(
        Notification.because == unread.because, Notification.kind == unread.kind, Notification.read_at.is_not(None)
    )
    return await session.scalar(statement.limit(1)) is not None


async def _mark(session: AsyncSession, unread: Notification, *, settled: bool, at: datetime) -> None:
    values: dict[str, Any] = {"settled_at": at} if settled else {"escalated_at": at}
    await session.execute(update(Notification).where(Notification.id == unread.id).values(values))


async def _targets(session: AsyncSession, rule: Rule, unread: Notification) -> list[UUID]:
    """The first of the rule's next recipients who is somebody else."""
    fields = _fields(unread, rule)
    subject = await subject_of(session, fields)
    people = await find_people(session, rule.up, fields, subject)
    for name in (*rule.up, "manager"):
        others = [post for post in people.get(name, ()) if post != unread.post]
        if others:
            return others
    return []


async def _tell(session: AsyncSession, rules: dict[str, Rule], unread: Notification, targets: list[UUID]) -> None:
    subject = Subject(unread.household, unread.case, unread.case_number, None, None, unread.urgency)
    because = derived_id(unread.because, "unread", unread.kind)
    path, _, after = unread.path.partition("after=")
    del path
    made = await put(
        session,
        [Notice(UNANSWERED, post, None) for post in targets],
        rules,
        fields=_fields(unread, rules[unread.kind]),
        subject=subject,
        because=because,
        after=after,
        type_=unread.cause_type,
    )
    await session.execute(
        update(Notification)
        .where(Notification.id.in_(made))
        .values(passed_up_from=unread.id, path=unread.path, about=unread.about, urgent=unread.urgent)
    )


def _fields(unread: Notification, rule: Rule) -> dict[str, Any]:
    """What the fact said, as far as the notification has kept it."""
    fields: dict[str, Any] = {
        "household": str(unread.household) if unread.household else None,
        "case": str(unread.case) if unread.case else None,
    }
    if rule.about and unread.about:
        fields[rule.about] = str(unread.about)
    return fields
