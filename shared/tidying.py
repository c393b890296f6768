"""What every service throws away by itself, by the periods of ``shared/periods.py``: nothing of it is a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, text

from shared import clock
from shared.drafts import Draft
from shared.idempotency import IdempotencyKey
from shared.periods import days_kept

if TYPE_CHECKING:
    from shared.db import Database
    from shared.service import Service

TIDY_EVERY = 3600.0
_FORGET_SETTLED = text("DELETE FROM parked WHERE state IN ('done', 'skipped') AND resolved_at < :before")


async def tidy(db: Database) -> None:
    """Throw away drafts, keys and settled parked events whose time is over. Doing it again changes nothing."""
    now = clock.now()
    async with db.transaction() as session:
        await session.execute(delete(Draft).where(Draft.expires_at < now))
        keys = now - await days_kept(session, "idempotency_key")
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < keys))
        await session.execute(_FORGET_SETTLED, {"before": now - await days_kept(session, "parked_event")})


async def tidy_service(service: Service) -> None:
    """:func:`tidy` as a service does it by itself."""
    await tidy(service.db)
