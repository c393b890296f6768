"""What casework does when it hears a fact: cases that open, clocks that stop, sharing that ends at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, update

from services.casework.actions.files import forget_consents, invitations_of
from services.casework.actions.invitations import end_invitations, refresh_track
from services.casework.actions.keeping import (
    add_happening,
    begin_if_accepted,
    note_happening,
    refresh_case,
    start_clock,
    stop_clocks,
)
from services.casework.actions.opening import Opening, open_or_continue
from services.casework.queries.facts import consents_of, find_agency
from services.casework.queries.handling import wanted_from
from services.casework.rules import cases, clocks, sharing
from services.casework.tables import (
    Case,
    Consent,
    Consultation,
    Household,
    Invitation,
    Post,
    Visit,
    VisitRequest,
)
from shared import clock
from shared.codes import find_code
from shared.rights import BY_CONSENT
from shared.spine import NotYet, Received, derived_id

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.events.intake import ConsentRecorded, ConsentWithdrawn, ConsultationScreened
    from shared.events.outreach import VisitReported


async def open_case_of(session: AsyncSession, received: Received[ConsultationScreened]) -> None:
    """Open (or go on with) a case when the screening says so. Clocks begin at receipt, not at screening."""
    event = received.event
    household = await session.get(Household, event.household)
    if household is not None and household.erased_at is not None:
        return
    if household is None or not household.number:
        raise NotYet
    call = await session.get(Consultation, event.consultation)
    attributes = await attributes_of(session, "SCREENING", event.result)
    if not cases.opens_case(attributes, sight_check=event.sight_check_due is not None):
        return
    received_at = call.occurred_at if call is not None else received.envelope.occurred_at
    opening = Opening(
        because=received.id,
        household=event.household,
        urgency=event.urgency,
        receiving_post=call.received_by if call is not None else event.screened_by,
        received_at=received_at,
        occurred_at=received.envelope.occurred_at,
        consultation=event.consultation,
        first_contact_due=event.first_contact_due,
        sight_check_due=event.sight_check_due,
        actor=received.envelope.actor,
    )
    try:
        case = await open_or_continue(session, opening)
    except LookupError:
        raise NotYet from None  # no post is on duty: the ward's staff has not been brought in yet
    await note_happening(
        session,
        case.id,
        "consultation",
        received_at,
        post=opening.receiving_post,
        code=call.channel if call is not None else None,
        id_=derived_id(received.id, "consultation"),
    )


async def note_consent(session: AsyncSession, received: Received[ConsentRecorded]) -> None:
    """Let the case's track and the clock of an oral consent follow what is known of the consent."""
    event, at = received.event, received.envelope.occurred_at
    consent = await session.get(Consent, event.consent)
    case = await open_case_in(session, event.household)
    if consent is None or case is None:
        return
    forget_consents(session, case)
    actor = received.envelope.actor
    if consent.withdrawn_at is None:
        await refresh_track(session, case)
        add_happening(session, case.id, "consent_recorded", at, code=event.state)
    await stop_clocks(session, case, actor=actor, at=at, about=consent.id)
    if event.confirm_by is not None and consent.withdrawn_at is None:
        due = clocks.due_on(event.confirm_by)
        await start_clock(
            session,
            case,
            "oral_consent",
            due,
            actor=actor,
            started_at=at,
            about=consent.id,
            id_=derived_id(received.id, "clock"),
        )
    await refresh_case(session, case)


async def withdraw_consent(session: AsyncSession, received: Received[ConsentWithdrawn]) -> None:
    """Stop all sharing that stood on this consent, at once and also when heard twice or early."""
    event, at = received.event, received.envelope.occurred_at
    consent = await session.get(Consent, event.consent)
    if consent is None or consent.withdrawn_at != at:
        return  # withdrawn before
    case = await open_case_in(session, event.household)
    if case is None:
        return
    forget_consents(session, case)
    today, standing = clock.today(), await consents_of(session, event.household)
    uncovered = []
    for one in await invitations_of(session, case):
        agency = await find_agency(session, one.agency)
        if one.basis != BY_CONSENT or one.state not in sharing.LIVE or agency is None:
            continue
        wanted = await wanted_from(session, agency, sharing.BY_INVITATION, one.items)
        if not any(consent.covers(wanted, today) for consent in standing):
            uncovered.append(one)
    actor = received.envelope.actor
    await end_invitations(session, case, uncovered, "consent_withdrawn", actor=actor, at=at)
    if case.lead in {invitation.agency for invitation in uncovered}:
        case.lead, case.lead_undecided = None, True
    await stop_clocks(session, case, actor=actor, at=at, about=consent.id, dropped=True)
    line = derived_id(received.id, "withdrawn")
    await note_happening(session, case.id, "consent_withdrawn", at, code=event.reason, id_=line)
    await refresh_track(session, case)
    await refresh_case(session, case)


async def note_visit(session: AsyncSession, received: Received[VisitReported]) -> None:
    """Count a visit, show it in the timeline, stop the clocks that waited for it."""
    event, at = received.event, received.envelope.occurred_at
    case = await session.get(Case, event.case)
    if case is None:
        return  # erased since
    again = await session.scalar(select(Visit.state).where(Visit.id == event.visit)) == "reported"
    meaning = await attributes_of(session, "VISIT_RESULT", event.result)
    case.absences, case.trust_stage = event.absences, event.trust_stage
    case.last_visit_at, case.last_result, case.next_visit_on = at, event.result, event.next_on
    if not again and event.contact != "called_off":
        case.visits += 1
    if event.contact == "met":
        case.person_met_at = at
    actor = received.envelope.actor
    if meaning.get("two_way"):
        case.first_contact_at = case.first_contact_at or at
        await stop_clocks(session, case, actor=actor, at=at, kinds=("first_contact",))
    if meaning.get("seen"):
        await stop_clocks(session, case, actor=actor, at=at, kinds=("sight_check",))
    if event.contact != "called_off":
        await stop_clocks(session, case, actor=actor, at=at, about=event.request)
    await session.execute(
        update(VisitRequest)
        .where(VisitRequest.id == event.request, VisitRequest.state.in_(["asked", "assigned", "visited"]))
        .values(state="visited" if event.next_on else "ended")
    )
    await note_happening(
        session, case.id, "visit", at, post=event.reported_by, code=event.result, id_=derived_id(received.id, "visit")
    )
    team = await session.scalar(select(Post.agency).where(Post.id == event.reported_by))
    if team is not None:
        await begin_if_accepted(session, case, team, at)
    await refresh_case(session, case)


async def forget_areas(session: AsyncSession, household: UUID) -> None:
    """While somebody is protected, no area stands in what casework has asked of others."""
    known = await session.get(Household, household)
    if known is not None and known.protected:
        for table in (Invitation, VisitRequest):
            await session.execute(update(table).where(table.household == household).values(area=None))


async def open_case_in(session: AsyncSession, household: UUID) -> Case | None:
    """The household's open case, if it has one."""
    return await session.scalar(select(Case).where(Case.household == household, Case.state == "open"))


async def attributes_of(session: AsyncSession, name: str, code: str) -> dict[str, Any]:
    """What a code means to the rules; an unknown code means nothing."""
    row = await find_code(session, name, code)
    return dict(row.attributes) if row is not None else {}
