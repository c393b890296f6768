"""Taking things back: requests that are off, posts that have ended, households that must be forgotten.

These are called by handlers, some of them for facts that never wait (they take a right away): doing any of them twice
changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.outreach.actions.staging import facts_of, workers_on, write_back
from services.outreach.rules import visits as rules
from services.outreach.tables import (
    Case,
    ContactRecord,
    ErasedHousehold,
    Household,
    MemberMeeting,
    Note,
    Protection,
    Visit,
    VisitRequest,
    VisitWorker,
)
from shared.drafts import forget_drafts
from shared.spine import hold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

FORMS = ("visit-report", "visit-note")
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


async def protect_household(session: AsyncSession, household: UUID, protection: UUID) -> None:
    """Forget where they are. A protection that was ended already stays ended."""
    await session.execute(
        insert(Protection).values(id=protection, household=household, ended=False).on_conflict_do_nothing()
    )
    await refresh_protection(session, household)


async def refresh_protection(session: AsyncSession, household: UUID) -> None:
    """Set whether anybody in the household is protected; while so, no area and no district is kept."""
    statement = select(Protection.id).where(Protection.household == household, Protection.ended.is_(False)).limit(1)
    protected = await session.scalar(statement) is not None
    row: dict[str, object] = {"protected": protected}
    if protected:
        row |= {"area": None, "district": None}
        await session.execute(
            update(VisitRequest).where(VisitRequest.household == household).values(area=None, district=None)
        )
        await session.execute(update(Case).where(Case.household == household).values(area=None))
    await session.execute(
        insert(Household).values(id=household, **row).on_conflict_do_update(index_elements=[Household.id], set_=row)
    )


async def erase_household(session: AsyncSession, household: UUID, at: datetime) -> None:
    """Erase everything held about a household: notes, half-written forms, visits, requests, counters.

    The id stays, so that nothing that comes late brings it back.
    """
    visits = (await session.scalars(select(Visit.id).where(Visit.household == household))).all()
    await forget_drafts(session, household, visits)
    for table in (MemberMeeting, Note, Visit, VisitRequest, Case, Protection):
        await session.execute(delete(table).where(table.household == household))
    await session.execute(delete(ContactRecord).where(ContactRecord.household == household))
    await session.execute(delete(Household).where(Household.id == household))
    await session.execute(insert(ErasedHousehold).values(id=household, erased_at=at).on_conflict_do_nothing())


async def is_erased(session: AsyncSession, household: UUID) -> bool:
    """Whether a household was erased: what still comes about it is dropped."""
    return await session.get(ErasedHousehold, household) is not None
