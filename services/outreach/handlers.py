"""What outreach hears: households and who is protected from intake, posts, cases and visit requests from casework.

Handlers that touch visits *act*, though they record nothing: the reader then holds the household's lock for them, as
the actions of people do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.outreach.actions import ending
from services.outreach.tables import Case, Household, Protection, VisitRequest
from shared.events.casework import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    OwnerChanged,
    PostEnded,
    VisitRequestCancelled,
    VisitRequested,
)
from shared.events.intake import (
    ConsentRecorded,
    ConsentWithdrawn,
    ConsultationReceived,
    ConsultationScreened,
    HouseholdChanged,
    HouseholdErased,
    HouseholdRegistered,
    ProtectionEnded,
    ProtectionSet,
)
from shared.identity import follow_posts
from shared.spine import Received, Subscriptions, wire_heartbeat

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

subscriptions = Subscriptions("outreach")
follow_posts(subscriptions)
wire_heartbeat(subscriptions)


async def _know(session: AsyncSession, household: UUID, **facts: Any) -> None:
    if await ending.is_erased(session, household):
        return
    await session.execute(
        insert(Household)
        .values(id=household, **facts)
        .on_conflict_do_update(index_elements=[Household.id], set_=facts or {"id": household})
    )


async def _place(session: AsyncSession, event: HouseholdRegistered | HouseholdChanged) -> None:
    """Where it is; while somebody is protected the area stays forgotten, whatever an older fact still says."""
    await _know(session, event.household)
    await session.execute(
        update(Household)
        .where(Household.id == event.household, Household.protected.is_(False))
        .values(area=event.area, district=event.district)
    )
    if event.area is not None:
        protected = select(Household.id).where(Household.protected)
        await session.execute(
            update(VisitRequest)
            .where(
                VisitRequest.household == event.household,
                VisitRequest.state.in_(["open", "planned"]),
                VisitRequest.household.not_in(protected),
            )
            .values(area=event.area, district=event.district)
        )


@subscriptions.on(HouseholdRegistered, projects=True)
async def know_household(session: AsyncSession, received: Received[HouseholdRegistered]) -> None:
    """A household is known, with its area."""
    await _place(session, received.event)


@subscriptions.on(HouseholdChanged, projects=True)
async def move_household(session: AsyncSession, received: Received[HouseholdChanged]) -> None:
    """It lives elsewhere, or its place became known."""
    await _place(session, received.event)


@subscriptions.on(ConsultationReceived, projects=True)
async def mind_flags(session: AsyncSession, received: Received[ConsultationReceived]) -> None:
    """Safety flags add up; none is ever dropped by a later call that did not mention it."""
    event = received.event
    await _know(session, event.household)
    if event.safety_flags:
        household = await session.get(Household, event.household)
        if household is not None:
            household.safety_flags = sorted({*household.safety_flags, *event.safety_flags})


@subscriptions.on(ConsultationScreened, projects=True)
async def note_urgency(session: AsyncSession, received: Received[ConsultationScreened]) -> None:
    """How urgent it is."""
    await _know(session, received.event.household, urgency=received.event.urgency)


@subscriptions.on(ConsentRecorded, projects=True)
async def note_consent(session: AsyncSession, received: Received[ConsentRecorded]) -> None:
    """A consent stands again."""
    await _know(session, received.event.household, consent_withdrawn_at=None)


@subscriptions.on(ConsentWithdrawn, projects=True)
async def note_withdrawal(session: AsyncSession, received: Received[ConsentWithdrawn]) -> None:
    """A consent was withdrawn: workers are told to ask the owner before they go."""
    await _know(session, received.event.household, consent_withdrawn_at=received.envelope.occurred_at)


@subscriptions.on(ProtectionSet, acts=True)
async def protect(session: AsyncSession, received: Received[ProtectionSet]) -> None:
    """Forget the area; hide the household from all without a part."""
    if not await ending.is_erased(session, received.event.household):
        await ending.protect_household(session, received.event.household, received.event.protection)


@subscriptions.on(ProtectionEnded, projects=True)
async def end_protection(session: AsyncSession, received: Received[ProtectionEnded]) -> None:
    """One protection has ended; the area comes back with intake's next word about it."""
    event = received.event
    if await ending.is_erased(session, event.household):
        return
    await session.execute(
        insert(Protection)
        .values(id=event.protection, household=event.household, ended=True)
        .on_conflict_do_update(index_elements=[Protection.id], set_={"ended": True})
    )
    await ending.refresh_protection(session, event.household)


