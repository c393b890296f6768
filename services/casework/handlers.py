"""What casework hears: households from intake, visits from outreach, receipts from notify. The whole list.

A fact that is kept and acted on has two handlers, called in the order in which they stand here. What projects runs
again in ``./kasane rebuild``, where there are no tables but the projections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update

from services.casework.actions import hearing, projecting, undoing
from services.casework.actions.erasing import erase_household
from services.casework.actions.keeping import note_happening
from services.casework.tables import Case, HouseholdLink, HouseholdType, MemberContact, Visit, VisitRequest
from shared.events.intake import (
    AllowListChanged,
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
    MemberMeetingUndone,
    MemberMet,
    VisitAssigned,
    VisitReported,
    VisitReportUndone,
    VisitStarted,
)
from shared.spine import Received, Subscriptions, derived_id
from shared.spine.heartbeat import wire_heartbeat

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

subscriptions = Subscriptions("casework")
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
async def know_consultations(session: AsyncSession, run: Sequence[Received[ConsultationReceived]]) -> None:
    """Contacts."""
    await projecting.keep_consultations(session, run)


@subscriptions.on(ConsultationScreened, projects=True, batch=True)
async def know_screenings(session: AsyncSession, run: Sequence[Received[ConsultationScreened]]) -> None:
    """How urgent they are."""
    await projecting.screen(session, run)


@subscriptions.on(ConsultationScreened, acts=True)
async def open_case(session: AsyncSession, received: Received[ConsultationScreened]) -> None:
    """A case opens, goes on or begins again."""
    await hearing.open_case_of(session, received)


@subscriptions.on(TypeMatched, projects=True, batch=True)
async def know_types(session: AsyncSession, run: Sequence[Received[TypeMatched]]) -> None:
    """Types' rules came to other verdicts."""
    await projecting.keep_types(session, run)


@subscriptions.on(TypeAnswered, projects=True)
async def know_answer(session: AsyncSession, received: Received[TypeAnswered]) -> None:
    """A worker confirmed or rejected a type."""
    event = received.event
    await session.execute(
        update(HouseholdType)
        .where(HouseholdType.household == event.household, HouseholdType.code == event.code)
        .values(answer=event.answer)
    )


@subscriptions.on(ConsentRecorded, projects=True, batch=True)
async def know_consents(session: AsyncSession, run: Sequence[Received[ConsentRecorded]]) -> None:
    """Consents stand, or are on the way."""
    await projecting.keep_consents(session, run)


@subscriptions.on(ConsentRecorded, acts=True)
async def note_consent(session: AsyncSession, received: Received[ConsentRecorded]) -> None:
    """The case's track and the clock of an oral consent follow."""
    await hearing.note_consent(session, received)


@subscriptions.on(ConsentWithdrawn, projects=True)
async def know_withdrawal(session: AsyncSession, received: Received[ConsentWithdrawn]) -> None:
    """A consent stands no more."""
    event = received.event
    await projecting.know(session, event.household)
    if not await projecting.is_erased(session, event.household):
        at = received.envelope.occurred_at
        await projecting.withdraw(session, event.household, event.consent, event.member, at)


@subscriptions.on(ConsentWithdrawn, acts=True)
async def withdraw_consent(session: AsyncSession, received: Received[ConsentWithdrawn]) -> None:
    """Sharing on this consent stops now."""
    await hearing.withdraw_consent(session, received)


@subscriptions.on(ProtectionSet, projects=True)
async def protect(session: AsyncSession, received: Received[ProtectionSet]) -> None:
    """Forget the area; new sharing stops."""
    event = received.event
    if not await projecting.is_erased(session, event.household):
        await projecting.set_protection(session, event.household, event.protection, ended=False)


@subscriptions.on(AllowListChanged, projects=True)
async def keep_allow_list(session: AsyncSession, received: Received[AllowListChanged]) -> None:
    """Who goes on seeing it by its area."""
    event = received.event
    if not await projecting.is_erased(session, event.household):
        await projecting.keep_allow_list(session, event.household, event.posts)


