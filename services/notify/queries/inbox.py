"""Inboxes: what waits for a post, why, until when; and who was told about a household."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, cast
from uuid import UUID

from sqlalchemy import and_, exists, func, literal_column, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from services.notify.tables import Case, Household, Notification
from shared.errors import Missing
from shared.i18n import N_
from shared.identity import COORDINATING
from shared.spine import closed

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

PAGE = 50
AREA_ROLES: Final = COORDINATING | {"caseworker"}
"""Posts that answer for an area, or for the whole ward."""
_NO_SUCH = N_("その通知はありません。")
Filter = Literal["waiting", "all"]


@dataclass(frozen=True, slots=True)
class Line:
    """One notification; ``unread``: the kind of what nobody read in time, where it was passed up."""

    notification: Notification
    unread: str | None
    taken_by_others: bool
    """Somebody else who was told the same has read it."""

    @property
    def waiting(self) -> bool:
        """Whether it still waits for this post."""
        return self.notification.read_at is None and self.notification.settled_at is None

    def late(self, now: datetime) -> bool:
        """Whether it waits past its deadline."""
        return self.waiting and self.notification.read_by is not None and self.notification.read_by <= now


def _waiting() -> ColumnElement[bool]:
    return and_(Notification.read_at.is_(None), Notification.settled_at.is_(None))


async def read_inbox(
    session: AsyncSession, actor: Actor, *, wanted: Filter = "waiting", after: UUID | None = None, limit: int = PAGE
) -> list[Line]:
    """The inbox of the actor's post: what waits, the most pressing first; or everything, the latest first."""
    before, other = aliased(Notification), aliased(Notification)
    taken = (
        select(other.id)
        .where(other.because == Notification.because, other.kind == Notification.kind, other.read_at.is_not(None))
        .exists()
    )
    statement = (
        select(Notification, before.kind, taken)
        .outerjoin(before, before.id == Notification.passed_up_from)
        .where(Notification.post == actor.post)
        .limit(limit)
    )
    if wanted == "waiting":
        pressing = func.coalesce(Notification.read_by, literal_column("'infinity'::timestamptz"))
        statement = statement.where(_waiting()).order_by(pressing, Notification.id)
        if after is not None:
            last = await _own(session, actor, after)
            edge = func.coalesce(last.read_by, literal_column("'infinity'::timestamptz"))
            statement = statement.where(tuple_(pressing, Notification.id) > tuple_(edge, last.id))
    else:
        statement = statement.order_by(Notification.sent_at.desc(), Notification.id.desc())
        if after is not None:
            last = await _own(session, actor, after)
            statement = statement.where(
                or_(
                    Notification.sent_at < last.sent_at,
                    and_(Notification.sent_at == last.sent_at, Notification.id < last.id),
                )
            )
    rows = await session.execute(statement)
    return [Line(notification, unread, bool(others)) for notification, unread, others in rows]


async def count_waiting(session: AsyncSession, actor: Actor, now: datetime) -> tuple[int, int]:
    """How many wait for the actor's post, and how many of them past their deadline."""
    row = (
        await session.execute(
            select(func.count(), func.count().filter(Notification.read_by <= now)).where(
                Notification.post == actor.post, _waiting()
            )
        )
    ).one()
    return row[0], row[1]


async def load_notification(session: AsyncSession, actor: Actor, notification_id: UUID) -> Notification:
    """One notification of the actor's own inbox; Missing for anybody else's."""
    return await _own(session, actor, notification_id)


async def load_notifications(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> list[Notification]:
    """Notifications of the actor's own inbox as they stand now; Missing when one is anybody else's."""
    query = select(Notification).where(Notification.id.in_(ids), Notification.post == actor.post)
    found = list(await session.scalars(query.execution_options(populate_existing=True)))
    if len(found) < len(set(ids)):
        raise Missing(_NO_SUCH)
    return found


async def told_about(session: AsyncSession, actor: Actor, household: UUID, limit: int = 30) -> list[Notification]:
    """Who was told what about a household and has read it: all of it for who answers for the household.

    That is the owner of its case, and of ward or area the caseworkers, coordinators and managers, unless somebody there
    is protected. Anybody else sees what they were told themselves.
    """
    rows = await session.scalars(
        select(Notification)
        .where(Notification.household == household, or_(Notification.post == actor.post, _answers_for(actor)))
        .order_by(Notification.sent_at.desc(), Notification.id.desc())
        .limit(limit)
    )
    return list(rows)


def _answers_for(actor: Actor) -> ColumnElement[bool]:
    owns = exists().where(Case.household == Notification.household, Case.owner == actor.post, Case.closed.is_(False))
    if actor.role not in AREA_ROLES:
        return owns
    here = or_(Household.area.in_(sorted(actor.areas)), Household.area.is_(None)) if actor.areas else true()
    home = (Household.id == Notification.household, Household.protected.is_(False), here)
    return or_(owns, and_(exists().where(*home), ~closed(cast("ColumnElement[UUID]", Notification.household))))


async def _own(session: AsyncSession, actor: Actor, notification_id: UUID) -> Notification:
    found = await session.scalar(
        select(Notification).where(Notification.id == notification_id, Notification.post == actor.post)
    )
    if found is None:
        raise Missing(_NO_SUCH)
    return found
