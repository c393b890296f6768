"""What casework keeps of others' facts: filled by ``handlers.py`` from intake, outreach and notify; no names."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.columns import Base, codes_column, no_column, words_column
from shared.projections import projection_of


@projection_of("intake")
class Household(Base):
    """Projection of intake: a household by codes. Area and district are absent while somebody is protected."""

    __tablename__ = "household"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = words_column()
    """H-10482; empty until ``household_registered`` is heard (a fact that never waits may come first)."""
    area: Mapped[str | None]
    district: Mapped[str | None]
    incomplete: Mapped[bool] = no_column()
    protected: Mapped[bool] = no_column()
    listed: Mapped[list[UUID]] = mapped_column(server_default=text("'{}'"), default=list)
    """Posts that answer for its area and stand on the allow-list: protection takes nothing from them."""
    worries: Mapped[list[str]] = codes_column()
    safety_flags: Mapped[list[str]] = codes_column()
    erased_at: Mapped[datetime | None]


@projection_of("intake")
class Protection(Base):
    """Projection of intake: one 支援措置; a household may have several."""

    __tablename__ = "protection"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    ended: Mapped[bool] = no_column()


@projection_of("intake")
class Consent(Base):
    """Projection of intake: one person's consent."""

    __tablename__ = "consent"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    member: Mapped[UUID]
    state: Mapped[str]
    purposes: Mapped[list[str]] = codes_column()
    recipients: Mapped[list[str]] = codes_column()
    items: Mapped[list[str]] = codes_column()
    limited: Mapped[bool] = no_column()
    """The person has set limits; their words stay at intake."""
    confirm_by: Mapped[date | None]
    ends_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


@projection_of("intake")
class HouseholdType(Base):
    """Projection of intake: the last verdict on a type (世帯類型), and a worker's answer to it."""

    __tablename__ = "household_type"

    household: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    rule_version: Mapped[str]
    tags: Mapped[list[str]] = codes_column()
    answer: Mapped[str | None]
    matched_at: Mapped[datetime]


@projection_of("intake")
class Consultation(Base):
    """Projection of intake: one contact (相談受付), by codes."""

    __tablename__ = "consultation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    occurred_at: Mapped[datetime]
    channel: Mapped[str]
    route: Mapped[str | None]
    referrer: Mapped[str | None]
    worries: Mapped[list[str]] = codes_column()
    main_worry: Mapped[str | None]
    safety_flags: Mapped[list[str]] = codes_column()
    received_by: Mapped[UUID] = mapped_column(index=True)
    agency: Mapped[str]
    urgency: Mapped[str | None]
    result: Mapped[str | None]


@projection_of("intake")
class HouseholdLink(Base):
    """Projection of intake: two households that are linked; each link stands once, the smaller id first."""

    __tablename__ = "household_link"

    one: Mapped[UUID] = mapped_column(primary_key=True)
    other: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    kind: Mapped[str]
    """same (one household kept twice) or family."""


@projection_of("outreach", "intake")
class Visit(Base):
    """Projection of outreach: a visit as casework shows it."""

    __tablename__ = "visit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request: Mapped[UUID] = mapped_column(index=True)
    case_id: Mapped[UUID] = mapped_column(index=True)
    household: Mapped[UUID] = mapped_column(index=True)
    team: Mapped[str] = words_column()
    workers: Mapped[list[UUID]] = mapped_column(server_default=text("'{}'"), default=list)
    accepted: Mapped[list[UUID]] = mapped_column(server_default=text("'{}'"), default=list)
    starts_at: Mapped[datetime | None]
    state: Mapped[str]
    """assigned, started, reported."""
    result: Mapped[str | None]
    contact: Mapped[str | None]
    card_left: Mapped[bool] = no_column()
    occurred_at: Mapped[datetime | None]
    next_on: Mapped[date | None]


@projection_of("intake", "outreach")
class MemberContact(Base):
    """Projection of intake and outreach: when somebody of the household was last met, or left it."""

    __tablename__ = "member_contact"

    member: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    met_at: Mapped[datetime | None]
    left_on: Mapped[date | None]
    left_reason: Mapped[str | None]


@projection_of("notify", "intake")
class Notice(Base):
    """Projection of notify: a notification that reached a post, and whether it was read."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_post_open", "post", postgresql_where=text("read_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post: Mapped[UUID]
    household: Mapped[UUID | None] = mapped_column(index=True)
    kind: Mapped[str] = words_column()
    because: Mapped[UUID] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    read_by: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    unanswered_at: Mapped[datetime | None]
