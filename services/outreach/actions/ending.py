"""Taking things back: requests that are off, posts that have ended, households that must be forgotten.

These are called by handlers, some of them for facts that never wait (they take a right away): doing any of them twice
changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from sqlalchemy import delete, select, update

from services.outreach.actions.staging import facts_of, workers_on, write_back
from services.outreach.rules import visits as rules
from services.outreach.tables import Base, Visit, VisitRequest, VisitWorker
from shared.erasure import erase_rows, forget_everything
from shared.events.outreach import HouseholdForgotten
from shared.spine import hold, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

REPORT_FORM = "visit-report"
FORMS = (REPORT_FORM, "visit-note")
"""Names of the forms at the door, as their drafts are kept."""

_ENDED = (rules.VisitState.REPORTED, rules.VisitState.CANCELLED)


def draft_of(form: str, visit: UUID, person: UUID) -> UUID:
    """The id of a person's draft of a form about a visit: found again on the next device."""
    return uuid5(visit, f"{form}/{person}")


async def cancel_requests(session: AsyncSession, request_ids: Sequence[UUID], at: datetime) -> None:
    """Call off what was asked for and every visit that is still to come; workers at the door finish theirs."""
    await session.execute(
        update(VisitRequest)
        .where(VisitRequest.id.in_(request_ids), VisitRequest.state.in_(["open", "planned"]))
        .values(state="cancelled")
    )
    await session.execute(delete(Visit).where(Visit.request.in_(request_ids), Visit.state == rules.VisitState.PROPOSED))
    to_come = await session.scalars(
        select(Visit)
        .where(Visit.request.in_(request_ids), Visit.state.not_in([*_ENDED, rules.VisitState.STARTED]))
        .execution_options(populate_existing=True)
    )
    for visit in to_come:
        decided = rules.cancel(facts_of(visit, await workers_on(session, visit.id)))
        await write_back(session, visit, decided, at)


async def unstaff(session: AsyncSession, post: UUID, at: datetime) -> None:
    """A post has ended: its visits to come must be staffed again."""
    mine = select(VisitWorker.visit).where(VisitWorker.post == post)
    to_come = (
        select(Visit)
        .where(Visit.id.in_(mine), Visit.state.not_in([*_ENDED, rules.VisitState.STARTED]))
        .execution_options(populate_existing=True)
    )
    await hold(session, *{visit.household for visit in await session.scalars(to_come)})
    for visit in (await session.scalars(to_come)).all():
        decided = rules.drop_worker(facts_of(visit, await workers_on(session, visit.id)), post)
        await write_back(session, visit, decided, at)


async def erase_household(session: AsyncSession, household: UUID) -> None:
    """Erase everything written about a household: notes, half-written forms, visits, counters, and its log."""
    erased = await erase_rows(session, Base.metadata, household)
    await forget_everything(session, household, erased.ids)
    await record(session, HouseholdForgotten(household=household, classes=erased.classes))