@subscriptions.on(HouseholdErased, acts=True)
async def erase(session: AsyncSession, received: Received[HouseholdErased]) -> None:
    """Erase everything held about it."""
    await ending.erase_household(session, received.event.household, received.envelope.occurred_at)


@subscriptions.on(PostEnded, acts=True)
async def unstaff_visits(session: AsyncSession, received: Received[PostEnded]) -> None:
    """Whoever is gone goes to no door."""
    await ending.unstaff(session, received.event.post, received.envelope.occurred_at)


@subscriptions.on(CaseOpened, projects=True)
async def know_case(session: AsyncSession, received: Received[CaseOpened]) -> None:
    """A case: its number, its owner."""
    event = received.event
    if await ending.is_erased(session, event.household):
        return
    known = await session.get(Household, event.household)
    row = {
        "household": event.household,
        "number": event.number,
        "owner": event.owner,
        "area": None if known is not None and known.protected else event.area,
        "urgency": event.urgency,
        "closed": False,
    }
    await session.execute(
        insert(Case).values(id=event.case, **row).on_conflict_do_update(index_elements=[Case.id], set_=row)
    )


@subscriptions.on(OwnerChanged, projects=True)
async def know_owner(session: AsyncSession, received: Received[OwnerChanged]) -> None:
    """Another post owns the case."""
    await session.execute(update(Case).where(Case.id == received.event.case).values(owner=received.event.owner))


@subscriptions.on(CaseReopened, projects=True)
async def open_again(session: AsyncSession, received: Received[CaseReopened]) -> None:
    """A closed case goes on."""
    event = received.event
    await session.execute(
        update(Case).where(Case.id == event.case).values(owner=event.owner, urgency=event.urgency, closed=False)
    )


@subscriptions.on(CaseClosed, acts=True)
async def close_case(session: AsyncSession, received: Received[CaseClosed]) -> None:
    """Nobody goes there any more for this case."""
    event = received.event
    await session.execute(update(Case).where(Case.id == event.case).values(closed=True))
    requests = await session.scalars(select(VisitRequest.id).where(VisitRequest.case == event.case))
    await ending.cancel_requests(session, requests.all(), received.envelope.occurred_at)


@subscriptions.on(VisitRequested, projects=True)
async def take_request(session: AsyncSession, received: Received[VisitRequested]) -> None:
    """A visit is wanted. Hearing it again changes nothing that outreach has decided since."""
    event = received.event
    if await ending.is_erased(session, event.household):
        return
    known = await session.get(Household, event.household)
    protected = known is not None and known.protected
    row = {
        "case": event.case,
        "household": event.household,
        "number": event.number,
        "purpose": event.purpose,
        "due_on": event.due_on,
        "persons": event.persons,
        "area": None if protected else event.area,
        "district": None if protected else event.district,
        "urgency": event.urgency,
        "safety_flags": list(event.safety_flags),
        "skills": list(event.skills),
        "slots": list(event.slots),
        "requested_by": event.requested_by,
        "requested_at": received.envelope.occurred_at,
    }
    await session.execute(
        insert(VisitRequest)
        .values(id=event.request, state="open", **row)
        .on_conflict_do_update(index_elements=[VisitRequest.id], set_=row)
    )


@subscriptions.on(VisitRequestCancelled, acts=True)
async def drop_request(session: AsyncSession, received: Received[VisitRequestCancelled]) -> None:
    """The visit is no longer wanted."""
    await ending.cancel_requests(session, [received.event.request], received.envelope.occurred_at)
