"""What intake hears: who holds which post, and which facts open a household to somebody.

Nearly all of it projects: who may see a household can be made again from the logs of casework and outreach. What acts
looks at intake's own households, or writes to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from services.intake.actions.allowances import take_off_former_owner
from services.intake.actions.erasing import confirm, forget_what_others_said
from services.intake.tables import AccessGrant, CaseOfHousehold, Household, Member
from shared.clock import TOKYO
from shared.events.casework import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    LeadChanged,
    MeetingCalled,
    MeetingMemberReleased,
    MeetingMemberSigned,
    OwnerChanged,
    RecordOpened,
    VisitRequestCancelled,
    VisitRequested,
)
from shared.events.casework import HouseholdForgotten as CaseworkForgot
from shared.events.notify import HouseholdForgotten as NotifyForgot
from shared.events.outreach import HouseholdForgotten as OutreachForgot
from shared.events.outreach import MemberMeetingUndone, MemberMet, VisitAssigned
from shared.grants import Grants, follow_parts, grant_row
from shared.identity import follow_posts
from shared.projections import put_many
from shared.spine import NotYet, Received, Subscriptions, wire_heartbeat
from shared.tombstones import erased_among

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

subscriptions = Subscriptions("intake")
follow_posts(subscriptions)
wire_heartbeat(subscriptions)
grants = Grants(AccessGrant)
follow_parts(subscriptions, grants)


async def _demand_households(session: AsyncSession, households: set[UUID]) -> None:
    """Others answer to what intake said, so a household that it does not know means a log that is behind.

    Unless it was erased while their word was on its way.
    """
    known = set(await session.scalars(select(Household.id).where(Household.id.in_(households))))
    unknown = households - known
    if unknown and unknown - await erased_among(session, unknown):
        raise NotYet


@subscriptions.on(CaseOpened, acts=True, batch=True)
async def wait_for_cases_households(session: AsyncSession, run: Sequence[Received[CaseOpened]]) -> None:
    """A case is of a household that is known here."""
    await _demand_households(session, {heard.event.household for heard in run})


@subscriptions.on(VisitAssigned, acts=True, batch=True)
async def wait_for_visits_households(session: AsyncSession, run: Sequence[Received[VisitAssigned]]) -> None:
    """A visit is to a household that is known here."""
    await _demand_households(session, {heard.event.household for heard in run})


@subscriptions.on(CaseOpened, projects=True, batch=True)
async def open_to_owners(session: AsyncSession, run: Sequence[Received[CaseOpened]]) -> None:
    """The owner post sees the household."""
    rows = [
        {
            "case_id": heard.event.case,
            "household_id": heard.event.household,
            "number": heard.event.number,
            "owner": heard.event.owner,
            "agency": heard.event.agency,
            "urgency": heard.event.urgency,
            "closed": False,
        }
        for heard in run
    ]
    await put_many(session, CaseOfHousehold, rows)
    owners = [
        grant_row(household=heard.event.household, ground="owner", source=heard.event.case, post=heard.event.owner)
        for heard in run
    ]
    await grants.put(session, owners)


@subscriptions.on(OwnerChanged, projects=True)
async def open_to_next_owner(session: AsyncSession, received: Received[OwnerChanged]) -> None:
    """The next owner sees it; the one before no longer does by owning."""
    event = received.event
    await grants.end(session, "owner", [event.case])
    await grants.put(
        session, [grant_row(household=event.household, ground="owner", source=event.case, post=event.owner)]
    )
    await session.execute(
        update(CaseOfHousehold).where(CaseOfHousehold.case_id == event.case).values(owner=event.owner)
    )


@subscriptions.on(OwnerChanged, acts=True)
async def take_former_owner_off_the_lists(session: AsyncSession, received: Received[OwnerChanged]) -> None:
    """Whoever hands a case over no longer sees where its protected people are."""
    await take_off_former_owner(session, received.event.household, received.event.before, received.id)


@subscriptions.on(LeadChanged, projects=True, batch=True)
async def note_leads(session: AsyncSession, run: Sequence[Received[LeadChanged]]) -> None:
    """Whether a case has a leading agency (主担当機関), and which."""
    for event in {heard.event.case: heard.event for heard in run}.values():
        await session.execute(
            update(CaseOfHousehold).where(CaseOfHousehold.case_id == event.case).values(lead=event.agency)
        )


@subscriptions.on(RecordOpened, projects=True)
async def open_with_a_reason(session: AsyncSession, received: Received[RecordOpened]) -> None:
    """A manager has written down in casework why they look, and may look here too while that holds."""
    event = received.event
    row = grant_row(household=event.household, ground="reason", source=event.case, post=event.post, until=event.until)
    await grants.put(session, [row])


@subscriptions.on(MeetingCalled, projects=True)
async def open_to_meeting(session: AsyncSession, received: Received[MeetingCalled]) -> None:
    """Agencies called to a meeting know whose household they will talk about."""
    event = received.event
    called = [
        grant_row(household=event.household, ground="meeting", source=event.meeting, agency=agency)
        for agency in event.agencies
    ]
    await grants.put(session, called)


@subscriptions.on(MeetingMemberSigned, projects=True)
async def open_to_member(session: AsyncSession, received: Received[MeetingMemberSigned]) -> None:
    """A named member who is bound by secrecy may know whose household it is, unless the meeting does not say so."""
    event = received.event
    if not event.anonymous:
        await grants.put(
            session, [grant_row(household=event.household, ground="council", source=event.meeting, post=event.post)]
        )


@subscriptions.on(MeetingMemberReleased, projects=True)
async def shut_to_member(session: AsyncSession, received: Received[MeetingMemberReleased]) -> None:
    """It sits in the meeting no more, or the meeting's materials were recalled."""
    event = received.event
    await session.execute(
        update(AccessGrant)
        .where(AccessGrant.ground == "council", AccessGrant.source_id == event.meeting, AccessGrant.post == event.post)
        .values(ended=True)
    )


