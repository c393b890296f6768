"""What casework hears: households from intake, visits from outreach, receipts from notify. The whole list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.casework.actions import hearing
from services.casework.actions.keeping import note_happening
from services.casework.tables import (
    Case,
    Consultation,
    Household,
    HouseholdLink,
    HouseholdType,
    Invitation,
    MemberContact,
    Notice,
    Protection,
    Visit,
    VisitRequest,
)
from shared.events.intake import (
    ConsentRecorded,
    ConsentWithdrawn,
    ConsultationReceived,
    ConsultationScreened,
    HouseholdChanged,
    HouseholdErased,
    HouseholdRegistered,
    HouseholdsLinked,
    HouseholdsUnlinked,
    MemberLeft,
    ProtectionEnded,
    ProtectionSet,
    TypeAnswered,
    TypeMatched,
)
from shared.events.notify import NotificationRead, NotificationSent, NotificationUnanswered
from shared.events.outreach import (
    AbsenceRepeated,
    AssignmentAnswered,
    CheckinMissed,
    MemberMet,
    VisitAssigned,
    VisitReported,
    VisitStarted,
)
from shared.spine import Received, Subscriptions, derived_id
from shared.spine.heartbeat import wire_heartbeat

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

subscriptions = Subscriptions("casework")
wire_heartbeat(subscriptions)


async def _know(session: AsyncSession, household: UUID) -> Household:
    """The household's row; a bare one where a fact that never waits has come first."""
    await session.execute(insert(Household).values(id=household).on_conflict_do_nothing())
    return await session.get_one(Household, household)


async def _place(session: AsyncSession, event: HouseholdRegistered | HouseholdChanged) -> None:
    """Where it is. While somebody is protected the area stays forgotten, whatever an older fact still says."""
    household = await _know(session, event.household)
    if household.erased_at is not None:
        return
    household.number, household.incomplete = event.number, event.incomplete
    if not household.protected:
        household.area, household.district = event.area, event.district


@subscriptions.on(HouseholdRegistered, projects=True)
async def know_household(session: AsyncSession, received: Received[HouseholdRegistered]) -> None:
    """A household is known, with its area."""
    await _place(session, received.event)


@subscriptions.on(HouseholdChanged, projects=True)
async def move_household(session: AsyncSession, received: Received[HouseholdChanged]) -> None:
    """It lives elsewhere, or its place became known."""
    await _place(session, received.event)


@subscriptions.on(ConsultationReceived, projects=True)
async def know_consultation(session: AsyncSession, received: Received[ConsultationReceived]) -> None:
    """One contact. Worries and safety flags add up; none is dropped because a later call did not mention it."""
    event = received.event
    household = await _know(session, event.household)
    if household.erased_at is not None:
        return
    household.worries = sorted({*household.worries, *event.worries})
    household.safety_flags = sorted({*household.safety_flags, *event.safety_flags})
    row = {
        "household": event.household,
        "occurred_at": received.envelope.occurred_at,
        "channel": event.channel,
        "route": event.route,
        "referrer": event.referrer,
        "worries": list(event.worries),
        "main_worry": event.main_worry,
        "safety_flags": list(event.safety_flags),
        "received_by": event.received_by,
        "agency": event.agency,
    }
    await session.execute(
        insert(Consultation)
        .values(id=event.consultation, **row)
        .on_conflict_do_update(index_elements=[Consultation.id], set_=row)
    )


@subscriptions.on(ConsultationScreened, acts=True)
async def open_case(session: AsyncSession, received: Received[ConsultationScreened]) -> None:
    """A case opens, goes on or begins again."""
    await hearing.open_case_of(session, received)


@subscriptions.on(TypeMatched, projects=True)
async def know_type(session: AsyncSession, received: Received[TypeMatched]) -> None:
    """A type's rule came to another verdict."""
    event = received.event
    if (await _know(session, event.household)).erased_at is not None:
        return
    row: dict[str, Any] = {
        "verdict": event.verdict,
        "rule_version": event.rule_version,
        "tags": list(event.tags),
        "matched_at": received.envelope.occurred_at,
    }
    await session.execute(
        insert(HouseholdType)
        .values(household=event.household, code=event.code, **row)
        .on_conflict_do_update(index_elements=[HouseholdType.household, HouseholdType.code], set_=row)
    )


@subscriptions.on(TypeAnswered, projects=True)
async def know_answer(session: AsyncSession, received: Received[TypeAnswered]) -> None:
    """A worker confirmed or rejected a type."""
    event = received.event
    await session.execute(
        update(HouseholdType)
        .where(HouseholdType.household == event.household, HouseholdType.code == event.code)
        .values(answer=event.answer)
    )


