"""The receipt (受け取り), and how a post wants to be reached."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.notify.queries.inbox import load_notifications
from services.notify.rules.quiet import choose_quiet
from services.notify.tables import Notification, Preference
from shared import clock
from shared.errors import Conflict, Refused
from shared.events.notify import NotificationRead
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.identity import Actor


async def acknowledge(session: AsyncSession, actor: Actor, notification_id: UUID) -> Notification:
    """Opened or acknowledged: the receipt is given once, however often it is pressed."""
    (notification,) = await take_notifications(session, actor, [notification_id])
    await give_receipts(session, actor, [notification])
    return notification


async def take_notifications(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> list[Notification]:
    """Hold what the actor's post was told, as it stands now, in the order of ``ids``. Missing: one is not theirs."""
    seen = await load_notifications(session, actor, ids)
    await hold(session, *{one.household or one.post for one in seen})
    found = {one.id: one for one in await load_notifications(session, actor, ids)}
    return [found[id_] for id_ in ids]


async def give_receipts(session: AsyncSession, actor: Actor, taken: Iterable[Notification]) -> None:
    """The receipts for what was taken; what had been read before stays as it was."""
    for notification in taken:
        if notification.read_at is not None:
            continue
        notification.read_at = clock.now()
        await record(
            session,
            NotificationRead(
                notification=notification.id,
                post=notification.post,
                household=notification.household,
                because=notification.because,
            ),
            actor=actor,
        )


async def choose_channels(
    session: AsyncSession,
    actor: Actor,
    codes: Codes,
    *,
    channels: Sequence[str],
    email: str | None,
    quiet_since: time | None,
    quiet_until: time | None,
    version: int | None,
) -> Preference:
    """Set the channels and quiet hours of the actor's own post. The inbox can't be left."""
    if not all(codes.is_choice("CHANNEL", channel) for channel in channels):
        raise Refused(N_("選べない連絡手段です。"), field="channels")
    if "email" in channels and not email:
        raise Refused(N_("メールを受け取るには、アドレスを入れてください。"), field="email")
    quiet = choose_quiet(quiet_since, quiet_until)
    row = await session.scalar(select(Preference).where(Preference.post == actor.post).with_for_update())
    if row is not None and version is not None and row.version != version:
        raise Conflict(N_("別の画面で設定が変わっています。開き直してください。"))
    if row is None:
        row = Preference(post=actor.post)
        session.add(row)
    row.channels = list(dict.fromkeys(["inbox", *channels]))
    row.email = email
    row.quiet_since = quiet.since if quiet else None
    row.quiet_until = quiet.until if quiet else None
    await session.flush()
    return row
