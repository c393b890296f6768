"""The tables of sharing: who was told what on which ground; a meeting's named members and what they laid before it.

Narrative stands in the four boxes of ``meeting_material`` alone. Everything else is ids, codes and dates.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.columns import Base, codes_column, of_case_column, words_column


class MeetingMember(Base):
    """A post that the chair has named for one meeting of one case, and the day it signed the secrecy notice (守秘確認).

    Who was released is a member no more, but the row stays: former members are bound by secrecy too.
    """

    __tablename__ = "meeting_member"
    __table_args__ = (Index("ix_meeting_member_post_case", "post", "case_id"),)

    meeting: Mapped[UUID] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), primary_key=True)
    post: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    case_id: Mapped[UUID] = of_case_column()
    agency: Mapped[str]
    named_by: Mapped[UUID]
    named_at: Mapped[datetime]
    secrecy_on: Mapped[date | None]
    """The day of the signed secrecy notice; without it the member sees nothing of the meeting."""
    secrecy_by: Mapped[UUID | None]
    """Who wrote that day down: the member itself, or the chair from a signed paper."""
    released_at: Mapped[datetime | None]


class MeetingMaterial(Base):
    """準備シート of one member for one meeting: its members alone see it, in the application, until it is recalled."""

    __tablename__ = "meeting_material"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    meeting: Mapped[UUID] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    case_id: Mapped[UUID] = of_case_column()
    post: Mapped[UUID]
    agency: Mapped[str]
    items: Mapped[list[str]] = codes_column()
    """CONSENT_ITEM: which classes of item it tells of."""
    known: Mapped[str] = words_column()
    """把握している世帯像"""
    doing: Mapped[str] = words_column()
    """現在の取り組み状況"""
    wanted: Mapped[str] = words_column()
    """関わってほしい機関"""
    asks: Mapped[str] = words_column()
    """他部署へのお願い"""
    laid_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    """When whoever laid it took it back."""


class Disclosure(Base):
    """Somebody was told something about a household, on a ground in law. Ended ones stay: it was told."""

    __tablename__ = "disclosure"
    __table_args__ = (
        Index("ix_disclosure_household_at", "household", text("at DESC")),
        Index("ix_disclosure_about", "about"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("support_case.id", ondelete="CASCADE"), index=True)
    way: Mapped[str]
    """DISCLOSURE_WAY: an accepted invitation, a meeting's material, a visit request, a print …"""
    about: Mapped[UUID]
    """The invitation, material, visit request …; for a print or export the case."""
    basis: Mapped[str]
    reason: Mapped[str | None]
    """SHARE_REASON, where it was shared without consent in a support council."""
    items: Mapped[list[str]] = codes_column()
    agencies: Mapped[list[str]] = codes_column()
    """The agencies that were told."""
    posts: Mapped[list[UUID]] = mapped_column(server_default=text("'{}'"), default=list)
    """The posts that were told, where single posts were."""
    decided_by: Mapped[UUID]
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    """DISCLOSURE_END"""
