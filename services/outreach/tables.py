"""The tables of outreach: visits, answers, results, notes at the door, counters; and what it keeps of others' facts.

Codes are those of ``services/outreach/codes``; times are UTC. Tables marked *projection* are filled from other
services' facts by ``handlers.py`` and can be built again from their logs. ``note`` alone holds narrative.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, MetaData, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import NAMING, PYTHON_TO_SQL
from shared.grants import GrantColumns
from shared.projections import projection_of


class Base(DeclarativeBase):
    """What outreach alone has."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = PYTHON_TO_SQL


def _no() -> Mapped[bool]:
    return mapped_column(Boolean, server_default=text("false"), default=False)


def _zero() -> Mapped[int]:
    return mapped_column(Integer, server_default=text("0"), default=0)


def _codes() -> Mapped[list[str]]:
    return mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)


@projection_of("intake")
class Household(Base):
    """Projection of intake: where a household is (never while somebody is protected), how urgent, what to mind."""

    __tablename__ = "household"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    area: Mapped[str | None]
    district: Mapped[str | None]
    urgency: Mapped[str | None]
    safety_flags: Mapped[list[str]] = _codes()
    protected: Mapped[bool] = _no()
    listed: Mapped[list[UUID]] = mapped_column(server_default=text("'{}'"), default=list)
    """Posts that answer for its area and stand on the allow-list: protection takes nothing from them."""
    consent_withdrawn_at: Mapped[datetime | None]
    """Cleared by a new consent; workers are told to ask the owner before they go."""


@projection_of("intake")
class Protection(Base):
    """Projection of intake: one protection (支援措置) that has been set; a household may have several."""

    __tablename__ = "protection"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    ended: Mapped[bool] = _no()


@projection_of("casework", "intake")
class Case(Base):
    """Projection of casework: the case that visits are made for."""

    __tablename__ = "support_case"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[str]
    owner: Mapped[UUID] = mapped_column(index=True)
    area: Mapped[str | None]
    urgency: Mapped[str]
    closed: Mapped[bool] = _no()


@projection_of("casework", "intake", own=("state", "next_on", "end_reason", "obstacle", "obstacle_params"))
class VisitRequest(Base):
    """Projection of casework, with outreach's own state: what is still wanted, and from which day on."""

    __tablename__ = "visit_request"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'planned', 'ended', 'cancelled')", name="state"),
        Index("ix_visit_request_waiting", "state", "urgency", "due_on", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case: Mapped[UUID] = mapped_column(index=True)
    household: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[str]
    """The case number, which names nobody."""
    purpose: Mapped[str]
    due_on: Mapped[date]
    persons: Mapped[int] = mapped_column(SmallInteger)
    area: Mapped[str | None]
    district: Mapped[str | None]
    urgency: Mapped[str]
    safety_flags: Mapped[list[str]] = _codes()
    skills: Mapped[list[str]] = _codes()
    slots: Mapped[list[str]] = _codes()
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="open", server_default="open")
    next_on: Mapped[date | None]
    """The day to see them again, set at the last visit."""
    end_reason: Mapped[str | None]
    obstacle: Mapped[str | None]
    """Why the last planning found no place (code of the rule in the way)."""
    obstacle_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)


@projection_of("casework", "intake")
class AccessGrant(GrantColumns, Base):
    """Projection of casework: who takes part in the case of a household."""


class WorkerProfile(Base):
    """What a worker can do and how much: kept by the lead, for the planner."""

    __tablename__ = "worker_profile"

    post: Mapped[UUID] = mapped_column(primary_key=True)
    skills: Mapped[list[str]] = _codes()
    weekly_minutes: Mapped[int] = mapped_column(Integer, server_default=text("600"), default=600)


class Leave(Base):
    """Days on which a worker does not go out."""

    __tablename__ = "leave"
    __table_args__ = (CheckConstraint("until >= since", name="order"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post: Mapped[UUID] = mapped_column(index=True)
    since: Mapped[date]
    until: Mapped[date]


class Visit(Base):
    """A visit (訪問), from the planner's proposal to the result."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_state_starts_at", "state", "starts_at"),
        Index("uq_visit_live", "request", unique=True, postgresql_where=text("state NOT IN ('reported', 'cancelled')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request: Mapped[UUID] = mapped_column(ForeignKey("visit_request.id", ondelete="CASCADE"), index=True)
    case: Mapped[UUID] = mapped_column(index=True)
    household: Mapped[UUID] = mapped_column(index=True)
    team: Mapped[str] = mapped_column(index=True)
    state: Mapped[str]
    persons: Mapped[int] = mapped_column(SmallInteger)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    slot: Mapped[str | None]
    score: Mapped[int | None]
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    published_by: Mapped[UUID | None]
    published_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    check_out_due: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    """When the missing 出た was told to others."""
    occurred_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    reported_by: Mapped[UUID | None]
    result: Mapped[str | None]
    card_left: Mapped[bool] = _no()
    next_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    trust_stage: Mapped[int | None] = mapped_column(SmallInteger)
    absences: Mapped[int] = _zero()
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's declarative form


class VisitWorker(Base):
    """One worker of a visit, with their answer."""

    __tablename__ = "visit_worker"
    __table_args__ = (Index("ix_visit_worker_post_visit", "post", "visit"),)

    visit: Mapped[UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True)
    post: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, default=0, server_default=text("0"))
    answer: Mapped[str | None]
    reason: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class Observation(Base):
    """What was noticed at the door: a code of OBSERVATION, ticked."""

    __tablename__ = "observation"

    visit: Mapped[UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)


class Note(Base):
    """Words written about a visit: narrative; shown under rights, exported for disclosure, erased at the end."""

    __tablename__ = "note"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    visit: Mapped[UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), index=True)
    household: Mapped[UUID] = mapped_column(index=True)
    author: Mapped[UUID]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    words: Mapped[str]


class MemberMeeting(Base):
    """A member of the household was met in person (最終面接日 of each person)."""

    __tablename__ = "member_meeting"

    visit: Mapped[UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True)
    member: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    met_at: Mapped[datetime]


class ContactRecord(Base):
    """The counters of a household: what all visits so far add up to."""

    __tablename__ = "contact_record"

    household: Mapped[UUID] = mapped_column(primary_key=True)
    visits: Mapped[int] = _zero()
    absences: Mapped[int] = _zero()
    trust_stage: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), default=0)
    first_visit_at: Mapped[datetime | None]
    last_visit_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    last_reaction_at: Mapped[datetime | None]
    step: Mapped[str | None]


@projection_of("intake")
class ErasedHousehold(Base):
    """A household whose records were erased: what still comes about it is dropped."""

    __tablename__ = "erased_household"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime]
