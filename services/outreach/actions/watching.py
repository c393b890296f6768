"""What outreach notices by itself: workers who have not come out, households that have been silent too long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.outreach.actions.reporting import counters_of, ladder_of
from services.outreach.actions.staging import again
from services.outreach.rules import visits
from services.outreach.rules.results import step_after
from services.outreach.tables import ContactRecord, Visit
from shared import clock
from shared.events.outreach import AbsenceRepeated, CheckinMissed
from shared.spine import hold, record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.db import Database

PORTION = 50
"""Households looked at in one transaction."""


async def look_for_missing_workers(db: Database) -> int:
    """Tell of every visit whose 出た is overdue, once; answers how many."""
    async with db.read() as session:
        late = await session.execute(
            select(Visit.id, Visit.household)
            .where(
                Visit.state == visits.VisitState.STARTED,
                Visit.left_at.is_(None),
                Visit.missed_at.is_(None),
                Visit.check_out_due <= clock.now(),
            )
            .order_by(Visit.check_out_due)
            .limit(PORTION)
        )
        found = [(row.id, row.household) for row in late]
    told = 0
    for visit_id, household in found:
        async with db.transaction() as session:
            told += await _tell_missing(session, visit_id, household)
    return told


async def _tell_missing(session: AsyncSession, visit_id: UUID, household: UUID) -> int:
    await hold(session, household)
    row = await session.get(Visit, visit_id)
    if row is None:
        return 0
    visit, facts = await again(session, row)
    now = clock.now()
    if visit.missed_at is not None or visit.check_out_due is None or not visits.is_overdue(facts, now):
        return 0
    visit.missed_at = now
    await record(
        session,
        CheckinMissed(
            household=visit.household,
            case=visit.case,
            request=visit.request,
            visit=visit.id,
            workers=facts.workers,
            due_at=visit.check_out_due,
        ),
        occurred_at=visit.check_out_due,
    )
    return 1


async def look_for_silence(db: Database, codes: Codes) -> int:
    """Climb the ladder by days: households absent before that have shown nothing for too long; answers how many."""
    ladder = ladder_of(codes)
    by_days = [step for step in ladder if step.days is not None]
    if not by_days:
        return 0
    highest = max(by_days, key=lambda step: step.absences)
    since = clock.now() - timedelta(days=min(step.days or 0 for step in by_days))
    async with db.read() as session:
        silent = await session.scalars(
            select(ContactRecord.household)
            .where(
                ContactRecord.absences > 0,
                ContactRecord.step.is_distinct_from(highest.code),
                ContactRecord.first_visit_at <= since,
                (ContactRecord.last_reaction_at.is_(None)) | (ContactRecord.last_reaction_at <= since),
            )
            .order_by(ContactRecord.household)
            .limit(PORTION)
        )
        households = list(silent)
    told = 0
    for household in households:
        async with db.transaction() as session:
            told += await _climb(session, household, codes)
    return told


async def _climb(session: AsyncSession, household: UUID, codes: Codes) -> int:
    await hold(session, household)
    row = await session.get(ContactRecord, household)
    if row is None:
        return 0
    await session.refresh(row)
    step = step_after(ladder_of(codes), counters_of(row), clock.now())
    last = await session.scalar(
        select(Visit)
        .where(Visit.household == household, Visit.state == visits.VisitState.REPORTED)
        .order_by(Visit.occurred_at.desc())
        .limit(1)
    )
    if step is None or step.code == row.step or last is None:
        return 0
    row.step = step.code
    await record(
        session,
        AbsenceRepeated(
            household=household,
            case=last.case,
            request=last.request,
            visit=last.id,
            absences=row.absences,
            step=step.code,
        ),
    )
    return 1