@subscriptions.on(ConsentRecorded, acts=True)
async def note_consent(session: AsyncSession, received: Received[ConsentRecorded]) -> None:
    """A consent stands, or is on the way."""
    if (await _know(session, received.event.household)).erased_at is None:
        await hearing.note_consent(session, received)


@subscriptions.on(ConsentWithdrawn, acts=True)
async def withdraw_consent(session: AsyncSession, received: Received[ConsentWithdrawn]) -> None:
    """Sharing on this consent stops now."""
    if (await _know(session, received.event.household)).erased_at is None:
        await hearing.withdraw_consent(session, received)


@subscriptions.on(ProtectionSet, projects=True)
async def protect(session: AsyncSession, received: Received[ProtectionSet]) -> None:
    """Forget the area, everywhere; new sharing stops."""
    event = received.event
    household = await _know(session, event.household)
    if household.erased_at is not None:
        return
    await session.execute(
        insert(Protection).values(id=event.protection, household=event.household).on_conflict_do_nothing()
    )
    await _refresh_protection(session, household)


@subscriptions.on(ProtectionEnded, projects=True)
async def end_protection(session: AsyncSession, received: Received[ProtectionEnded]) -> None:
    """One protection has ended; the area comes back with intake's next word about it."""
    event = received.event
    household = await _know(session, event.household)
    if household.erased_at is not None:
        return
    await session.execute(
        insert(Protection)
        .values(id=event.protection, household=event.household, ended=True)
        .on_conflict_do_update(index_elements=[Protection.id], set_={"ended": True})
    )
    await _refresh_protection(session, household)


async def _refresh_protection(session: AsyncSession, household: Household) -> None:
    running = await session.scalar(
        select(func.count()).where(Protection.household == household.id, Protection.ended.is_(False))
    )
    household.protected = bool(running)
    if household.protected:
        household.area = household.district = None
        for table in (Invitation, VisitRequest):
            await session.execute(update(table).where(table.household == household.id).values(area=None))


@subscriptions.on(MemberLeft, projects=True)
async def note_leaving(session: AsyncSession, received: Received[MemberLeft]) -> None:
    """A member no longer lives there."""
    event = received.event
    if (await _know(session, event.household)).erased_at is not None:
        return
    row = {"household": event.household, "left_on": event.left_on, "left_reason": event.reason}
    await _upsert_member(session, event.member, row)
    case = await hearing.open_case_in(session, event.household)
    if case is not None:
        await note_happening(
            session,
            case.id,
            "member_left",
            received.envelope.occurred_at,
            code=event.reason,
            id_=derived_id(received.id, "left"),
        )


@subscriptions.on(HouseholdsLinked, projects=True)
async def know_link(session: AsyncSession, received: Received[HouseholdsLinked]) -> None:
    """Two households belong together: their cases are shown beside each other."""
    event = received.event
    one, other = sorted((event.household, event.other))
    for household in (one, other):
        if (await _know(session, household)).erased_at is not None:
            return
    await session.execute(
        insert(HouseholdLink)
        .values(one=one, other=other, kind=event.kind)
        .on_conflict_do_update(index_elements=[HouseholdLink.one, HouseholdLink.other], set_={"kind": event.kind})
    )


@subscriptions.on(HouseholdsUnlinked, projects=True)
async def forget_link(session: AsyncSession, received: Received[HouseholdsUnlinked]) -> None:
    """A link was taken back."""
    one, other = sorted((received.event.household, received.event.other))
    await session.execute(delete(HouseholdLink).where(HouseholdLink.one == one, HouseholdLink.other == other))


@subscriptions.on(HouseholdErased, projects=True)
async def erase(session: AsyncSession, received: Received[HouseholdErased]) -> None:
    """Erase everything held about it."""
    await _know(session, received.event.household)
    await hearing.erase_household(session, received.event.household, received.envelope.occurred_at)


@subscriptions.on(VisitAssigned, projects=True)
async def know_visit(session: AsyncSession, received: Received[VisitAssigned]) -> None:
    """A visit was published: its workers see the case from now on."""
    event = received.event
    if await session.get(Case, event.case) is None:
        return
    row: dict[str, Any] = {
        "request": event.request,
        "case_id": event.case,
        "household": event.household,
        "team": event.team,
        "workers": list(event.workers),
        "starts_at": event.starts_at,
    }
    await session.execute(
        insert(Visit)
        .values(id=event.visit, state="assigned", **row)
        .on_conflict_do_update(index_elements=[Visit.id], set_=row)
    )
    await session.execute(
        update(VisitRequest)
        .where(VisitRequest.id == event.request, VisitRequest.state.in_(["asked", "visited"]))
        .values(state="assigned")
    )


