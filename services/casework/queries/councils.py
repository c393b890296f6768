"""Meetings of named members as their members see them: sheet, seats, materials. Nobody else sees anything."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import any_, func, literal, select, update

from services.casework.queries.access import NOT_HERE, find_sight
from services.casework.queries.cases import types_of
from services.casework.queries.views import TypeView, View
from services.casework.rules import councils, sharing
from services.casework.tables import (
    Case,
    Disclosure,
    Household,
    Invitation,
    Meeting,
    MeetingMaterial,
    MeetingMember,
    Post,
)
from shared import clock
from shared.codes import code_list
from shared.errors import Missing

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor


class SeatView(View):
    """A named member of a meeting, and the day of its signed secrecy notice."""

    post: UUID
    agency: str
    secrecy_on: date | None
    released_at: datetime | None


class MaterialView(View):
    """A sheet laid before a meeting."""

    id: UUID
    post: UUID
    agency: str
    items: list[str]
    known: str
    doing: str
    wanted: str
    asks: str
    laid_at: datetime
    withdrawn_at: datetime | None


class SheetView(View):
    """A meeting as one of its members sees it. ``sees``: signed, and the materials are not recalled."""

    id: UUID
    kind: str
    basis: str
    reason: str | None
    state: str
    starts_at: datetime
    held_at: datetime | None
    place: str
    anonymous: bool
    called_by: UUID
    recall_on: date | None
    recalled_at: datetime | None
    open: bool
    sees: bool
    signed: bool
    member: bool
    chairs: bool
    case: UUID | None
    number: str | None
    household: UUID | None
    urgency: str | None
    worries: list[str]
    safety_flags: list[str]
    types: list[TypeView]
    agencies: list[str]
    minutes: str
    seats: list[SeatView]
    materials: list[MaterialView]
    household_for_audit: UUID
    """Whose log the look belongs to; never shown."""


async def load_meeting(session: AsyncSession, actor: Actor, meeting_id: UUID) -> Meeting:
    """A meeting of named members that the actor sits in or chairs; Missing otherwise, whether it exists or not."""
    meeting = await session.get(Meeting, meeting_id)
    if meeting is None or not meeting.named:
        raise Missing(NOT_HERE)
    seat = await find_seat(session, meeting.id, actor.post)
    if seat is not None and seat.released_at is None:
        return meeting
    case = await session.get_one(Case, meeting.case_id)
    if not await chairs(session, actor, case, meeting):
        raise Missing(NOT_HERE)
    return meeting


async def find_seat(session: AsyncSession, meeting: UUID, post: UUID) -> MeetingMember | None:
    """A post's seat, also one that it has lost."""
    return await session.get(MeetingMember, (meeting, post))


async def chairs(session: AsyncSession, actor: Actor, case: Case, meeting: Meeting) -> bool:
    """Whether the actor chairs it: who called it; once that post has ended, who coordinates the case."""
    if actor.post == meeting.called_by:
        return True
    caller = await session.get(Post, meeting.called_by)
    if caller is not None and caller.ended_at is None:
        return False
    _, seen = await find_sight(session, actor, case.id)
    return seen.lets("coordinate")


def facts_of(seat: MeetingMember | None) -> councils.SeatFacts | None:
    """A seat as the rules see it."""
    if seat is None:
        return None
    return councils.SeatFacts(signed=seat.secrecy_on is not None, released=seat.released_at is not None)


def is_open(meeting: Meeting) -> bool:
    """Whether its materials are shown still: neither recalled nor due to be (as ``grounds.is_open`` in SQL)."""
    over = meeting.recall_on is None or meeting.recall_on <= clock.today()
    return meeting.named and meeting.state != "cancelled" and meeting.recalled_at is None and not over


async def sees_sheet(session: AsyncSession, actor: Actor, meeting: Meeting) -> bool:
    """Whether the reader may see what is laid before the meeting: named, bound by its secrecy, not yet recalled."""
    seat = facts_of(await find_seat(session, meeting.id, actor.post))
    return seat is not None and seat.signed and not seat.released and is_open(meeting)


async def recall_terms(session: AsyncSession) -> list[councils.RecallTerm]:
    """After how many days materials are recalled: the ward's dated list."""
    return [
        councils.RecallTerm.read(row.attributes)
        for row in (await code_list(session, "RECALL_TERM")).values()
        if row.active
    ]


async def read_sheet(session: AsyncSession, actor: Actor, meeting: Meeting) -> SheetView:
    """The sheet of a meeting for one of its members. Without a signed secrecy notice: seats and dates alone.

    In an anonymous meeting it does not say which household it is, to nobody.
    """
    case = await session.get_one(Case, meeting.case_id)
    household = await session.get_one(Household, case.household)
    seats = (
        await session.scalars(
            select(MeetingMember).where(MeetingMember.meeting == meeting.id).order_by(MeetingMember.named_at)
        )
    ).all()
    own = next((seat for seat in seats if seat.post == actor.post and seat.released_at is None), None)
    sees = await sees_sheet(session, actor, meeting)
    named, chaired = sees and not meeting.anonymous, await chairs(session, actor, case, meeting)
    laid = (
        await session.scalars(
            select(MeetingMaterial).where(MeetingMaterial.meeting == meeting.id).order_by(MeetingMaterial.laid_at)
        )
    ).all()
    shown = [one for one in laid if one.post == actor.post or (sees and one.withdrawn_at is None)]
    agencies = await session.scalars(
        select(Invitation.agency).where(
            Invitation.case_id == case.id, Invitation.state.in_(sorted(sharing.TAKING_PART))
        )
    )
    return SheetView(
        id=meeting.id,
        kind=meeting.kind,
        basis=meeting.basis,
        reason=meeting.reason,
        state=meeting.state,
        starts_at=meeting.starts_at,
        held_at=meeting.held_at,
        place=meeting.place if chaired or is_open(meeting) else "",
        anonymous=meeting.anonymous,
        called_by=meeting.called_by,
        recall_on=meeting.recall_on,
        recalled_at=meeting.recalled_at,
        open=is_open(meeting),
        sees=sees,
        signed=own is not None and own.secrecy_on is not None,
        member=own is not None,
        chairs=chaired,
        case=case.id if named else None,
        number=case.number if named else None,
        household=case.household if named else None,
        urgency=case.urgency if sees else None,
        worries=household.worries if sees else [],
        safety_flags=household.safety_flags if sees else [],
        types=(await types_of(session, [household.id])).get(household.id, []) if sees else [],
        agencies=sorted(agencies.all()) if sees else [],
        minutes=meeting.minutes if sees or actor.post == meeting.called_by else "",
        seats=[SeatView.model_validate(seat) for seat in seats],
        materials=[MaterialView.model_validate(one) for one in shown],
        household_for_audit=case.household,
    )


async def note_seen(session: AsyncSession, actor: Actor, sheet: SheetView) -> None:
    """Add the reader to those who were told, at each material that is shown to them."""
    seen = [one.id for one in sheet.materials if one.post != actor.post]
    if seen:
        await session.execute(
            update(Disclosure)
            .where(Disclosure.about.in_(seen), ~(literal(actor.post) == any_(Disclosure.posts)))
            .values(posts=func.array_append(Disclosure.posts, actor.post))
        )
        await session.execute(
            update(Disclosure)
            .where(Disclosure.about.in_(seen), ~(literal(actor.agency) == any_(Disclosure.agencies)))
            .values(agencies=func.array_append(Disclosure.agencies, actor.agency))
        )
