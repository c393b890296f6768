"""The tables of disclosure requests (開示請求): who asks about whom, until when, and what an officer has blacked out.

The file itself is never kept: it is put together anew from the four services each time somebody looks at it.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables.columns import Base, id_column, of_household_column, version_column, words_column

disclosure_number = Sequence("disclosure_number", start=101, metadata=Base.metadata)
"""Where D-101 comes from; gaps are harmless."""


class DisclosureRequest(Base):
    """開示請求: one person asks what is known about them (個人情報保護法76条)."""

    __tablename__ = "disclosure_request"
    __table_args__ = (
        CheckConstraint("state IN ('received', 'decided', 'delivered', 'withdrawn')", name="state"),
        CheckConstraint("decision IN ('full', 'partial', 'none', 'no_answer')", name="decision"),
        Index("ix_disclosure_request_due", "due_on", postgresql_where=text("state = 'received'")),
    )

    id: Mapped[UUID] = id_column()
    number: Mapped[str] = mapped_column(unique=True)
    household_id: Mapped[UUID] = of_household_column()
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    asked_by: Mapped[str]
    """ASKER: the person, or who acts for them."""
    asker_name: Mapped[str] = words_column()
    """Of who acts for the person."""
    identity_check: Mapped[str]
    """IDENTITY_CHECK: by what their identity was checked (77条2項)."""
    language: Mapped[str] = words_column(default="ja")
    """In which language the file is made; what was looked through was in it too."""
    received_on: Mapped[date]
    due_on: Mapped[date]
    """Until when it is decided; later by the extension, once there is one."""
    extended_days: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), default=0)
    extension_reason: Mapped[str] = words_column()
    state: Mapped[str]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    digest: Mapped[str] = words_column()
    """SHA-256 of the material that was looked through; a file is made of that material alone."""
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    delivery: Mapped[str | None]
    """DELIVERY: how it was handed over."""
    delivered_on: Mapped[date | None]
    delivered_by: Mapped[UUID | None]
    ended_reason: Mapped[str] = words_column()
    """Why it was withdrawn."""
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's declarative form


class DisclosureMark(Base):
    """What is blacked out of one request's file, or (``ground`` empty) was looked at and is given."""

    __tablename__ = "disclosure_mark"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("disclosure_request.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    part: Mapped[str]
    field: Mapped[str] = words_column()
    phrase: Mapped[str] = words_column()
    """Words that name somebody else."""
    ground: Mapped[str] = words_column()
    """DISCLOSURE_GROUND"""
