"""The tables of casework: the ward's posts and sessions, the cases, and what it keeps of others' facts.

Codes are those of ``services/casework/codes``; times are UTC. Tables marked *projection* are filled from other
services' facts by ``handlers.py``. Narrative (personal data of the highest class) stands in ``invitation.question``,
``invitation.answer_text``, ``entry``, ``meeting.minutes``, ``task.title``, ``plan``, ``plan_line``,
``visit_request.aim`` and ``support_case.close_note`` alone.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.casework.rules import care
from shared.db import NAMING, PYTHON_TO_SQL


class Base(DeclarativeBase):
    """What casework alone has."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = PYTHON_TO_SQL


def _no() -> Mapped[bool]:
    return mapped_column(Boolean, server_default=text("false"), default=False)


def _zero() -> Mapped[int]:
    return mapped_column(Integer, server_default=text("0"), default=0)


def _words() -> Mapped[str]:
    return mapped_column(Text, server_default=text("''"), default="")


def _codes() -> Mapped[list[str]]:
    return mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)


def _detail() -> Mapped[dict[str, Any]]:
    return mapped_column(JSONB, server_default=text("'{}'"), default=dict)


def _of_case() -> Mapped[UUID]:
    return mapped_column(ForeignKey("support_case.id", ondelete="CASCADE"), index=True)


def _state_in(states: frozenset[str]) -> CheckConstraint:
    allowed = ", ".join(f"'{state}'" for state in sorted(states))
    return CheckConstraint(f"state IN ({allowed})", name="state")


class Agency(Base):
    """関係機関. ``areas`` empty: the whole ward."""

    __tablename__ = "agency"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    ja: Mapped[str]
    en: Mapped[str]
    areas: Mapped[list[str]] = _codes()
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)


class Person(Base):
    """A member of staff."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kana: Mapped[str] = _words()
    romaji: Mapped[str] = _words()


class Post(Base):
    """職: a person's role in an agency, from a day to a day; rights follow it."""

    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str | None]
    person: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    agency: Mapped[str] = mapped_column(ForeignKey("agency.code"), index=True)
    role: Mapped[str]
    areas: Mapped[list[str]] = _codes()
    title_ja: Mapped[str] = _words()
    title_en: Mapped[str] = _words()
    head: Mapped[bool] = _no()
    """Leads its agency."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]


class DutyPost(Base):
    """Who takes cases of an area that nobody else can own. ``area`` ``*``: the whole ward."""

    __tablename__ = "duty_post"

    area: Mapped[str] = mapped_column(primary_key=True)
    post: Mapped[UUID] = mapped_column(ForeignKey("post.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), default=0)


class SignIn(Base):
    """A session. The cookie holds a secret; here stands its SHA-256."""

    __tablename__ = "sign_in"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post: Mapped[UUID] = mapped_column(ForeignKey("post.id"), index=True)
    person: Mapped[UUID]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Household(Base):
    """Projection of intake: a household by codes. Area and district are absent while somebody is protected."""

    __tablename__ = "household"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = _words()
    """H-10482; empty until ``household_registered`` is heard (a fact that never waits may come first)."""
    area: Mapped[str | None]
    district: Mapped[str | None]
    incomplete: Mapped[bool] = _no()
    protected: Mapped[bool] = _no()
    worries: Mapped[list[str]] = _codes()
    safety_flags: Mapped[list[str]] = _codes()
    erased_at: Mapped[datetime | None]


class Protection(Base):
    """Projection of intake: one 支援措置; a household may have several."""

    __tablename__ = "protection"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    ended: Mapped[bool] = _no()


class Consent(Base):
    """Projection of intake: one person's consent."""

    __tablename__ = "consent"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    member: Mapped[UUID]
    state: Mapped[str]
    purpose: Mapped[str | None]
    recipients: Mapped[list[str]] = _codes()
    confirm_by: Mapped[date | None]
    ends_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class HouseholdType(Base):
    """Projection of intake: the last verdict on a type (世帯類型), and a worker's answer to it."""

    __tablename__ = "household_type"

    household: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    rule_version: Mapped[str]
    tags: Mapped[list[str]] = _codes()
    answer: Mapped[str | None]
    matched_at: Mapped[datetime]


class Consultation(Base):
    """Projection of intake: one contact (相談受付), by codes."""

    __tablename__ = "consultation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    occurred_at: Mapped[datetime]
    channel: Mapped[str]
    route: Mapped[str | None]
    referrer: Mapped[str | None]
    worries: Mapped[list[str]] = _codes()
    main_worry: Mapped[str | None]
    safety_flags: Mapped[list[str]] = _codes()
    received_by: Mapped[UUID] = mapped_column(index=True)
    agency: Mapped[str]
    urgency: Mapped[str | None]
    result: Mapped[str | None]


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
    bounces: Mapped[int] = _zero()
    lead_undecided: Mapped[bool] = _no()
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
    close_note: Mapped[str] = _words()
    reopened: Mapped[int] = _zero()
    visits: Mapped[int] = _zero()
    absences: Mapped[int] = _zero()
    trust_stage: Mapped[int] = _zero()
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
    case_id: Mapped[UUID] = _of_case()
    household: Mapped[UUID] = mapped_column(index=True)
    agency: Mapped[str] = mapped_column(ForeignKey("agency.code"))
    question: Mapped[str]
    basis: Mapped[str]
    reason: Mapped[str | None]
    note: Mapped[str] = _words()
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
    answer_text: Mapped[str] = _words()
    acting_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    reminders: Mapped[int] = _zero()
    reminded_at: Mapped[datetime | None]


