"""The tables of protection (支援措置): who is protected, who may see where they are, who looked all the same."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables.columns import Base, id_column, of_household_column, words_column


class Protection(Base):
    """支援措置: nobody outside the allow-list may learn where a person is. It never ends by itself."""

    __tablename__ = "protection"

    id: Mapped[UUID] = id_column()
    household_id: Mapped[UUID] = of_household_column()
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    reason: Mapped[str] = words_column()
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    """When it must be renewed; passing it changes nothing."""
    warned_days: Mapped[int | None] = mapped_column(SmallInteger)
    """The last warning before ``ends_on`` that was given, in days; -1: that the day has passed."""
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    end_reason: Mapped[str] = words_column()


class Allowance(Base):
    """A post on the allow-list of a protection. Beside these the owner of the case is allowed, by owning it."""

    __tablename__ = "allowance"
    __table_args__ = (
        CheckConstraint("side IN ('all', 'home')", name="side"),
        Index(
            "uq_allowance_standing", "protection_id", "post", unique=True, postgresql_where=text("removed_at IS NULL")
        ),
        Index("ix_allowance_post", "post", "household_id", postgresql_where=text("removed_at IS NULL")),
    )

    id: Mapped[UUID] = id_column()
    household_id: Mapped[UUID] = of_household_column()
    protection_id: Mapped[UUID] = mapped_column(ForeignKey("protection.id", ondelete="CASCADE"))
    post: Mapped[UUID]
    side: Mapped[str] = words_column(default="all")
    """``home``: of a household that is split for view, only the side that is not kept apart."""
    reason: Mapped[str] = words_column()
    added_by: Mapped[UUID]
    added_at: Mapped[datetime]
    removed_by: Mapped[UUID | None]
    removed_at: Mapped[datetime | None]
    removed_reason: Mapped[str] = words_column()


class Glass(Base):
    """緊急の開示 (break-glass): a post not on the allow-list asks, a second person answers; open until ``ends_at``."""

    __tablename__ = "glass"
    __table_args__ = (CheckConstraint("answer IN ('approved', 'declined')", name="answer"),)

    id: Mapped[UUID] = id_column()
    household_id: Mapped[UUID] = of_household_column()
    post: Mapped[UUID] = mapped_column(Uuid, index=True)
    person: Mapped[UUID]
    agency: Mapped[str]
    reason: Mapped[str] = words_column()
    asked_at: Mapped[datetime]
    second: Mapped[UUID]
    """The post that was asked to approve."""
    answer: Mapped[str | None]
    answered_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    """Until when it is open; absent while it is not approved."""
    shut_by: Mapped[UUID | None]
    shut_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
    review: Mapped[str] = words_column()


class Apart(Base):
    """A household split for view: where those live who are kept apart from the others. One row for a household."""

    __tablename__ = "apart"

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = words_column()
    room: Mapped[str] = words_column()
    phone: Mapped[str] = words_column()
    places: Mapped[str] = words_column()
    """School, workplace and other places where they can be found."""
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    """Since then everybody stands on one side again; the place is forgotten."""