@subscriptions.on(VisitRequested, projects=True)
async def open_to_planner(session: AsyncSession, received: Received[VisitRequested]) -> None:
    """The outreach lead of the area sees it while planning the visit."""
    event = received.event
    await grants.put(
        session, [grant_row(household=event.household, ground="request", source=event.request, area=event.area)]
    )


@subscriptions.on(VisitRequestCancelled, projects=True)
async def shut_to_planner(session: AsyncSession, received: Received[VisitRequestCancelled]) -> None:
    """Nobody goes, so nobody looks."""
    await grants.end(session, "request", [received.event.request])
    await grants.end(session, "worker", [received.event.request])


@subscriptions.on(VisitAssigned, projects=True, batch=True)
async def open_to_workers(session: AsyncSession, run: Sequence[Received[VisitAssigned]]) -> None:
    """Those who go see whom they go to; a new assignment of the same request replaces the old one."""
    last = {heard.event.request: heard.event for heard in run}
    await grants.end(session, "worker", last)
    workers = [
        grant_row(household=event.household, ground="worker", source=event.request, post=worker)
        for event in last.values()
        for worker in event.workers
    ]
    await grants.put(session, workers)


@subscriptions.on(CaseClosed, projects=True)
async def note_closure(session: AsyncSession, received: Received[CaseClosed]) -> None:
    """A case has ended, on a day."""
    event = received.event
    await session.execute(
        update(CaseOfHousehold)
        .where(CaseOfHousehold.case_id == event.case)
        .values(closed=True, closed_at=received.envelope.occurred_at)
    )


@subscriptions.on(CaseReopened, projects=True)
async def open_again(session: AsyncSession, received: Received[CaseReopened]) -> None:
    """The case goes on under its owner; agencies are asked again."""
    event = received.event
    await session.execute(
        update(CaseOfHousehold)
        .where(CaseOfHousehold.case_id == event.case)
        .values(closed=False, closed_at=None, owner=event.owner, urgency=event.urgency)
    )
    await grants.end(session, "owner", [event.case])
    await grants.put(
        session, [grant_row(household=event.household, ground="owner", source=event.case, post=event.owner)]
    )


@subscriptions.on(MemberMet, acts=True)
async def note_meeting(session: AsyncSession, received: Received[MemberMet]) -> None:
    """When a person was last met face to face."""
    event = received.event
    day = received.envelope.occurred_at.astimezone(TOKYO).date()
    await session.execute(
        update(Member)
        .where(Member.id == event.member, Member.household_id == event.household)
        .values(met_on=func.greatest(Member.met_on, day))
    )


@subscriptions.on(MemberMeetingUndone, acts=True)
async def undo_meeting(session: AsyncSession, received: Received[MemberMeetingUndone]) -> None:
    """They were last met another time, or never; a later meeting stays."""
    event = received.event
    last = event.last_met_at and event.last_met_at.astimezone(TOKYO).date()
    await session.execute(
        update(Member)
        .where(
            Member.id == event.member,
            Member.household_id == event.household,
            Member.met_on == event.met_at.astimezone(TOKYO).date(),
        )
        .values(met_on=last)
    )


@subscriptions.on(CaseworkForgot, projects=True)
async def drop_what_casework_said(session: AsyncSession, received: Received[CaseworkForgot]) -> None:
    """What came about it while it was being erased goes too: nothing follows this."""
    await forget_what_others_said(session, received.event.household)


@subscriptions.on(OutreachForgot, projects=True)
async def drop_what_outreach_said(session: AsyncSession, received: Received[OutreachForgot]) -> None:
    """As above."""
    await forget_what_others_said(session, received.event.household)


@subscriptions.on(CaseworkForgot, acts=True)
async def note_casework_forgot(session: AsyncSession, received: Received[CaseworkForgot]) -> None:
    """A part of the certificate."""
    await _confirm(session, received)


@subscriptions.on(OutreachForgot, acts=True)
async def note_outreach_forgot(session: AsyncSession, received: Received[OutreachForgot]) -> None:
    """A part of the certificate."""
    await _confirm(session, received)


@subscriptions.on(NotifyForgot, acts=True)
async def note_notify_forgot(session: AsyncSession, received: Received[NotifyForgot]) -> None:
    """A part of the certificate."""
    await _confirm(session, received)


async def _confirm(
    session: AsyncSession, received: Received[CaseworkForgot] | Received[OutreachForgot] | Received[NotifyForgot]
) -> None:
    at, event = received.envelope.occurred_at, received.event
    await confirm(session, event.household, received.source, event.classes, at)
