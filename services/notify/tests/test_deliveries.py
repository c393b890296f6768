"""What the operator is told of the channels beside the inbox."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select

from services.notify.queries.deliveries import count_deliveries
from services.notify.tables import Delivery, Notification
from shared import clock

from .conftest import Ward
from .test_telling import invited, requested


async def test_what_waits_and_what_was_given_up_is_counted_by_channel(ward: Ward) -> None:
    await ward.open_case()
    await ward.hear(invited(ward), by=ward["coordinator"])
    await ward.hear(requested(ward), by=ward["coordinator"])
    now = clock.now()
    async with ward.db.transaction() as session:
        assert await count_deliveries(session) == []
        notifications = list(await session.scalars(select(Notification).order_by(Notification.id)))
        assert len(notifications) >= 3
        states = [("waiting", now), ("failed", now), ("failed", now - timedelta(days=8)), ("sent", now)]
        rows = [
            {"notification": one.id, "channel": "email", "state": state, "send_at": at, "attempts": 1}
            for one, (state, at) in zip(notifications, states, strict=False)
        ]
        await session.execute(insert(Delivery), rows)
        (found,) = await count_deliveries(session)
    assert (found.channel, found.waiting, found.failed) == ("email", 1, 1)
    assert found.oldest_at == notifications[0].sent_at
