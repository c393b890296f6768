"""The end of a meeting's materials: recalled by the chair, with the case, or by themselves when their term is over."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from services.casework.actions.disclosing import end_disclosures
from services.casework.actions.files import open_files
from services.casework.actions.keeping import add_happening, refresh_case
from services.casework.tables import Case, Meeting, MeetingMaterial, MeetingMember
from shared import clock
from shared.events.casework import MeetingMemberReleased
from shared.spine import hold, record

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.identity import Actor

_AT_ONCE = 200


async def recall_materials(
    session: AsyncSession, case: Case, meeting: Meeting, *, actor: Actor | None, at: datetime, why: str = "recalled"
) -> None:
    """Close what was laid before a meeting; its members see the household no more by sitting in it. Once is enough."""
    if not meeting.named or meeting.recalled_at is not None:
        return
    meeting.recalled_at = at
    laid = await session.scalars(select(MeetingMaterial.id).where(MeetingMaterial.meeting == meeting.id))
    await end_disclosures(session, laid.all(), why, at)
    add_happening(session, case.id, "meeting_recalled", at, post=actor.post if actor else None, code=meeting.kind)
    seats = await session.scalars(
        select(MeetingMember).where(MeetingMember.meeting == meeting.id, MeetingMember.released_at.is_(None))
    )
    for seat in seats.all():
        await state_released(session, case, meeting, seat.post, why, actor=actor, at=at)


async def recall_meetings(session: AsyncSession, case: Case, *, actor: Actor, at: datetime) -> None:
    """The case has ended, and with it every meeting about it."""
    for meeting in await session.scalars(select(Meeting).where(Meeting.case_id == case.id, Meeting.named.is_(True))):
        await recall_materials(session, case, meeting, actor=actor, at=at, why="case_closed")


async def state_released(
    session: AsyncSession,
    case: Case,
    meeting: Meeting,
    post: UUID,
    why: str,
    *,
    actor: Actor | None,
    at: datetime,
) -> None:
    """State that a post sees the household no more by sitting in this meeting."""
    fact = MeetingMemberReleased(household=case.household, case=case.id, meeting=meeting.id, post=post, reason=why)
    await record(session, fact, actor=actor, occurred_at=at)


async def sweep_meetings(db: Database) -> int:
    """Recall what is due; how many meetings. Each case in a transaction of its own."""
    async with db.read() as session:
        query = select(Case.household, Case.id).join(Meeting, Meeting.case_id == Case.id).where(_due())
        found = {(household, case) for household, case in (await session.execute(query.limit(_AT_ONCE))).all()}
    recalled = 0
    for household, case_id in sorted(found):
        async with db.transaction() as session:
            await hold(session, household)
            for file in await open_files(session, [case_id]):
                due = await session.scalars(select(Meeting).where(Meeting.case_id == case_id, _due()))
                for meeting in due.all():
                    await recall_materials(session, file.case, meeting, actor=None, at=clock.now())
                    recalled += 1
                await refresh_case(session, file.case)
    return recalled


def _due() -> ColumnElement[bool]:
    return and_(Meeting.named.is_(True), Meeting.recalled_at.is_(None), Meeting.recall_on <= clock.today())
