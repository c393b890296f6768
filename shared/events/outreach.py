"""Facts that outreach states: visits assigned, answered, started and reported; absences; people met."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import HouseholdEvent


class VisitEvent(HouseholdEvent):
    """A fact about a visit (訪問) for a case."""

    case: UUID
    request: UUID
    visit: UUID


class VisitAssigned(VisitEvent):
    """A visit was published: who goes, when. Workers may see the household from now on."""

    type: ClassVar[str] = "outreach.visit_assigned"

    team: str
    workers: tuple[UUID, ...]
    starts_at: datetime
    ends_at: datetime
    assigned_by: UUID


class AssignmentAnswered(VisitEvent):
    """A worker accepted or declined."""

    type: ClassVar[str] = "outreach.assignment_answered"

    worker: UUID
    answer: Literal["accepted", "declined"]
    reason: str | None = None


class VisitStarted(VisitEvent):
    """The workers are at the door (着いた)."""

    type: ClassVar[str] = "outreach.visit_started"

    worker: UUID
    check_out_due: datetime


class VisitReported(VisitEvent):
    """What came of the visit, as a code of VISIT_RESULT. Notes stay in outreach."""

    type: ClassVar[str] = "outreach.visit_reported"

    result: str
    contact: Literal["met", "family", "signs", "none", "called_off"]
    """What the result means for counters: person met, family only, some sign or answer, nobody, not carried out."""
    card_left: bool = False
    next_on: date | None = None
    absences: int = 0
    """Absences in a row with this one."""
    trust_stage: int = 0
    workers: tuple[UUID, ...]
    reported_by: UUID


class MemberMet(VisitEvent):
    """A member of the household was met in person."""

    type: ClassVar[str] = "outreach.member_met"

    member: UUID


class VisitReportUndone(VisitEvent):
    """The result was taken back: the visit waits for another one, and the household's counters stand as before."""

    type: ClassVar[str] = "outreach.visit_report_undone"

    started: bool
    """Whether the workers had said that they were at the door."""
    absences: int
    trust_stage: int
    next_on: date | None = None
    """The day that the result before had named."""
    undone_by: UUID


class MemberMeetingUndone(VisitEvent):
    """A member was not met after all, or not then."""

    type: ClassVar[str] = "outreach.member_meeting_undone"

    member: UUID
    met_at: datetime
    """What had been told."""
    last_met_at: datetime | None = None
    """When they were last met on another visit."""


class AbsenceRepeated(VisitEvent):
    """Nobody opened again; the ladder's next step is due (``step`` of LADDER)."""

    type: ClassVar[str] = "outreach.absence_repeated"

    absences: int
    step: str


class CheckinMissed(VisitEvent):
    """Workers did not report back from a door in time."""

    type: ClassVar[str] = "outreach.checkin_missed"

    workers: tuple[UUID, ...]
    due_at: datetime


class HouseholdForgotten(HouseholdEvent):
    """Everything that outreach held about an erased household is gone: its part of the certificate (消去証明)."""

    type: ClassVar[str] = "outreach.household_forgotten"

    classes: tuple[str, ...] = ()
    """What there was, by RECORD_CLASS."""