@subscriptions.on(ProtectionSet, acts=True)
async def forget_areas(session: AsyncSession, received: Received[ProtectionSet]) -> None:
    """Forget it in what casework itself has written, too."""
    await hearing.forget_areas(session, received.event.household)


@subscriptions.on(ProtectionEnded, projects=True)
async def end_protection(session: AsyncSession, received: Received[ProtectionEnded]) -> None:
    """One protection has ended; the area comes back with intake's next word about it."""
    event = received.event
    if not await projecting.is_erased(session, event.household):
        await projecting.set_protection(session, event.household, event.protection, ended=True)


@subscriptions.on(MemberLeft, projects=True, batch=True)
async def know_leavings(session: AsyncSession, run: Sequence[Received[MemberLeft]]) -> None:
    """Members no longer live there."""
    rows = [
        {
            "member": heard.event.member,
            "household": heard.event.household,
            "left_on": heard.event.left_on,
            "left_reason": heard.event.reason,
        }
        for heard in run
    ]
    await projecting.keep_members(session, rows)


@subscriptions.on(MemberLeft, acts=True)
async def note_leaving(session: AsyncSession, received: Received[MemberLeft]) -> None:
    """It belongs to the case's story."""
    case = await hearing.open_case_in(session, received.event.household)
    if case is not None:
        at, line = received.envelope.occurred_at, derived_id(received.id, "left")
        await note_happening(session, case.id, "member_left", at, code=received.event.reason, id_=line)


@subscriptions.on(HouseholdsLinked, projects=True)
async def know_link(session: AsyncSession, received: Received[HouseholdsLinked]) -> None:
    """Two households belong together: their cases are shown beside each other."""
    await projecting.keep_link(session, received.event.household, received.event.other, received.event.kind)


@subscriptions.on(HouseholdsUnlinked, projects=True)
async def forget_link(session: AsyncSession, received: Received[HouseholdsUnlinked]) -> None:
    """A link was taken back."""
    one, other = sorted((received.event.household, received.event.other))
    await session.execute(delete(HouseholdLink).where(HouseholdLink.one == one, HouseholdLink.other == other))


@subscriptions.on(HouseholdErased, projects=True)
async def forget(session: AsyncSession, received: Received[HouseholdErased]) -> None:
    """Forget what was kept about it."""
    await projecting.forget(session, received.event.household, received.envelope.occurred_at)


@subscriptions.on(HouseholdErased, acts=True)
async def erase(session: AsyncSession, received: Received[HouseholdErased]) -> None:
    """Erase everything that was written about it."""
    await erase_household(session, received.event.household)


@subscriptions.on(VisitAssigned, projects=True, batch=True)
async def know_visits(session: AsyncSession, run: Sequence[Received[VisitAssigned]]) -> None:
    """Visits were published: their workers see the case from now on."""
    await projecting.keep_assignments(session, run)


