"""How the channels beside the inbox are doing: counts for the operator, nobody's message."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from services.notify.tables import Delivery, Notification
from shared import clock
from shared.operations import DeliveryCount

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

LATELY = timedelta(days=7)
"""How long a message that was given up is counted."""


async def count_deliveries(session: AsyncSession) -> list[DeliveryCount]:
    """One line a channel on which anything waits or was given up in the last seven days."""
    waiting = (
        select(Delivery.channel, func.count(), func.min(Notification.sent_at))
        .join(Notification, Notification.id == Delivery.notification)
        .where(Delivery.state == "waiting")
        .group_by(Delivery.channel)
    )
    failed = (
        select(Delivery.channel, func.count())
        .where(Delivery.state == "failed", Delivery.send_at > clock.now() - LATELY)
        .group_by(Delivery.channel)
    )
    waits = {channel: (count, oldest) for channel, count, oldest in (await session.execute(waiting)).all()}
    gave_up = {channel: int(count) for channel, count in (await session.execute(failed)).all()}
    return [
        DeliveryCount(
            channel,
            waiting=waits[channel][0] if channel in waits else 0,
            failed=gave_up.get(channel, 0),
            oldest_at=waits[channel][1] if channel in waits else None,
        )
        for channel in sorted({*waits, *gave_up})
    ]
