"""What notify hears: first what it keeps of a fact, then whom the fact concerns (rules of NOTIFICATION_KIND)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from services.notify.actions.telling import erase, tell
from services.notify.tables import Case, ErasedHousehold, Household, Invitation, Visit, VisitRequest
from shared.events import EVENTS, casework, intake, outreach
from shared.events.readers import sources_of
from shared.identity import follow_posts
from shared.spine import Received, Subscriptions, wire_heartbeat

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.events import Event

subscriptions = Subscriptions("notify")
follow_posts(subscriptions)
wire_heartbeat(subscriptions)

_SILENT = frozenset({
    casework.PostStarted.type,
    casework.PostEnded.type,
    casework.SessionEnded.type,
    intake.HouseholdErased.type,
})  # fmt: skip
"""Facts that concern no inbox, whatever a ward writes into its rules."""


async def _know(session: AsyncSession, household: UUID, **facts: Any) -> None:
    if await session.get(ErasedHousehold, household) is not None:
        return
    await session.execute(
        insert(Household).values(id=household, **facts).on_conflict_do_update(index_elements=[Household.id], set_=facts)
    )


@subscriptions.on(intake.HouseholdRegistered, projects=True)
async def know_household(session: AsyncSession, received: Received[intake.HouseholdRegistered]) -> None:
    """The area of a household; intake says none while anybody is protected."""
    await _know(session, received.event.household, area=received.event.area)


@subscriptions.on(intake.HouseholdChanged, projects=True)
async def move_household(session: AsyncSession, received: Received[intake.HouseholdChanged]) -> None:
    """It lives elsewhere."""
    await _know(session, received.event.household, area=received.event.area)


@subscriptions.on(intake.ConsultationScreened, projects=True)
async def note_urgency(session: AsyncSession, received: Received[intake.ConsultationScreened]) -> None:
    """How urgent it is."""
    await _know(session, received.event.household, urgency=received.event.urgency)


@subscriptions.on(intake.ProtectionSet, projects=True)
async def forget_area(session: AsyncSession, received: Received[intake.ProtectionSet]) -> None:
    """Where they are is forgotten."""
    household = received.event.household
    await _know(session, household, area=None)
    await session.execute(update(Case).where(Case.household == household).values(area=None))
    await session.execute(update(VisitRequest).where(VisitRequest.household == household).values(area=None))


@subscriptions.on(intake.HouseholdErased, acts=True)
async def erase_household(session: AsyncSession, received: Received[intake.HouseholdErased]) -> None:
    """Forget everything about it."""
    household = received.event.household
    for table in (Case, Invitation, VisitRequest, Visit):
        await session.execute(delete(table).where(table.household == household))
    await session.execute(delete(Household).where(Household.id == household))
    await erase(session, household, received.envelope.occurred_at)


@subscriptions.on(casework.CaseOpened, projects=True)
async def know_case(session: AsyncSession, received: Received[casework.CaseOpened]) -> None:
    """Whose case it is."""
    event = received.event
    row = {
        "household": event.household,
        "number": event.number,
        "owner": event.owner,
        "area": event.area,
        "urgency": event.urgency,
        "closed": False,
    }
    await session.execute(
        insert(Case).values(id=event.case, **row).on_conflict_do_update(index_elements=[Case.id], set_=row)
    )


@subscriptions.on(casework.OwnerChanged, projects=True)
async def know_owner(session: AsyncSession, received: Received[casework.OwnerChanged]) -> None:
    """Another post owns it."""
    await session.execute(update(Case).where(Case.id == received.event.case).values(owner=received.event.owner))


@subscriptions.on(casework.LeadChanged, projects=True)
async def know_lead(session: AsyncSession, received: Received[casework.LeadChanged]) -> None:
    """Another agency leads it."""
    await session.execute(update(Case).where(Case.id == received.event.case).values(lead_agency=received.event.agency))


@subscriptions.on(casework.CaseClosed, projects=True)
async def close_case(session: AsyncSession, received: Received[casework.CaseClosed]) -> None:
    """It has ended."""
    await session.execute(update(Case).where(Case.id == received.event.case).values(closed=True))


@subscriptions.on(casework.CaseReopened, projects=True)
async def reopen_case(session: AsyncSession, received: Received[casework.CaseReopened]) -> None:
    """It goes on."""
    event = received.event
    await session.execute(
        update(Case).where(Case.id == event.case).values(closed=False, owner=event.owner, urgency=event.urgency)
    )


@subscriptions.on(casework.AgencyInvited, projects=True)
async def know_invitation(session: AsyncSession, received: Received[casework.AgencyInvited]) -> None:
    """An agency was asked."""
    event = received.event
    row = {
        "case": event.case,
        "household": event.household,
        "agency": event.agency,
        "invited_by": event.invited_by,
        "state": "asked",
    }
    await session.execute(
        insert(Invitation)
        .values(id=event.invitation, **row)
        .on_conflict_do_update(index_elements=[Invitation.id], set_=row)
    )


@subscriptions.on(casework.AgencyAnswered, projects=True)
async def note_answer(session: AsyncSession, received: Received[casework.AgencyAnswered]) -> None:
    """It has answered."""
    event = received.event
    await session.execute(update(Invitation).where(Invitation.id == event.invitation).values(state=event.answer))


@subscriptions.on(casework.AgencyLeft, projects=True)
async def note_leaving(session: AsyncSession, received: Received[casework.AgencyLeft]) -> None:
    """It has ended its part."""
    await session.execute(update(Invitation).where(Invitation.id == received.event.invitation).values(state="left"))


@subscriptions.on(casework.VisitRequested, projects=True)
async def know_request(session: AsyncSession, received: Received[casework.VisitRequested]) -> None:
    """Somebody asked for a visit."""
    event = received.event
    row = {
        "case": event.case,
        "household": event.household,
        "number": event.number,
        "area": event.area,
        "requested_by": event.requested_by,
    }
    await session.execute(
        insert(VisitRequest)
        .values(id=event.request, **row)
        .on_conflict_do_update(index_elements=[VisitRequest.id], set_=row)
    )


@subscriptions.on(outreach.VisitAssigned, projects=True)
async def know_visit(session: AsyncSession, received: Received[outreach.VisitAssigned]) -> None:
    """Who goes, and who sends them."""
    event = received.event
    row = {
        "request": event.request,
        "case": event.case,
        "household": event.household,
        "team": event.team,
        "workers": list(event.workers),
        "assigned_by": event.assigned_by,
        "over": False,
    }
    await session.execute(
        insert(Visit).values(id=event.visit, **row).on_conflict_do_update(index_elements=[Visit.id], set_=row)
    )


@subscriptions.on(outreach.VisitReported, projects=True)
async def end_visit(session: AsyncSession, received: Received[outreach.VisitReported]) -> None:
    """The visit is over."""
    await session.execute(update(Visit).where(Visit.id == received.event.visit).values(over=True))


def _followed() -> list[type[Event]]:
    types = {type_ for followed in sources_of("notify").values() for type_ in followed}
    return [EVENTS[type_] for type_ in sorted(types - _SILENT) if not type_.endswith(".heartbeat")]


for _contract in _followed():
    subscriptions.on(_contract, acts=True)(tell)


@subscriptions.on(casework.VisitRequestCancelled, projects=True)
async def end_request(session: AsyncSession, received: Received[casework.VisitRequestCancelled]) -> None:
    """Nobody goes: after the workers were told (above), their visits no longer count."""
    request = received.event.request
    await session.execute(update(VisitRequest).where(VisitRequest.id == request).values(cancelled=True))
    await session.execute(update(Visit).where(Visit.request == request).values(over=True))
