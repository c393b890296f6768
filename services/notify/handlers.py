"""What notify hears: first what it keeps of a fact, then whom the fact concerns (rules of NOTIFICATION_KIND)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import update

from services.notify.actions import projecting
from services.notify.actions.telling import erase_household, tell
from services.notify.queries.people import forget_staff
from services.notify.tables import Case, Invitation, Visit, VisitRequest
from shared.events import EVENTS, casework, intake, outreach
from shared.events.readers import sources_of
from shared.identity import follow_posts
from shared.spine import Received, Subscriptions, wire_heartbeat

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.events import Event

subscriptions = Subscriptions("notify")
follow_posts(subscriptions)
wire_heartbeat(subscriptions)


@subscriptions.on(casework.PostStarted, projects=True)
async def look_at_staff_again(session: AsyncSession, _received: Received[casework.PostStarted]) -> None:
    """Somebody has come."""
    forget_staff(session)


@subscriptions.on(casework.PostEnded, projects=True)
async def look_at_staff_once_more(session: AsyncSession, _received: Received[casework.PostEnded]) -> None:
    """Somebody has gone."""
    forget_staff(session)


_SILENT = frozenset({
    casework.PostStarted.type,
    casework.PostEnded.type,
    casework.SessionEnded.type,
    intake.HouseholdErased.type,
})  # fmt: skip
"""Facts that concern no inbox, whatever a ward writes into its rules."""


@subscriptions.on(intake.HouseholdRegistered, projects=True, batch=True)
async def know_households(session: AsyncSession, run: Sequence[Received[intake.HouseholdRegistered]]) -> None:
    """Where households are; intake says no area while anybody is protected."""
    await projecting.place(session, [{"id": one.event.household, "area": one.event.area} for one in run])


@subscriptions.on(intake.HouseholdChanged, projects=True, batch=True)
async def move_households(session: AsyncSession, run: Sequence[Received[intake.HouseholdChanged]]) -> None:
    """They live elsewhere."""
    await projecting.place(session, [{"id": one.event.household, "area": one.event.area} for one in run])


@subscriptions.on(intake.ConsultationScreened, projects=True, batch=True)
async def note_urgency(session: AsyncSession, run: Sequence[Received[intake.ConsultationScreened]]) -> None:
    """How urgent it is."""
    rows = [{"id": heard.event.household, "urgency": heard.event.urgency} for heard in run]
    await projecting.keep_households(session, rows)


@subscriptions.on(intake.ProtectionSet, projects=True)
async def forget_area(session: AsyncSession, received: Received[intake.ProtectionSet]) -> None:
    """Where they are is forgotten."""
    await projecting.set_protection(session, received.event.household, received.event.protection, ended=False)


@subscriptions.on(intake.ProtectionEnded, projects=True)
async def end_protection(session: AsyncSession, received: Received[intake.ProtectionEnded]) -> None:
    """One protection has ended; the area comes back with intake's next word about it."""
    await projecting.set_protection(session, received.event.household, received.event.protection, ended=True)


@subscriptions.on(intake.HouseholdErased, acts=True)
async def erase(session: AsyncSession, received: Received[intake.HouseholdErased]) -> None:
    """Erase what was told about it."""
    await erase_household(session, received.event.household)


@subscriptions.on(intake.HouseholdErased, projects=True)
async def forget(session: AsyncSession, received: Received[intake.HouseholdErased]) -> None:
    """Forget what was kept about it."""
    await projecting.forget(session, received.event.household, received.envelope.occurred_at)


@subscriptions.on(casework.CaseOpened, projects=True, batch=True)
async def know_cases(session: AsyncSession, run: Sequence[Received[casework.CaseOpened]]) -> None:
    """Whose cases they are."""
    rows = [
        {
            "id": heard.event.case,
            "household": heard.event.household,
            "number": heard.event.number,
            "owner": heard.event.owner,
            "area": heard.event.area,
            "urgency": heard.event.urgency,
            "closed": False,
        }
        for heard in run
    ]
    await projecting.keep(session, Case, rows)


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


@subscriptions.on(casework.AgencyInvited, projects=True, batch=True)
async def know_invitations(session: AsyncSession, run: Sequence[Received[casework.AgencyInvited]]) -> None:
    """Agencies were asked."""
    rows = [
        {
            "id": heard.event.invitation,
            "case": heard.event.case,
            "household": heard.event.household,
            "agency": heard.event.agency,
            "invited_by": heard.event.invited_by,
            "state": "asked",
        }
        for heard in run
    ]
    await projecting.keep(session, Invitation, rows)


@subscriptions.on(casework.AgencyAnswered, projects=True)
async def note_answer(session: AsyncSession, received: Received[casework.AgencyAnswered]) -> None:
    """It has answered."""
    event = received.event
    await session.execute(update(Invitation).where(Invitation.id == event.invitation).values(state=event.answer))


@subscriptions.on(casework.AgencyLeft, projects=True)
async def note_leaving(session: AsyncSession, received: Received[casework.AgencyLeft]) -> None:
    """It has ended its part."""
    await session.execute(update(Invitation).where(Invitation.id == received.event.invitation).values(state="left"))


@subscriptions.on(casework.VisitRequested, projects=True, batch=True)
async def know_requests(session: AsyncSession, run: Sequence[Received[casework.VisitRequested]]) -> None:
    """Somebody asked for visits."""
    rows = [
        {
            "id": heard.event.request,
            "case": heard.event.case,
            "household": heard.event.household,
            "number": heard.event.number,
            "area": heard.event.area,
            "requested_by": heard.event.requested_by,
        }
        for heard in run
    ]
    await projecting.keep(session, VisitRequest, rows)


@subscriptions.on(outreach.VisitAssigned, projects=True, batch=True)
async def know_visits(session: AsyncSession, run: Sequence[Received[outreach.VisitAssigned]]) -> None:
    """Who goes, and who sends them."""
    rows = [
        {
            "id": heard.event.visit,
            "request": heard.event.request,
            "case": heard.event.case,
            "household": heard.event.household,
            "team": heard.event.team,
            "workers": list(heard.event.workers),
            "assigned_by": heard.event.assigned_by,
            "over": False,
        }
        for heard in run
    ]
    await projecting.keep(session, Visit, rows)


@subscriptions.on(outreach.VisitReported, projects=True)
async def end_visit(session: AsyncSession, received: Received[outreach.VisitReported]) -> None:
    """The visit is over."""
    await session.execute(update(Visit).where(Visit.id == received.event.visit).values(over=True))


@subscriptions.on(outreach.VisitReportUndone, projects=True)
async def go_on_with_visit(session: AsyncSession, received: Received[outreach.VisitReportUndone]) -> None:
    """It is not over after all: another result is to come."""
    await session.execute(update(Visit).where(Visit.id == received.event.visit).values(over=False))


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