@subscriptions.on(AssignmentAnswered, projects=True)
async def know_worker(session: AsyncSession, received: Received[AssignmentAnswered]) -> None:
    """A worker will go, or will not (and then sees the case no more)."""
    event = received.event
    visit = await session.get(Visit, event.visit)
    if visit is None:
        return
    if event.answer == "accepted":
        visit.accepted = [*(post for post in visit.accepted if post != event.worker), event.worker]
    else:
        visit.workers = [post for post in visit.workers if post != event.worker]
        visit.accepted = [post for post in visit.accepted if post != event.worker]


@subscriptions.on(VisitStarted, projects=True)
async def know_start(session: AsyncSession, received: Received[VisitStarted]) -> None:
    """The workers are at the door."""
    await session.execute(
        update(Visit).where(Visit.id == received.event.visit, Visit.state == "assigned").values(state="started")
    )


@subscriptions.on(VisitReported, acts=True)
async def note_visit(session: AsyncSession, received: Received[VisitReported]) -> None:
    """What came of a visit."""
    await hearing.note_visit(session, received)


@subscriptions.on(MemberMet, projects=True)
async def note_meeting(session: AsyncSession, received: Received[MemberMet]) -> None:
    """A member was met in person."""
    event, at = received.event, received.envelope.occurred_at
    if await session.get(Case, event.case) is None:
        return
    await _upsert_member(session, event.member, {"household": event.household, "met_at": at})
    await note_happening(session, event.case, "member_met", at, id_=derived_id(received.id, "met"))


@subscriptions.on(AbsenceRepeated, projects=True)
async def note_absence(session: AsyncSession, received: Received[AbsenceRepeated]) -> None:
    """Nobody opened again: the ladder's next step is due."""
    event, at = received.event, received.envelope.occurred_at
    case = await session.get(Case, event.case)
    if case is not None:
        case.absences = event.absences
        line = derived_id(received.id, "absence")
        await note_happening(session, case.id, "absence_repeated", at, code=event.step, id_=line)


@subscriptions.on(CheckinMissed, projects=True)
async def note_silence(session: AsyncSession, received: Received[CheckinMissed]) -> None:
    """Workers did not report back from the door: it belongs to the case's story."""
    event, at = received.event, received.envelope.occurred_at
    if await session.get(Case, event.case) is not None:
        await note_happening(session, event.case, "checkin_missed", at, id_=derived_id(received.id, "checkin"))


@subscriptions.on(NotificationSent, projects=True)
async def note_sent(session: AsyncSession, received: Received[NotificationSent]) -> None:
    """A notification lies in an inbox."""
    event = received.event
    row: dict[str, Any] = {
        "post": event.post,
        "household": event.household,
        "because": event.because,
        "kind": event.kind,
        "sent_at": received.envelope.occurred_at,
        "read_by": event.read_by,
    }
    await _upsert_notice(session, event.notification, row)


@subscriptions.on(NotificationRead, projects=True)
async def note_read(session: AsyncSession, received: Received[NotificationRead]) -> None:
    """It was read: the receipt."""
    await _note_notice(session, received, "read_at", received.envelope.occurred_at)


@subscriptions.on(NotificationUnanswered, projects=True)
async def note_unanswered(session: AsyncSession, received: Received[NotificationUnanswered]) -> None:
    """Nobody read it in time."""
    await _note_notice(session, received, "unanswered_at", received.envelope.occurred_at)


async def _note_notice(
    session: AsyncSession,
    received: Received[NotificationRead] | Received[NotificationUnanswered],
    column: str,
    at: datetime,
) -> None:
    event = received.event
    row = {"post": event.post, "household": event.household, "because": event.because, column: at}
    await _upsert_notice(session, event.notification, row)


async def _upsert_notice(session: AsyncSession, notice: UUID, row: dict[str, Any]) -> None:
    household = row["household"]
    if household is not None and (await _know(session, household)).erased_at is not None:
        return
    await session.execute(
        insert(Notice).values(id=notice, **row).on_conflict_do_update(index_elements=[Notice.id], set_=row)
    )


async def _upsert_member(session: AsyncSession, member: UUID, row: dict[str, Any]) -> None:
    await session.execute(
        insert(MemberContact)
        .values(member=member, **row)
        .on_conflict_do_update(index_elements=[MemberContact.member], set_=row)
    )
