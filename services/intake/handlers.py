"""What intake hears: who holds which post, and which facts open a household to somebody.

Nearly all of it projects: who may see a household can be made again from the logs of casework and outreach. What acts
looks at intake's own households, or writes to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import func, select, update

from services.intake.actions.allowances import take_off_former_owner
from services.intake.actions.erasing import confirm, forget_what_others_said
from services.intake.tables import AccessGrant, CaseOfHousehold, Household, Member
from shared.clock import TOKYO
from shared.events.casework import (
    AgencyAnswered,
    AgencyInvited,
    AgencyLeft,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    LeadChanged,
    MeetingCalled,
    MeetingMemberReleased,
    MeetingMemberSigned,
    OwnerChanged,
    PlanDrafted,
    RecordOpened,
    VisitRequestCancelled,
    VisitRequested,
)
from shared.events.casework import HouseholdForgotten as CaseworkForgot
from shared.events.notify import HouseholdForgotten as NotifyForgot
from shared.events.outreach import HouseholdForgotten as OutreachForgot
from shared.events.outreach import MemberMet, VisitAssigned
from shared.identity import follow_posts
from shared.projections import put_many
from shared.spine import NotYet, Received, Subscriptions, wire_heartbeat
from shared.tombstones import erased_among

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

subscriptions = Subscriptions("intake")
follow_posts(subscriptions)
wire_heartbeat(subscriptions)

_GRANTS = UUID("5c1f4d1e-6f3c-5b6a-9d2b-6b1d3a0c9e77")
"""Namespace of grant ids: the same fact makes the same grant, however often it is heard."""


def _grant_row(
    *,
    household: UUID,
    ground: str,
    source: UUID,
    post: UUID | None = None,
    agency: str | None = None,
    area: str | None = None,
    basis: str | None = None,
    until: datetime | None = None,
    ended: bool = False,
) -> dict[str, Any]:
    return {
        "id": uuid5(_GRANTS, f"{ground}/{source}/{post or ''}/{agency or ''}"),
        "household_id": household,
        "ground": ground,
        "source_id": source,
        "post": post,
        "agency": agency,
        "area": area,
        "basis": basis,
        "until": until,
        "ended": ended,
    }


async def _grant(session: AsyncSession, **grant: Any) -> None:
    await put_many(session, AccessGrant, [_grant_row(**grant)])


async def _end(session: AsyncSession, ground: str, sources: Iterable[UUID]) -> None:
    wanted = set(sources)
    if wanted:
        await session.execute(
            update(AccessGrant)
            .where(AccessGrant.source_id.in_(wanted), AccessGrant.ground == ground)
            .values(ended=True)
        )


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
    grants = [
        _grant_row(household=heard.event.household, ground="owner", source=heard.event.case, post=heard.event.owner)
        for heard in run
    ]
    await put_many(session, AccessGrant, grants)


@subscriptions.on(OwnerChanged, projects=True)
async def open_to_next_owner(session: AsyncSession, received: Received[OwnerChanged]) -> None:
    """The next owner sees it; the one before no longer does by owning."""
    event = received.event
    await _end(session, "owner", [event.case])
    await _grant(session, household=event.household, ground="owner", source=event.case, post=event.owner)
    await session.execute(
        update(CaseOfHousehold).where(CaseOfHousehold.case_id == event.case).values(owner=event.owner)
    )


@subscriptions.on(OwnerChanged, acts=True)
async def take_former_owner_off_the_lists(session: AsyncSession, received: Received[OwnerChanged]) -> None:
    """Whoever hands a case over no longer sees where its protected people are."""
    await take_off_former_owner(session, received.event.household, received.event.before)


@subscriptions.on(LeadChanged, projects=True, batch=True)
async def note_leads(session: AsyncSession, run: Sequence[Received[LeadChanged]]) -> None:
    """The leading agency (主担当機関) sees it."""
    last = {heard.event.case: heard.event for heard in run}
    await _end(session, "lead", last)
    grants = [
        _grant_row(household=event.household, ground="lead", source=event.case, agency=event.agency)
        for event in last.values()
        if event.agency is not None
    ]
    await put_many(session, AccessGrant, grants)
    for event in last.values():
        await session.execute(
            update(CaseOfHousehold).where(CaseOfHousehold.case_id == event.case).values(lead=event.agency)
        )


@subscriptions.on(RecordOpened, projects=True)
async def open_with_a_reason(session: AsyncSession, received: Received[RecordOpened]) -> None:
    """A manager has written down in casework why they look, and may look here too while that holds."""
    event = received.event
    await _grant(
        session, household=event.household, ground="reason", source=event.case, post=event.post, until=event.until
    )


@subscriptions.on(AgencyInvited, projects=True, batch=True)
async def wait_for_answers(session: AsyncSession, run: Sequence[Received[AgencyInvited]]) -> None:
    """An invitation shows nothing: the household is seen after acceptance. An older answer no longer counts.

    Whoever asks works on the case.
    """
    rows = [
        _grant_row(
            household=event.household,
            ground="agency",
            source=event.invitation,
            agency=event.agency,
            basis=event.basis,
            ended=True,
        )
        for event in {heard.event.invitation: heard.event for heard in run}.values()
    ]
    await put_many(session, AccessGrant, rows)
    await _assign(session, [(heard.event.household, heard.event.invitation, heard.event.invited_by) for heard in run])


@subscriptions.on(PlanDrafted, projects=True)
async def open_to_planners(session: AsyncSession, received: Received[PlanDrafted]) -> None:
    """Whoever drafts a plan works on the case."""
    event, drafter = received.event, received.envelope.actor
    if drafter is not None:
        await _assign(session, [(event.household, event.plan, UUID(drafter))])


async def _assign(session: AsyncSession, deeds: Iterable[tuple[UUID, UUID, UUID]]) -> None:
    """``deeds``: household, what was done for its case, and the post that did it."""
    rows = {
        row["id"]: row
        for household, source, post in deeds
        for row in [_grant_row(household=household, ground="assigned", source=source, post=post)]
    }
    await put_many(session, AccessGrant, list(rows.values()))


@subscriptions.on(AgencyAnswered, projects=True, batch=True)
async def open_to_agencies(session: AsyncSession, run: Sequence[Received[AgencyAnswered]]) -> None:
    """Acceptance opens the household to the agency, on the ground it was asked on; any other answer shuts it."""
    last = {heard.event.invitation: heard.event for heard in run}
    answers = {id_: event.answer == "accepted" for id_, event in last.items()}
    for accepted in (True, False):
        wanted = [id_ for id_, answer in answers.items() if answer is accepted]
        await session.execute(
            update(AccessGrant)
            .where(AccessGrant.source_id.in_(wanted), AccessGrant.ground == "agency")
            .values(ended=not accepted)
        )


@subscriptions.on(AgencyLeft, projects=True, batch=True)
async def shut_to_agencies(session: AsyncSession, run: Sequence[Received[AgencyLeft]]) -> None:
    """The agencies have ended their part."""
    await _end(session, "agency", (heard.event.invitation for heard in run))


@subscriptions.on(MeetingCalled, projects=True)
async def open_to_meeting(session: AsyncSession, received: Received[MeetingCalled]) -> None:
    """Agencies called to a meeting know whose household they will talk about; whoever calls it works on the case."""
    event = received.event
    for agency in event.agencies:
        await _grant(session, household=event.household, ground="meeting", source=event.meeting, agency=agency)
    await _assign(session, [(event.household, event.meeting, event.called_by)])


@subscriptions.on(MeetingMemberSigned, projects=True)
async def open_to_member(session: AsyncSession, received: Received[MeetingMemberSigned]) -> None:
    """A named member who is bound by secrecy may know whose household it is, unless the meeting does not say so."""
    event = received.event
    if not event.anonymous:
        await _grant(session, household=event.household, ground="council", source=event.meeting, post=event.post)


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
    await _grant(
        session,
        household=event.household,
        ground="request",
        source=event.request,
        area=event.area,
    )
    await _assign(session, [(event.household, event.request, event.requested_by)])


@subscriptions.on(VisitRequestCancelled, projects=True)
async def shut_to_planner(session: AsyncSession, received: Received[VisitRequestCancelled]) -> None:
    """Nobody goes, so nobody looks."""
    await _end(session, "request", [received.event.request])
    await _end(session, "worker", [received.event.request])


@subscriptions.on(VisitAssigned, projects=True, batch=True)
async def open_to_workers(session: AsyncSession, run: Sequence[Received[VisitAssigned]]) -> None:
    """Those who go see whom they go to; a new assignment of the same request replaces the old one."""
    last = {heard.event.request: heard.event for heard in run}
    await _end(session, "worker", last)
    grants = [
        _grant_row(household=event.household, ground="worker", source=event.request, post=worker)
        for event in last.values()
        for worker in event.workers
    ]
    await put_many(session, AccessGrant, grants)


@subscriptions.on(CaseClosed, projects=True)
async def shut_after_closure(session: AsyncSession, received: Received[CaseClosed]) -> None:
    """A closed case opens nothing any more; the owner keeps the key for questions that come later."""
    event = received.event
    await session.execute(
        update(CaseOfHousehold)
        .where(CaseOfHousehold.case_id == event.case)
        .values(closed=True, closed_at=received.envelope.occurred_at)
    )
    await session.execute(
        update(AccessGrant)
        .where(AccessGrant.household_id == event.household, AccessGrant.ground != "owner")
        .values(ended=True)
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
    await _end(session, "owner", [event.case])
    await _grant(session, household=event.household, ground="owner", source=event.case, post=event.owner)


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