class Meeting(Base):
    """会議. ``minutes``: what was decided, in words; members alone see it."""

    __tablename__ = "meeting"
    __table_args__ = (_state_in(care.states("meeting")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = _of_case()
    kind: Mapped[str]
    basis: Mapped[str]
    starts_at: Mapped[datetime]
    place: Mapped[str] = _words()
    agencies: Mapped[list[str]] = _codes()
    state: Mapped[str]
    called_by: Mapped[UUID]
    called_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    minutes: Mapped[str] = _words()


class Task(Base):
    """決まったこと: who does what until when."""

    __tablename__ = "task"
    __table_args__ = (_state_in(care.states("task")), Index("ix_task_agency_state", "agency", "state", "due_on"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = _of_case()
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
    __table_args__ = (_state_in(care.states("plan")), UniqueConstraint("case_id", "plan_no"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = _of_case()
    plan_no: Mapped[int] = mapped_column(SmallInteger)
    goal: Mapped[str]
    goal_by: Mapped[str] = _words()
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    monitoring_on: Mapped[date]
    state: Mapped[str]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    document: Mapped[str] = _words()
    evaluated_at: Mapped[datetime | None]
    attainment: Mapped[str | None]
    changes: Mapped[list[str]] = _codes()
    next_policy: Mapped[str | None]
    evaluation: Mapped[str] = _words()


class PlanLine(Base):
    """One row of a plan."""

    __tablename__ = "plan_line"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan: Mapped[UUID] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    what: Mapped[str]
    agency: Mapped[str | None]
    who: Mapped[str] = _words()
    family_does: Mapped[str] = _words()
    frequency: Mapped[str] = _words()


class Entry(Base):
    """支援経過: fact, words and judgement apart. A correction is a row of its own with ``corrects``."""

    __tablename__ = "entry"
    __table_args__ = (
        _state_in(care.states("entry")),
        Index("ix_entry_case_occurred", "case_id", text("occurred_at DESC"), text("id DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("support_case.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    """Version: 1, then one more for each correction."""
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"))
    correction_reason: Mapped[str] = _words()
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    minutes: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str]
    channel: Mapped[str | None]
    with_whom: Mapped[list[str]] = _codes()
    facts: Mapped[str] = _words()
    words: Mapped[str] = _words()
    judgement: Mapped[str] = _words()
    next_step: Mapped[str] = _words()
    scope: Mapped[str] = mapped_column(Text, server_default=text("'all'"), default="all")
    author: Mapped[UUID]
    state: Mapped[str]
    fixed_at: Mapped[datetime | None]


class VisitRequest(Base):
    """訪問の依頼. The aim in words stays here; outreach gets codes."""

    __tablename__ = "visit_request"
    __table_args__ = (_state_in(care.states("visit_request")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = _of_case()
    household: Mapped[UUID] = mapped_column(index=True)
    aim: Mapped[str]
    purpose: Mapped[str]
    due_on: Mapped[date]
    persons: Mapped[int] = mapped_column(SmallInteger)
    safety_flags: Mapped[list[str]] = _codes()
    skills: Mapped[list[str]] = _codes()
    slots: Mapped[list[str]] = _codes()
    area: Mapped[str | None]
    state: Mapped[str]
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    cancel_reason: Mapped[str | None]


class Visit(Base):
    """Projection of outreach: a visit as casework shows it."""

    __tablename__ = "visit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request: Mapped[UUID] = mapped_column(index=True)
    case_id: Mapped[UUID] = mapped_column(index=True)
    household: Mapped[UUID] = mapped_column(index=True)
    team: Mapped[str] = _words()
    workers: Mapped[list[UUID]] = mapped_column(server_default=text("'{}'"), default=list)
    accepted: Mapped[list[UUID]] = mapped_column(server_default=text("'{}'"), default=list)
    starts_at: Mapped[datetime | None]
    state: Mapped[str]
    """assigned, started, reported."""
    result: Mapped[str | None]
    contact: Mapped[str | None]
    card_left: Mapped[bool] = _no()
    occurred_at: Mapped[datetime | None]
    next_on: Mapped[date | None]


class MemberContact(Base):
    """Projection of intake and outreach: when somebody of the household was last met, or left it."""

    __tablename__ = "member_contact"

    member: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    met_at: Mapped[datetime | None]
    left_on: Mapped[date | None]
    left_reason: Mapped[str | None]


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
    detail: Mapped[dict[str, Any]] = _detail()


class Notice(Base):
    """Projection of notify: a notification that reached a post, and whether it was read."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_post_open", "post", postgresql_where=text("read_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post: Mapped[UUID]
    household: Mapped[UUID | None] = mapped_column(index=True)
    kind: Mapped[str] = _words()
    because: Mapped[UUID] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    read_by: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    unanswered_at: Mapped[datetime | None]
