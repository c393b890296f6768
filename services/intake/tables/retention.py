"""The tables of retention: what stops an erasure, the disposal list, and what a certificate (消去証明) is made of.

A disposal names its household by id and number, and outlives it: no name, no address. ``asked_words`` and
``answer_words`` may hold words about the family and are emptied with the household.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables.columns import Base, codes_column, id_column, of_household_column, words_column


class LegalHold(Base):
    """消去の停止: while one stands nothing about the household is erased, in whatever service."""

    __tablename__ = "legal_hold"

    id: Mapped[UUID] = id_column()
    household_id: Mapped[UUID] = of_household_column()
    ground: Mapped[str]
    """HOLD_GROUND"""
    reason: Mapped[str] = words_column()
    reference: Mapped[str] = words_column()
    """The number of the appeal, the lawsuit, the document."""
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]
    lifted_by: Mapped[UUID | None]
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str] = words_column()


class Disposal(Base):
    """A line of the disposal list, found by the periods or asked for; once erased, the certificate."""

    __tablename__ = "disposal"
    __table_args__ = (
        CheckConstraint("cause IN ('period', 'request')", name="cause"),
        CheckConstraint("state IN ('listed', 'refused', 'erased')", name="state"),
        Index("uq_disposal_listed", "household", unique=True, postgresql_where=text("state = 'listed'")),
        Index("ix_disposal_list", "state", "due_on", "id"),
        Index("ix_disposal_decided", text("decided_at DESC"), text("id DESC")),
    )

    id: Mapped[UUID] = id_column()
    household: Mapped[UUID] = mapped_column(index=True)
    """No foreign key: it stays when the household goes."""
    number: Mapped[str]
    case_numbers: Mapped[list[str]] = codes_column()
    cause: Mapped[str]
    state: Mapped[str]
    period: Mapped[str | None]
    """The row of RETENTION that decided; None where a lifted hold did, or somebody asked."""
    counted_from: Mapped[date | None]
    due_on: Mapped[date]
    """Since when it may be erased; for a request the day it came."""
    listed_at: Mapped[datetime]
    asked_ground: Mapped[str | None]
    """ERASURE_GROUND"""
    asked_words: Mapped[str] = words_column()
    asked_by: Mapped[UUID | None]
    asked_by_person: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    document: Mapped[str] = words_column()
    """Number of the decision document (決裁)."""
    answer: Mapped[str | None]
    """ERASURE_ANSWER, when a request was refused."""
    answer_words: Mapped[str] = words_column()


class DisposalReceipt(Base):
    """A service's word that everything it held is gone, and of which classes that was (RECORD_CLASS)."""

    __tablename__ = "disposal_receipt"

    disposal: Mapped[UUID] = mapped_column(ForeignKey("disposal.id"), primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    confirmed_at: Mapped[datetime]
    classes: Mapped[list[str]] = codes_column()
