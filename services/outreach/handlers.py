"""What outreach hears: households and who is protected from intake, posts, cases and visit requests from casework.

Handlers that touch visits *act*, though they record nothing: the reader then holds the household's lock for them, as
the actions of people do. What projects runs again in ``./kasane rebuild``, where there is no table but the projections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from services.outreach.actions import ending, projecting
from services.outreach.tables import AccessGrant, Case, Household, VisitRequest
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
    AllowListChanged,
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
from shared.grants import Grants, follow_parts
from shared.identity import follow_posts
from shared.projections import merged
from shared.spine import Received, Subscriptions, wire_heartbeat

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

subscriptions = Subscriptions("outreach")
follow_posts(subscriptions)
follow_parts(subscriptions, Grants(AccessGrant, projecting.erased_among))
wire_heartbeat(subscriptions)


@subscriptions.on(HouseholdRegistered, projects=True, batch=True)
async def know_households(session: AsyncSession, run: Sequence[Received[HouseholdRegistered]]) -> None:
    """Households are known, with their areas."""
    await projecting.place(session, run)


@subscriptions.on(HouseholdChanged, projects=True, batch=True)
async def move_households(session: AsyncSession, run: Sequence[Received[HouseholdChanged]]) -> None:
    """They live elsewhere, or their place became known."""
    await projecting.place(session, run)


@subscriptions.on(ConsultationReceived, projects=True, batch=True)
async def mind_flags(session: AsyncSession, run: Sequence[Received[ConsultationReceived]]) -> None:
    """Safety flags add up; none is ever dropped by a later call that did not mention it."""
    rows = [{"id": heard.event.household, "safety_flags": sorted(set(heard.event.safety_flags))} for heard in run]
    await projecting.keep_households(session, rows, lambda _new: {"safety_flags": merged(Household, "safety_flags")})


@subscriptions.on(ConsultationScreened, projects=True, batch=True)
async def note_urgency(session: AsyncSession, run: Sequence[Received[ConsultationScreened]]) -> None:
    """How urgent it is."""
    rows = [{"id": heard.event.household, "urgency": heard.event.urgency} for heard in run]
    await projecting.keep_households(session, rows)


@subscriptions.on(ConsentRecorded, projects=True, batch=True)
async def note_consents(session: AsyncSession, run: Sequence[Received[ConsentRecorded]]) -> None:
    """Consents stand again."""
    rows = [{"id": heard.event.household, "consent_withdrawn_at": None} for heard in run]
    await projecting.keep_households(session, rows)


@subscriptions.on(ConsentWithdrawn, projects=True)
async def note_withdrawal(session: AsyncSession, received: Received[ConsentWithdrawn]) -> None:
    """A consent was withdrawn: workers are told to ask the owner before they go."""
    row = {"id": received.event.household, "consent_withdrawn_at": received.envelope.occurred_at}
    await projecting.keep_households(session, [row])


@subscriptions.on(ProtectionSet, projects=True)
async def protect(session: AsyncSession, received: Received[ProtectionSet]) -> None:
    """Forget the area; hide the household from all without a part."""
    await projecting.set_protection(session, received.event.household, received.event.protection, ended=False)


@subscriptions.on(ProtectionEnded, projects=True)
async def end_protection(session: AsyncSession, received: Received[ProtectionEnded]) -> None:
    """One protection has ended; the area comes back with intake's next word about it."""
    await projecting.set_protection(session, received.event.household, received.event.protection, ended=True)


@subscriptions.on(AllowListChanged, projects=True)
async def keep_allow_list(session: AsyncSession, received: Received[AllowListChanged]) -> None:
    """Who goes on seeing it by its area."""
    await projecting.keep_households(session, [{"id": received.event.household, "listed": list(received.event.posts)}])


@subscriptions.on(HouseholdErased, acts=True)
async def erase(session: AsyncSession, received: Received[HouseholdErased]) -> None:
    """Erase everything written about it."""
    await ending.erase_household(session, received.event.household)


@subscriptions.on(HouseholdErased, projects=True)
async def forget(session: AsyncSession, received: Received[HouseholdErased]) -> None:
    """Forget what was kept about it."""
    await projecting.forget(session, received.event.household, received.envelope.occurred_at)


@subscriptions.on(PostEnded, acts=True)
async def unstaff_visits(session: AsyncSession, received: Received[PostEnded]) -> None:
    """Whoever is gone goes to no door."""
    await ending.unstaff(session, received.event.post, received.envelope.occurred_at)


@subscriptions.on(CaseOpened, projects=True, batch=True)
async def know_cases(session: AsyncSession, run: Sequence[Received[CaseOpened]]) -> None:
    """Cases: their numbers, their owners."""
    await projecting.keep_cases(session, run)


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


@subscriptions.on(CaseClosed, projects=True)
async def know_closure(session: AsyncSession, received: Received[CaseClosed]) -> None:
    """A case has ended."""
    await session.execute(update(Case).where(Case.id == received.event.case).values(closed=True))


@subscriptions.on(CaseClosed, acts=True)
async def close_case(session: AsyncSession, received: Received[CaseClosed]) -> None:
    """Nobody goes there any more for this case."""
    requests = await session.scalars(select(VisitRequest.id).where(VisitRequest.case == received.event.case))
    await ending.cancel_requests(session, requests.all(), received.envelope.occurred_at)


@subscriptions.on(VisitRequested, projects=True, batch=True)
async def take_requests(session: AsyncSession, run: Sequence[Received[VisitRequested]]) -> None:
    """Visits are wanted."""
    await projecting.keep_requests(session, run)


@subscriptions.on(VisitRequestCancelled, acts=True)
async def drop_request(session: AsyncSession, received: Received[VisitRequestCancelled]) -> None:
    """The visit is no longer wanted."""
    await ending.cancel_requests(session, [received.event.request], received.envelope.occurred_at)
