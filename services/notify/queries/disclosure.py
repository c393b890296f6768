"""What notify holds about a household, for a disclosure request (開示請求): which posts were told of what, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from services.notify.tables import Notification
from shared.disclosure import Export, Part, say
from shared.i18n import current_locale

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor
    from shared.service import Service


async def collect_parts(session: AsyncSession, here: Service, actor: Actor, household: UUID) -> Export:
    """A part for each notification about the household. Whoever handles requests may see that posts were told."""
    del actor
    rows = await session.scalars(
        select(Notification).where(Notification.household == household).order_by(Notification.sent_at, Notification.id)
    )
    parts = [
        Part(
            service="notify",
            kind="notification",
            id=str(row.id),
            at=row.sent_at,
            post=row.post,
            said=[
                *say("what", here.codes.label("NOTIFICATION_KIND", row.kind, current_locale())),
                *say("number", row.case_number),
                *say("read", row.read_at),
            ],
        )
        for row in rows
    ]
    return Export(service="notify", parts=parts, accesses=[])
