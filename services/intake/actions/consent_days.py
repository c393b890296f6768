"""What days do to consents: an oral one that nobody confirmed lapses, a period ends, and somebody is reminded before.

Run every quarter of an hour; each household for itself, so that one that is held for long keeps no other waiting.
Doing it again, or twice at once, changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, not_, or_, select

from services.intake.actions.consents import end_consent
from services.intake.queries.consents import facts_of, reminders
from services.intake.rules.consent import ConsentState, ends_by_itself, remind
from services.intake.tables import Consent
from shared import clock
from shared.events.intake import ConsentReminded
from shared.spine import hold, record

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.rules.consent import Reminder
    from shared.service import Service

_GIVEN = (ConsentState.SIGNED.value, ConsentState.ORAL.value)
PORTION = 200


async def keep_days_of_consents(service: Service) -> int:
    """End what is over and remind of what is due, everywhere; how many consents were touched."""
    today, touched, last = clock.today(), 0, None
    while True:
        async with service.db.read() as session:
            due = await _due(session, today, await reminders(session), last)
        if not due:
            return touched
        for consent, household in due:
            last = consent
            async with service.db.transaction() as session:
                await hold(session, household)
                touched += await _look_at(session, consent, today)


async def _due(
    session: AsyncSession, today: date, known: list[Reminder], after: UUID | None
) -> list[tuple[UUID, UUID]]:
    """Consents that may have come to a day, by their ids: (consent, household)."""
    told: list[ColumnElement[bool]] = []
    said_on = func.date(func.timezone("Asia/Tokyo", Consent.recorded_at))
    for one in known:
        fresh = not_(Consent.reminded.contains([one.code]))
        if one.days_after_oral is not None:
            since = today - timedelta(days=one.days_after_oral)
            told.append(and_(Consent.confirm_by.is_not(None), said_on <= since, fresh))
        if one.days_before_end is not None:
            until = today + timedelta(days=one.days_before_end)
            told.append(and_(Consent.ends_on <= until, said_on < today, fresh))
    query = (
        select(Consent.id, Consent.household_id)
        .where(
            Consent.state.in_(_GIVEN),
            Consent.withdrawn_at.is_(None),
            or_(Consent.confirm_by < today, Consent.ends_on < today, *told),
        )
        .order_by(Consent.id)
        .limit(PORTION)
    )
    rows = await session.execute(query if after is None else query.where(Consent.id > after))
    return [(consent, household) for consent, household in rows]


async def _look_at(session: AsyncSession, consent: UUID, today: date) -> int:
    """One consent, held: 1 when its day had come."""
    found = await session.get(Consent, consent, populate_existing=True)
    if found is None:
        return 0
    facts = facts_of(found)
    over = ends_by_itself(facts, today)
    if over is not None:
        await end_consent(session, found, over, None)
        return 1
    reminder, last_day, past = remind(facts, await reminders(session), found.reminded, today)
    if reminder is None or last_day is None:
        return 0
    found.reminded = sorted({*found.reminded, *past})
    event = ConsentReminded(
        household=found.household_id,
        consent=found.id,
        member=found.member_id,
        reminder=reminder.code,
        post=found.recorded_by,
        due_on=last_day,
    )
    await record(session, event)
    return 1
