"""The tables of casework: cases and the care; beside them ``staff``, what is shared (``shares``) and ``projections``.

Codes are those of ``services/casework/codes``; times are UTC. Narrative (personal data of the highest class) stands
in ``invitation.question``, ``.note`` and ``.answer_text``, ``entry``, ``meeting.minutes`` and ``.place``,
``task.title``, ``plan``, ``plan_line``, ``visit_request.aim`` and ``support_case.close_note`` alone.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.columns import (
    Base,
    codes_column,
    detail_column,
    no_column,
    of_case_column,
    state_in,
    words_column,
    zero_column,
)
from services.casework.projections import (
    Consent,
    Consultation,
    Household,
    HouseholdLink,
    HouseholdType,
    MemberContact,
    Notice,
    Protection,
    Visit,
)
from services.casework.rules import care
from services.casework.shares import Disclosure, MeetingMaterial, MeetingMember
from services.casework.staff import (
    Account,
    AccountLetter,
    Agency,
    DutyPost,
    Handover,
    Identity,
    OidcFlow,
    Person,
    Post,
    RecoveryCode,
    SignIn,
    SignInFailure,
    UnusualLook,
)

__all__ = [
    "Account", "AccountLetter", "Agency", "Base", "Case", "CaseNumber", "Clock", "Consent", "Consultation",
    "Disclosure", "DutyPost", "Entry", "Handover", "Happening", "Household", "HouseholdLink", "HouseholdType",
    "Identity", "Invitation", "Meeting", "MeetingMaterial", "MeetingMember", "MemberContact", "Notice",
    "OidcFlow", "Person", "Plan", "PlanLine", "Post", "Protection", "RecoveryCode", "SignIn", "SignInFailure",
    "Task", "UnusualLook", "Visit", "VisitRequest",
]  # fmt: skip


class CaseNumber(Base):
    """The last number given out in a year: K26-0391."""

    __tablename__ = "case_number"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Case(Base):
    """支援ケース. The actions keep ``waiting_since`` and ``next_due_at``, so that lists can be sorted by them."""

    __tablename__ = "support_case"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        Index("uq_support_case_open", "household", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_support_case_board", "state", "waiting_since", "urgency", "number"),
        Index("ix_support_case_due", "state", "next_due_at", "number"),
        Index("ix_support_case_opened", "state", text("opened_at DESC"), text("number DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    household: Mapped[UUID] = mapped_column(ForeignKey("household.id"), index=True)
    owner: Mapped[UUID] = mapped_column(ForeignKey("post.id"), index=True)
    lead: Mapped[str | None] = mapped_column(ForeignKey("agency.code"))
    urgency: Mapped[str]
    state: Mapped[str]
    share_track: Mapped[str]
    bounces: Mapped[int] = zero_column()
    lead_undecided: Mapped[bool] = no_column()
    """Returned so often that a coordinator must decide who leads."""
    waiting_since: Mapped[date | None]
    """The day on which the longest unanswered request was made."""
    next_due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    """When the call came that began it: the family counts from then."""
    opened_because: Mapped[UUID | None]
    """The consultation that opened it."""
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None]
    close_note: Mapped[str] = words_column()
    reopened: Mapped[int] = zero_column()
    visits: Mapped[int] = zero_column()
    absences: Mapped[int] = zero_column()
    trust_stage: Mapped[int] = zero_column()
    first_contact_at: Mapped[datetime | None]
    last_visit_at: Mapped[datetime | None]
    last_result: Mapped[str | None]
    person_met_at: Mapped[datetime | None]
    next_visit_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's declarative form


class Invitation(Base):
    """つなぎ: an agency asked to take part, on a legal ground."""

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint(
            "state IN ('asked', 'discuss', 'accepted', 'acting', 'returned', 'left', 'withdrawn')", name="state"
        ),
        Index("ix_invitation_agency_state", "agency", "state", "answer_due"),
        Index(
            "uq_invitation_live",
            "case_id",
            "agency",
            unique=True,
            postgresql_where=text("state IN ('asked', 'discuss', 'accepted', 'acting')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = of_case_column()
    household: Mapped[UUID] = mapped_column(index=True)
    agency: Mapped[str] = mapped_column(ForeignKey("agency.code"))
    question: Mapped[str]
    basis: Mapped[str]
    reason: Mapped[str | None]
    note: Mapped[str] = words_column()
    items: Mapped[list[str]] = codes_column()
    """CONSENT_ITEM: which classes of item are told on acceptance."""
    urgency: Mapped[str]
    area: Mapped[str | None]
    asked_at: Mapped[datetime]
    asked_on: Mapped[date]
    answer_due: Mapped[date]
    invited_by: Mapped[UUID]
    state: Mapped[str]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
    answer_reason: Mapped[str | None]
    answer_text: Mapped[str] = words_column()
    acting_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    reminders: Mapped[int] = zero_column()
    reminded_at: Mapped[datetime | None]


class Meeting(Base):
    """会議. ``minutes``: what was decided, in words; members alone see it.

    ``named``: its members are single posts, chosen by the chair, each bound by secrecy (支援会議 and the like);
    otherwise whole agencies are called.
    """

    __tablename__ = "meeting"
    __table_args__ = (state_in(care.states("meeting")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = of_case_column()
    kind: Mapped[str]
    basis: Mapped[str]
    starts_at: Mapped[datetime]
    place: Mapped[str] = words_column()
    agencies: Mapped[list[str]] = codes_column()
    state: Mapped[str]
    called_by: Mapped[UUID]
    """The chair."""
    called_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    minutes: Mapped[str] = words_column()
    named: Mapped[bool] = no_column()
    anonymous: Mapped[bool] = no_column()
    """The same sheet without saying which household it is (準支援会議)."""
    reason: Mapped[str | None]
    """SHARE_REASON: why it is talked over without consent."""
    recall_on: Mapped[date | None]
    """From this day on its materials are closed, whether the chair has recalled them or not."""
    recalled_at: Mapped[datetime | None]


class Task(Base):
    """決まったこと: who does what until when."""

    __tablename__ = "task"
    __table_args__ = (state_in(care.states("task")), Index("ix_task_agency_state", "agency", "state", "due_on"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = of_case_column()
    meeting: Mapped[UUID | None] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"))
    title: Mapped[str]
    agency: Mapped[str] = mapped_column(ForeignKey("agency.code"))
    post: Mapped[UUID | None]
    due_on: Mapped[date]
    state: Mapped[str]
    assigned_by: Mapped[UUID]
    assigned_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]


class Plan(Base):
    """プラン: goal in the person's words, who does what, until when; in force once decided."""

    __tablename__ = "plan"
    __table_args__ = (state_in(care.states("plan")), UniqueConstraint("case_id", "plan_no"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = of_case_column()
    plan_no: Mapped[int] = mapped_column(SmallInteger)
    goal: Mapped[str]
    goal_by: Mapped[str] = words_column()
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    monitoring_on: Mapped[date]
    state: Mapped[str]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    document: Mapped[str] = words_column()
    evaluated_at: Mapped[datetime | None]
    attainment: Mapped[str | None]
    changes: Mapped[list[str]] = codes_column()
    next_policy: Mapped[str | None]
    evaluation: Mapped[str] = words_column()


class PlanLine(Base):
    """One row of a plan."""

    __tablename__ = "plan_line"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan: Mapped[UUID] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    what: Mapped[str]
    agency: Mapped[str | None]
    who: Mapped[str] = words_column()
    family_does: Mapped[str] = words_column()
    frequency: Mapped[str] = words_column()


class Entry(Base):
    """支援経過: fact, words and judgement apart. A correction is a row of its own with ``corrects``."""

    __tablename__ = "entry"
    __table_args__ = (
        state_in(care.states("entry")),
        Index("ix_entry_case_occurred", "case_id", text("occurred_at DESC"), text("id DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("support_case.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    """Version: 1, then one more for each correction."""
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"))
    correction_reason: Mapped[str] = words_column()
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    minutes: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str]
    channel: Mapped[str | None]
    with_whom: Mapped[list[str]] = codes_column()
    facts: Mapped[str] = words_column()
    words: Mapped[str] = words_column()
    judgement: Mapped[str] = words_column()
    next_step: Mapped[str] = words_column()
    scope: Mapped[str] = mapped_column(Text, server_default=text("'all'"), default="all")
    author: Mapped[UUID]
    state: Mapped[str]
    fixed_at: Mapped[datetime | None]


class VisitRequest(Base):
    """訪問の依頼. The aim in words stays here; outreach gets codes."""

    __tablename__ = "visit_request"
    __table_args__ = (state_in(care.states("visit_request")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = of_case_column()
    household: Mapped[UUID] = mapped_column(index=True)
    aim: Mapped[str]
    purpose: Mapped[str]
    due_on: Mapped[date]
    persons: Mapped[int] = mapped_column(SmallInteger)
    safety_flags: Mapped[list[str]] = codes_column()
    skills: Mapped[list[str]] = codes_column()
    slots: Mapped[list[str]] = codes_column()
    area: Mapped[str | None]
    state: Mapped[str]
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    cancel_reason: Mapped[str | None]


class Clock(Base):
    """A deadline that runs. ``about``: the invitation, task, plan or request it belongs to."""

    __tablename__ = "clock"
    __table_args__ = (
        Index("ix_clock_running", "due_at", postgresql_where=text("stopped_at IS NULL AND missed_at IS NULL")),
        Index("ix_clock_case_stopped", "case_id", "stopped_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("support_case.id", ondelete="CASCADE"))
    household: Mapped[UUID]
    kind: Mapped[str]
    about: Mapped[UUID | None] = mapped_column(index=True)
    owner: Mapped[UUID | None]
    agency: Mapped[str | None]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    missed_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Happening(Base):
    """What happened in a case, by codes: its timeline. Never words."""

    __tablename__ = "happening"
    __table_args__ = (Index("ix_happening_case_at", "case_id", text("at DESC"), text("id DESC")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("support_case.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    what: Mapped[str]
    agency: Mapped[str | None]
    post: Mapped[UUID | None]
    code: Mapped[str | None]
    """A code that belongs to ``what``: a reason, a result, a channel."""
    detail: Mapped[dict[str, Any]] = detail_column()
