"""Who may read what: each reader of a log and the types its feed credential opens.

A service's subscriptions (its ``handlers.py``) must stay within its lists here; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.events import casework, heartbeat, intake, notify, outreach

Types = frozenset[str]


def _types(*contracts: type) -> Types:
    return frozenset(contract.type for contract in contracts)  # type: ignore[attr-defined]


_POSTS = _types(casework.PostStarted, casework.PostEnded, casework.SessionEnded)

_EVERY_INTAKE_FACT = _types(
    intake.HouseholdRegistered,
    intake.HouseholdChanged,
    intake.MemberLeft,
    intake.ConsultationReceived,
    intake.ConsultationScreened,
    intake.TypeMatched,
    intake.TypeAnswered,
    intake.HouseholdsLinked,
    intake.HouseholdsUnlinked,
    intake.ConsentRecorded,
    intake.ConsentWithdrawn,
    intake.ProtectionSet,
    intake.ProtectionEnded,
    intake.HouseholdErased,
)

_EVERY_VISIT_FACT = _types(
    outreach.VisitAssigned,
    outreach.AssignmentAnswered,
    outreach.VisitStarted,
    outreach.VisitReported,
    outreach.VisitReportUndone,
    outreach.MemberMet,
    outreach.MemberMeetingUndone,
    outreach.AbsenceRepeated,
    outreach.CheckinMissed,
)

READERS: dict[str, dict[str, Types]] = {
    "intake": {
        "casework": _EVERY_INTAKE_FACT | _types(intake.AllowListChanged, heartbeat.IntakeHeartbeat),
        "outreach": _types(
            intake.HouseholdRegistered,
            intake.HouseholdChanged,
            intake.ConsultationReceived,
            intake.ConsultationScreened,
            intake.ConsentRecorded,
            intake.ConsentWithdrawn,
            intake.ProtectionSet,
            intake.ProtectionEnded,
            intake.AllowListChanged,
            intake.HouseholdErased,
        ),
        "notify": _EVERY_INTAKE_FACT
        | _types(
            intake.DuplicateSuspected,
            intake.ConsentReminded,
            intake.ProtectionDue,
            intake.ProtectionRenewed,
            intake.GlassAsked,
            intake.GlassAnswered,
        ),
    },
    "casework": {
        "intake": _POSTS
        | _types(
            casework.CaseOpened,
            casework.OwnerChanged,
            casework.LeadChanged,
            casework.AgencyInvited,
            casework.AgencyAnswered,
            casework.AgencyLeft,
            casework.RecordOpened,
            casework.PlanDrafted,
            casework.MeetingCalled,
            casework.MeetingMemberSigned,
            casework.MeetingMemberReleased,
            casework.VisitRequested,
            casework.VisitRequestCancelled,
            casework.CaseClosed,
            casework.CaseReopened,
            casework.HouseholdForgotten,
        ),
        "outreach": _POSTS
        | _types(
            casework.CaseOpened,
            casework.OwnerChanged,
            casework.LeadChanged,
            casework.AgencyInvited,
            casework.AgencyAnswered,
            casework.AgencyLeft,
            casework.PlanDrafted,
            casework.MeetingCalled,
            casework.VisitRequested,
            casework.VisitRequestCancelled,
            casework.CaseClosed,
            casework.CaseReopened,
            heartbeat.CaseworkHeartbeat,
        ),
        "notify": _POSTS
        | _types(
            casework.CaseOpened,
            casework.OwnerChanged,
            casework.LeadChanged,
            casework.AgencyInvited,
            casework.AgencyAnswered,
            casework.AgencyLeft,
            casework.MeetingCalled,
            casework.MeetingMemberNamed,
            casework.MeetingHeld,
            casework.TaskAssigned,
            casework.TaskDone,
            casework.PlanDrafted,
            casework.PlanDecided,
            casework.PlanEvaluated,
            casework.VisitRequested,
            casework.VisitRequestCancelled,
            casework.ClockStarted,
            casework.ClockStopped,
            casework.DeadlineMissed,
            casework.CaseClosed,
            casework.CaseReopened,
        ),
    },
    "outreach": {
        "intake": _types(
            outreach.VisitAssigned, outreach.MemberMet, outreach.MemberMeetingUndone, outreach.HouseholdForgotten
        ),
        "casework": _EVERY_VISIT_FACT,
        "notify": _EVERY_VISIT_FACT | _types(heartbeat.OutreachHeartbeat),
    },
    "notify": {
        "intake": _types(heartbeat.NotifyHeartbeat, notify.HouseholdForgotten),
        "casework": _types(notify.NotificationSent, notify.NotificationRead, notify.NotificationUnanswered),
    },
}
"""``READERS[producer][reader]`` is the set of types the reader's credential opens."""


def sources_of(reader: str) -> dict[str, Types]:
    """The producers that ``reader`` follows, each with the types it may have."""
    return {producer: readers[reader] for producer, readers in READERS.items() if reader in readers}


def types_of(reader: str | None, producer: str, partners: Mapping[str, Collection[str]]) -> Types | None:
    """What a reader may have of a producer's log; None for nobody's credential. ``partners``: see the settings."""
    if reader is None:
        return None
    if reader in partners:
        return frozenset(name for name in partners[reader] if name.partition(".")[0] == producer)
    return READERS.get(producer, {}).get(reader)
