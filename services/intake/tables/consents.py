"""The tables of consent (同意): what was said, by whom, on which text, until when; and the texts, for ever."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables.columns import Base, codes_column, id_column, no_column, of_household_column, words_column


class ConsentText(Base):
    """The wording that is explained and signed: a version never changes, another wording is another version."""

    __tablename__ = "consent_text"

    version: Mapped[str] = mapped_column(primary_key=True)
    """The day from which it is used, with a letter where a day has several: ``2026-04-01``, ``2026-04-01b``."""
    valid_from: Mapped[date]
    wording: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """``{"plain": {…}, "ja": {…}, "en": {…}}``: やさしい日本語, ordinary Japanese, English; see ``rules.wording``."""
    stated_at: Mapped[datetime]
    stated_by: Mapped[UUID | None]
    """Absent for the text that came with Kasane."""


class Consent(Base):
    """同意: what one person allows (個人情報保護法69条2項1号): what for, to whom, which classes of item."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_standing", "state", postgresql_where=text("withdrawn_at IS NULL")),)

    id: Mapped[UUID] = id_column()
    household_id: Mapped[UUID] = of_household_column()
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    state: Mapped[str]
    purpose: Mapped[str | None]
    """The first of ``purposes``: what the first version of the event told."""
    purposes: Mapped[list[str]] = codes_column()
    recipients: Mapped[list[str]] = codes_column()
    """Codes of agencies, or of kinds of agency."""
    items: Mapped[list[str]] = codes_column()
    limits: Mapped[str] = words_column()
    """In the person's words: 「兄には知らせない」."""
    confirm_by: Mapped[date | None]
    ends_on: Mapped[date | None]
    method: Mapped[str | None]
    """CONSENT_METHOD; absent where nobody has said yes."""
    explained_by: Mapped[UUID | None]
    explained_on: Mapped[date | None]
    text_version: Mapped[str | None] = mapped_column(ForeignKey("consent_text.version"))
    """Which text was shown; absent where none was, as on the telephone or in an imported ledger."""
    representative_name: Mapped[str] = words_column()
    """Who stood in for the person: a parent, a guardian (成年後見人 …)."""
    representative_relation: Mapped[str | None]
    representative_ground: Mapped[str | None]
    understood: Mapped[bool] = no_column()
    """Whoever explained it says that the person understood and decided (below 18, or after 判断困難)."""
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("consent.id", ondelete="SET NULL"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID]
    said_first: Mapped[str | None]
    """What was recorded before a signature came to it: oral or considering."""
    signed_on: Mapped[date | None]
    """Day of the signature that came later."""
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    reminded: Mapped[list[str]] = codes_column()
    """Of CONSENT_REMINDER: of what somebody was reminded."""
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    """Absent where it ended by itself."""
    end_reason: Mapped[str | None]
    """CONSENT_END."""
    end_said_by: Mapped[str | None]
    """CONSENT_SPEAKER: the person, or whoever stands in."""
    end_channel: Mapped[str | None]
    """CHANNEL: how it was said."""
    end_said_on: Mapped[date | None]
    end_words: Mapped[str] = words_column()
    """Why, in their words."""
