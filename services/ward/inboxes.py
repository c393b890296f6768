"""What the people of the made-up ward have read of what they were told, and what stayed unread for too long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.notify.actions.passing_up import pass_up_unread
from services.notify.actions.reading import give_receipts, take_notifications
from services.notify.tables import Notification
from services.ward.courier import Room
from services.ward.deeds import actor_of
from services.ward.staff import POSTS
from shared import clock
from shared.calendar import is_working_day
from shared.clock import TOKYO

_SITTINGS = (time(9, 10), time(13, 5), time(16, 20))
"""When people of the office look into their inboxes on a working day."""
_FIELD = frozenset({"outreach_lead", "outreach_worker"})
"""They look every day."""
_OVERLOOKED, _LEFT = 0.02, 0.04
"""Shares of what nobody reads in time, and of what has no deadline and just lies there."""
_FRESH, _LEFT_FRESH = timedelta(days=1), 0.3
_SOON_AFTER = timedelta(minutes=5)


class _Told(NamedTuple):
    """A notification as far as reading it goes."""

    id: UUID
    post: UUID
    sent_at: datetime
    read_by: datetime | None


async def read_inboxes(room: Room, seed: int, now: datetime) -> None:
    """Have everybody read what they were told until ``now``, at their own times; the rest goes up when it is due."""
    chance = Random(f"{seed}:inboxes")  # noqa: S311 - made-up people, no secret
    told = await _told(room)
    read = {one: at for one in told if (at := _read_at(one, chance, now)) is not None}
    await _read(room, read)
    for due in sorted({one.read_by for one in told if one not in read and one.read_by and one.read_by < now}):
        with clock.at(min(due + _SOON_AFTER, now)):
            await pass_up_unread(room.db)
    known = set(told)
    passed_up = [one for one in await _told(room) if one not in known]
    await _read(room, {one: at for one in passed_up[::2] if (at := _sitting(one, now)) is not None})


async def _told(room: Room) -> Sequence[_Told]:
    query = select(Notification.id, Notification.post, Notification.sent_at, Notification.read_by)
    async with room.db.read() as session:
        rows = await session.execute(query.order_by(Notification.sent_at, Notification.post, Notification.kind))
        return [_Told(*row) for row in rows]


async def _read(room: Room, read: Mapping[_Told, datetime]) -> None:
    """Post after post, sitting after sitting."""
    by_post: dict[UUID, list[_Told]] = defaultdict(list)
    for one in read:
        by_post[one.post].append(one)
    async with room.db.transaction() as session:
        for post in POSTS:
            theirs = by_post.get(post.id, [])
            if theirs:
                actor = actor_of(post)
                taken = await take_notifications(session, actor, [one.id for one in theirs])
                for one, notification in zip(theirs, taken, strict=True):
                    with clock.at(read[one]):
                        await give_receipts(session, actor, [notification])


def _read_at(one: _Told, chance: Random, now: datetime) -> datetime | None:
    """At the next sitting, or in time where that would be too late; None: it is still unread."""
    draw, share = chance.random(), chance.uniform(0.1, 0.6)
    at = _sitting(one, now)
    if one.read_by is not None and (at is None or at > one.read_by):
        at = one.sent_at + (one.read_by - one.sent_at) * share
    overlooked = _LEFT if one.read_by is None else _OVERLOOKED
    if now - one.sent_at < _FRESH:
        overlooked = _LEFT_FRESH
    return None if at is None or at > now or draw < overlooked else at


def _sitting(one: _Told, now: datetime) -> datetime | None:
    """When its post looks into the inbox next."""
    every_day = _ROLE[one.post] in _FIELD
    day = one.sent_at.astimezone(TOKYO).date()
    while day <= now.astimezone(TOKYO).date():
        for sitting in _SITTINGS:
            at = datetime.combine(day, sitting, TOKYO)
            if one.sent_at < at < now and (every_day or is_working_day(day)):
                return at
        day += timedelta(days=1)
    return None


_ROLE = {post.id: post.role for post in POSTS}
