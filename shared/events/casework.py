"""Facts that casework states: posts and sessions, cases, agencies, meetings, plans, tasks, clocks, visit requests."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import HouseholdEvent, PostEvent

Urgency = Literal["A", "B", "C", "D"]


class PostStarted(PostEvent):
    """A person holds a post (職) in an agency; rights follow the post. Stated again whole when it changes."""

    type: ClassVar[str] = "casework.post_started"

    person: UUID
    agency: str
    agency_kind: str
    role: str
    areas: tuple[str, ...] = ()
    starts_on: date
    ends_on: date | None = None


class PostEnded(PostEvent):
    """All rights of the post have ended."""

    type: ClassVar[str] = "casework.post_ended"
    never_waits: ClassVar[bool] = True


class SessionEnded(PostEvent):
    """A session was ended (signed out, or by an administrator): its tokens are refused from now on."""

    type: ClassVar[str] = "casework.session_ended"
    never_waits: ClassVar[bool] = True

    session: UUID


class CaseEvent(HouseholdEvent):
    """A fact about a case (支援ケース) of a household."""

    case: UUID


class CaseOpened(CaseEvent):
    """A household is in care. No case is ever without an owner post."""

    type: ClassVar[str] = "casework.case_opened"

    number: str
    owner: UUID
    agency: str
    area: str | None = None
    urgency: Urgency
    first_contact_due: datetime | None = None


class OwnerChanged(CaseEvent):
    """Another post owns the case (担当者)."""

    type: ClassVar[str] = "casework.owner_changed"

    owner: UUID
    before: UUID


class LeadChanged(CaseEvent):
    """An agency leads the case (主担当機関), or none does."""

    type: ClassVar[str] = "casework.lead_changed"

    agency: str | None


class RecordOpened(CaseEvent):
    """A manager has written down why they open the record of a family; the words stay in casework's audit."""

    type: ClassVar[str] = "casework.record_opened"

    post: UUID
    until: datetime


class AgencyInvited(CaseEvent):
    """An agency was asked (つなぎ) with a question and the area; the household is shown after acceptance."""

    type: ClassVar[str] = "casework.agency_invited"

    invitation: UUID
    agency: str
    basis: str
    invited_by: UUID
    answer_due: date
    urgency: Urgency


class AgencyAnswered(CaseEvent):
    """The agency accepted, wants to talk it over, or returned it with a reason (差戻し)."""

    type: ClassVar[str] = "casework.agency_answered"

    invitation: UUID
    agency: str
    answer: Literal["accepted", "discuss", "returned"]
    reason: str | None = None
    answered_by: UUID
    invited_by: UUID


class AgencyLeft(CaseEvent):
    """An agency has ended its part."""

    type: ClassVar[str] = "casework.agency_left"

    invitation: UUID
    agency: str
    reason: str


class MeetingCalled(CaseEvent):
    """A meeting (会議) was called for the case."""

    type: ClassVar[str] = "casework.meeting_called"

    meeting: UUID
    kind: str
    basis: str
    starts_at: datetime
    agencies: tuple[str, ...] = ()
    called_by: UUID


class MeetingHeld(CaseEvent):
    """A meeting took place and its decisions are recorded."""

    type: ClassVar[str] = "casework.meeting_held"

    meeting: UUID
    kind: str


class MeetingMemberNamed(CaseEvent):
    """The chair has named a post to sit in a meeting of named members (支援会議); it must sign the secrecy notice."""

    type: ClassVar[str] = "casework.meeting_member_named"

    meeting: UUID
    kind: str
    starts_at: datetime
    post: UUID
    named_by: UUID


class MeetingMemberSigned(CaseEvent):
    """A named member has signed the secrecy notice (守秘確認): from now on it sees what is laid before the meeting."""

    type: ClassVar[str] = "casework.meeting_member_signed"

    meeting: UUID
    post: UUID
    anonymous: bool = False
    """The meeting does not say which household it is, to nobody."""


class MeetingMemberReleased(CaseEvent):
    """A post sees the household no more by sitting in this meeting."""

    type: ClassVar[str] = "casework.meeting_member_released"

    meeting: UUID
    post: UUID
    reason: str
    """released by the chair, or recalled, cancelled, case_closed with the meeting."""


class TaskAssigned(CaseEvent):
    """Somebody is to do something until a day."""

    type: ClassVar[str] = "casework.task_assigned"

    task: UUID
    agency: str
    post: UUID | None = None
    due_on: date
    assigned_by: UUID


class TaskDone(CaseEvent):
    """A task was done, or dropped with a reason."""

    type: ClassVar[str] = "casework.task_done"

    task: UUID
    outcome: str
    done_by: UUID


class PlanDrafted(CaseEvent):
    """A plan (プラン) was written; it is not in force."""

    type: ClassVar[str] = "casework.plan_drafted"

    plan: UUID
    plan_no: int


class PlanDecided(CaseEvent):
    """The ward decided the plan (支援決定): it is in force."""

    type: ClassVar[str] = "casework.plan_decided"

    plan: UUID
    plan_no: int
    starts_on: date
    ends_on: date
    monitoring_on: date


class PlanEvaluated(CaseEvent):
    """The plan's end was looked at (評価)."""

    type: ClassVar[str] = "casework.plan_evaluated"

    plan: UUID
    plan_no: int
    next_policy: Literal["close", "plan_again", "suspend"]


class VisitRequested(CaseEvent):
    """The coordinator asks outreach for a visit. The aim in words stays in casework."""

    type: ClassVar[str] = "casework.visit_requested"

    request: UUID
    number: str
    """The case number a worker may quote; it names nobody."""
    purpose: str
    due_on: date
    persons: int = 2
    area: str | None = None
    district: str | None = None
    urgency: Urgency
    safety_flags: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    """Preferred times of day (VISIT_SLOT)."""
    requested_by: UUID


class VisitRequestCancelled(CaseEvent):
    """The visit is no longer wanted."""

    type: ClassVar[str] = "casework.visit_request_cancelled"

    request: UUID
    reason: str


class ClockStarted(CaseEvent):
    """A deadline runs (48時間, 初回接触, 返事 …); ``owner`` is who must act."""

    type: ClassVar[str] = "casework.clock_started"

    clock: UUID
    kind: str
    due_at: datetime
    owner: UUID | None = None
    agency: str | None = None


class ClockStopped(CaseEvent):
    """What the clock waited for has happened, or no longer matters."""

    type: ClassVar[str] = "casework.clock_stopped"

    clock: UUID
    kind: str
    outcome: Literal["met", "late", "dropped"]


class DeadlineMissed(CaseEvent):
    """A clock ran out."""

    type: ClassVar[str] = "casework.deadline_missed"

    clock: UUID
    kind: str
    due_at: datetime
    owner: UUID | None = None
    agency: str | None = None


class CaseClosed(CaseEvent):
    """The case ended (終結) for a reason of CLOSE_REASON."""

    type: ClassVar[str] = "casework.case_closed"

    reason: str
    closed_by: UUID


class CaseReopened(CaseEvent):
    """A closed case goes on under its old number."""

    type: ClassVar[str] = "casework.case_reopened"

    owner: UUID
    urgency: Urgency


class HouseholdForgotten(HouseholdEvent):
    """Everything that casework held about an erased household is gone: its part of the certificate (消去証明)."""

    type: ClassVar[str] = "casework.household_forgotten"

    classes: tuple[str, ...] = ()
    """What there was, by RECORD_CLASS."""
