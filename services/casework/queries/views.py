"""What pages show and the API answers: the same facts for both, without a name of a family."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.undoing import UNDO


class View(BaseModel):
    """Base of what is shown; made from rows."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class InvitationView(View):
    """A request to an agency. ``case``, ``number`` and ``household`` are absent until the reader may know them."""

    id: UUID
    agency: str
    question: str
    basis: str
    reason: str | None = None
    note: str = ""
    urgency: str
    area: str | None
    asked_at: datetime
    asked_on: date
    answer_due: date
    invited_by: UUID
    state: str
    light: str
    asked_days: int
    answered_at: datetime | None = None
    answered_by: UUID | None = None
    answer_reason: str | None = None
    answer_text: str = ""
    end_reason: str | None = None
    ended_at: datetime | None = None
    reminders: int = 0
    reminded_at: datetime | None = None
    case: UUID | None = None
    number: str | None = None
    household: UUID | None = None


class TaskView(View):
    """A decided task."""

    id: UUID
    meeting: UUID | None
    title: str
    agency: str
    post: UUID | None
    due_on: date
    state: str
    late: bool
    ended_at: datetime | None


class MeetingView(View):
    """A meeting. ``minutes`` are empty for who is no member; ``named``: single posts sit in it, not agencies."""

    id: UUID
    kind: str
    basis: str
    starts_at: datetime
    place: str
    agencies: list[str]
    state: str
    called_by: UUID
    held_at: datetime | None
    minutes: str
    named: bool
    anonymous: bool
    recalled_at: datetime | None
    seated: bool = False
    """The reader sits in it or has called it, and may open its sheet."""


class PlanLineView(View):
    """One row of a plan."""

    what: str
    agency: str | None
    who: str
    family_does: str
    frequency: str


class PlanView(View):
    """A plan with its rows."""

    id: UUID
    plan_no: int
    goal: str
    goal_by: str
    starts_on: date
    ends_on: date
    monitoring_on: date
    state: str
    drafted_by: UUID
    decided_at: datetime | None
    document: str
    evaluated_at: datetime | None
    attainment: str | None
    changes: list[str]
    next_policy: str | None
    evaluation: str
    lines: list[PlanLineView] = []


class EntryView(View):
    """A progress entry in its present version; ``earlier`` are the versions it corrects, newest first."""

    id: UUID
    number: int
    corrects: UUID | None
    correction_reason: str
    occurred_at: datetime
    recorded_at: datetime
    minutes: int | None
    kind: str
    channel: str | None
    with_whom: list[str]
    facts: str
    words: str
    judgement: str
    next_step: str
    scope: str
    author: UUID
    state: str
    fixed_at: datetime | None
    earlier: list[EntryView] = []

    @property
    def undo_until(self) -> datetime:
        """Until when saving it can be taken back."""
        return self.recorded_at + UNDO


class VisitRequestView(View):
    """A visit asked for."""

    id: UUID
    aim: str
    purpose: str
    due_on: date
    persons: int
    safety_flags: list[str]
    state: str
    requested_by: UUID
    requested_at: datetime
    cancel_reason: str | None


class VisitView(View):
    """A visit as casework knows it."""

    id: UUID
    request: UUID
    team: str
    workers: list[UUID]
    accepted: list[UUID]
    starts_at: datetime | None
    state: str
    result: str | None
    contact: str | None
    card_left: bool
    occurred_at: datetime | None
    next_on: date | None


class ClockView(View):
    """A deadline that runs. ``left``: share of its time that is left; ``tone``: stop, warn or nothing."""

    id: UUID
    kind: str
    due_at: datetime
    started_at: datetime
    agency: str | None
    owner: UUID | None
    about: UUID | None
    left: float
    tone: str


class HappeningView(View):
    """A line of the timeline."""

    at: datetime
    what: str
    agency: str | None
    post: UUID | None
    code: str | None


class ConsentView(View):
    """A consent by its codes."""

    id: UUID
    member: UUID
    state: str
    recipients: list[str]
    purposes: list[str] = []
    items: list[str] = []
    limited: bool = False
    confirm_by: date | None
    ends_on: date | None
    withdrawn_at: datetime | None


class TypeView(View):
    """A household type with its verdict."""

    code: str
    verdict: str
    tags: list[str]
    answer: str | None


class LinkedCase(View):
    """A case of a linked household that the reader may see."""

    id: UUID
    number: str
    household: UUID
    kind: str
    state: str


class CaseView(View):
    """One case as a row of a list, as far as the reader's level shows it (``rules/rights.py``): the rest is absent.

    ``household`` is absent for who sees status alone; from ``urgency`` on, for who sees no row.
    """

    id: UUID
    number: str
    opens: bool = True
    """Whether its page opens to the reader (for a manager after a reason)."""
    household: UUID | None
    state: str
    owner: UUID
    lead: str | None
    opened_at: datetime
    urgency: str | None = None
    area: str | None = None
    district: str | None = None
    protected: bool | None = None
    share_track: str | None = None
    bounces: int | None = None
    lead_undecided: bool | None = None
    waiting_since: date | None = None
    next_due_at: datetime | None = None
    visits: int | None = None
    absences: int | None = None
    trust_stage: int | None = None
    first_contact_at: datetime | None = None
    last_visit_at: datetime | None = None
    last_result: str | None = None
    person_met_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str | None = None
    types: list[TypeView] = []


class CaseDetail(CaseView):
    """What of a case this reader may see: ``parts`` says which parts there are; the lists of others are empty."""

    levels: list[str]
    """The reader's levels: F, T, M, A."""
    parts: list[str]
    may_coordinate: bool
    may_reopen: bool
    may_write: bool
    worries: list[str]
    safety_flags: list[str]
    invitations: list[InvitationView]
    tasks: list[TaskView]
    meetings: list[MeetingView]
    plans: list[PlanView]
    entries: list[EntryView]
    visit_requests: list[VisitRequestView]
    visits_made: list[VisitView]
    clocks: list[ClockView]
    timeline: list[HappeningView]
    consents: list[ConsentView]
    linked: list[LinkedCase]


class ProposalView(View):
    """An agency worth asking: ``reasons`` are codes of AGENCY_RULE."""

    agency: str
    score: float
    reasons: list[str]
    bases: list[str]
    """The grounds (codes of BASIS) that could hold for it today."""


class PostView(View):
    """A post that can be signed in as."""

    id: UUID
    code: str | None
    agency: str
    agency_kind: str
    role: str
    areas: list[str]
    name: str
    romaji: str
    title_ja: str
    title_en: str
    head: bool