@subscriptions.on(VisitAssigned, acts=True)
async def note_assignment(session: AsyncSession, received: Received[VisitAssigned]) -> None:
    """The request is on its way."""
    await session.execute(
        update(VisitRequest)
        .where(VisitRequest.id == received.event.request, VisitRequest.state.in_(["asked", "visited"]))
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
    """What came of a visit; before it is kept, for a result that is told again counts once."""
    await hearing.note_visit(session, received)


@subscriptions.on(VisitReported, projects=True)
async def know_result(session: AsyncSession, received: Received[VisitReported]) -> None:
    """Keep it."""
    if not await projecting.is_erased(session, received.event.household):
        await projecting.keep_result(session, received.event, received.envelope.occurred_at)


@subscriptions.on(VisitReportUndone, acts=True)
async def undo_visit(session: AsyncSession, received: Received[VisitReportUndone]) -> None:
    """The result was taken back; before it is forgotten, for it says what has to be put right."""
    await undoing.undo_visit(session, received)


@subscriptions.on(VisitReportUndone, projects=True)
async def forget_result(session: AsyncSession, received: Received[VisitReportUndone]) -> None:
    """The visit waits for another one."""
    await projecting.forget_result(session, received.event.visit, "started" if received.event.started else "assigned")


@subscriptions.on(MemberMet, projects=True, batch=True)
async def know_meetings(session: AsyncSession, run: Sequence[Received[MemberMet]]) -> None:
    """Members were met in person."""
    rows = [
        {"member": heard.event.member, "household": heard.event.household, "met_at": heard.envelope.occurred_at}
        for heard in run
    ]
    await projecting.keep_members(session, rows)


@subscriptions.on(MemberMeetingUndone, projects=True)
async def know_no_meeting(session: AsyncSession, received: Received[MemberMeetingUndone]) -> None:
    """They were met on another visit, or not at all."""
    event = received.event
    await session.execute(
        update(MemberContact).where(MemberContact.member == event.member).values(met_at=event.last_met_at)
    )


@subscriptions.on(MemberMet, acts=True)
async def note_meeting(session: AsyncSession, received: Received[MemberMet]) -> None:
    """It belongs to the case's story."""
    event, at = received.event, received.envelope.occurred_at
    if await session.get(Case, event.case) is not None:
        await note_happening(session, event.case, "member_met", at, id_=derived_id(received.id, "met"))


@subscriptions.on(AbsenceRepeated, acts=True)
async def note_absence(session: AsyncSession, received: Received[AbsenceRepeated]) -> None:
    """Nobody opened again: the ladder's next step is due."""
    event, at = received.event, received.envelope.occurred_at
    case = await session.get(Case, event.case)
    if case is not None:
        case.absences = event.absences
        line = derived_id(received.id, "absence")
        await note_happening(session, case.id, "absence_repeated", at, code=event.step, id_=line)


@subscriptions.on(CheckinMissed, acts=True)
async def note_silence(session: AsyncSession, received: Received[CheckinMissed]) -> None:
    """Workers did not report back from the door: it belongs to the case's story."""
    event, at = received.event, received.envelope.occurred_at
    if await session.get(Case, event.case) is not None:
        await note_happening(session, event.case, "checkin_missed", at, id_=derived_id(received.id, "checkin"))


@subscriptions.on(NotificationSent, projects=True, batch=True)
async def know_notices(session: AsyncSession, run: Sequence[Received[NotificationSent]]) -> None:
    """Notifications lie in inboxes."""
    rows = [
        {
            "id": heard.event.notification,
            "post": heard.event.post,
            "household": heard.event.household,
            "because": heard.event.because,
            "kind": heard.event.kind,
            "sent_at": heard.envelope.occurred_at,
            "read_by": heard.event.read_by,
        }
        for heard in run
    ]
    await projecting.keep_notices(session, rows)


@subscriptions.on(NotificationRead, projects=True, batch=True)
async def know_receipts(session: AsyncSession, run: Sequence[Received[NotificationRead]]) -> None:
    """They were read: the receipt."""
    await projecting.keep_notices(session, [_receipt(heard, "read_at") for heard in run])


@subscriptions.on(NotificationUnanswered, projects=True, batch=True)
async def know_silence(session: AsyncSession, run: Sequence[Received[NotificationUnanswered]]) -> None:
    """Nobody read them in time."""
    await projecting.keep_notices(session, [_receipt(heard, "unanswered_at") for heard in run])


def _receipt(heard: Received[NotificationRead] | Received[NotificationUnanswered], column: str) -> dict[str, Any]:
    event = heard.event
    row = {"id": event.notification, "post": event.post, "household": event.household, "because": event.because}
    return {**row, column: heard.envelope.occurred_at}
