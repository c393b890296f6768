"""Households, members, consultations, findings and links; who may see them; the rows of ledgers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Sequence,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables.columns import (
    Base,
    codes_column,
    id_column,
    no_column,
    of_household_column,
    traits_column,
    version_column,
    words_column,
)
from shared.grants import GrantColumns
from shared.projections import projection_of

household_number = Sequence("household_number", start=10001, metadata=Base.metadata)
"""Where H-10482 comes from; gaps are harmless."""


class Household(Base):
    """世帯: who actually lives together."""

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("number"),
        Index("ix_household_list", text("last_heard_at DESC"), text("id DESC")),
        Index("ix_household_area_list", "area", text("last_heard_at DESC"), text("id DESC")),
        Index("ix_household_sender", "sender", "sender_number", unique=True),
    )

    id: Mapped[UUID] = id_column()
    number: Mapped[str]
    address: Mapped[str] = words_column()
    """As told, as far as it is known."""
    address_key: Mapped[str] = words_column()
    """Normalised by ``rules``, without the room."""
    room: Mapped[str] = words_column()
    area: Mapped[str | None]
    district: Mapped[str | None]
    mesh: Mapped[str | None]
    """500 m mesh code (JIS X 0410, nine digits). It never leaves by event."""
    phone: Mapped[str] = words_column()
    dwelling: Mapped[str] = words_column(default="unknown")
    incomplete: Mapped[bool] = no_column()
    registry_split: Mapped[bool] = no_column()
    traits: Mapped[dict[str, Any]] = traits_column()
    """Other answers about the home, by the names of ``rules.facts.HouseholdFacts``."""
    protected: Mapped[bool] = no_column()
    """Somebody in it is protected now: kept by the protection actions, so that selects can exclude it."""
    types_on: Mapped[date] = mapped_column(index=True)
    """The day for which its types were last looked for."""
    version: Mapped[int] = version_column()
    last_heard_at: Mapped[datetime]
    registered_at: Mapped[datetime]
    registered_by: Mapped[UUID | None]
    agency: Mapped[str] = words_column()
    sender: Mapped[str | None]
    """Whose ledger it was imported from."""
    sender_number: Mapped[str | None]


class Member(Base):
    """世帯員: one person of a household."""

    __tablename__ = "member"

    id: Mapped[UUID] = id_column()
    household_id: Mapped[UUID] = of_household_column()
    position: Mapped[int] = mapped_column(SmallInteger)
    relation: Mapped[str] = words_column(default="unknown")
    name: Mapped[str] = words_column()
    kana: Mapped[str] = words_column()
    sex: Mapped[str] = words_column(default="unknown")
    birth_said: Mapped[str] = words_column()
    birth_earliest: Mapped[date | None]
    birth_latest: Mapped[date | None]
    birth_precision: Mapped[str] = words_column(default="unknown")
    birth_estimated: Mapped[bool] = no_column()
    coresident: Mapped[str] = words_column(default="unknown")
    work: Mapped[str] = words_column(default="unknown")
    care: Mapped[str] = words_column(default="unknown")
    dementia_diagnosis: Mapped[str] = words_column(default="unknown")
    dementia_level: Mapped[str] = words_column(default="unknown")
    disability: Mapped[list[str]] = codes_column()
    marital: Mapped[str] = words_column(default="unknown")
    phone: Mapped[str] = words_column()
    traits: Mapped[dict[str, Any]] = traits_column()
    """Other answers about the person, by the names of ``rules.facts.MemberFacts``."""
    met_on: Mapped[date | None]
    apart: Mapped[bool] = no_column()
    """Stands on the side that the rest of the household must not see (:class:`Apart`)."""
    left_reason: Mapped[str] = words_column(default="none")
    left_on: Mapped[date | None]
    version: Mapped[int] = version_column()


class SearchKey(Base):
    """What a household can be found by: normalised names, birth days, telephone numbers, addresses."""

    __tablename__ = "search_key"
    __table_args__ = (
        # pattern operators serve both = and the beginning of a word
        Index(
            "ix_search_key_kind_value", "kind", "value", "household_id", postgresql_ops={"value": "text_pattern_ops"}
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    household_id: Mapped[UUID] = of_household_column()
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    kind: Mapped[str]
    value: Mapped[str]


class Consultation(Base):
    """相談受付: one contact, whoever made it, with its screening."""

    __tablename__ = "consultation"

    id: Mapped[UUID] = id_column()
    household_id: Mapped[UUID] = of_household_column()
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    received_by: Mapped[UUID]
    agency: Mapped[str] = words_column()
    channel: Mapped[str] = words_column(default="phone")
    route: Mapped[str | None]
    referrer: Mapped[str | None]
    caller_name: Mapped[str] = words_column()
    caller_relation: Mapped[str] = words_column(default="unknown")
    caller_phone: Mapped[str] = words_column()
    anonymous: Mapped[bool] = no_column()
    worries: Mapped[list[str]] = codes_column()
    main_worry: Mapped[str | None]
    words: Mapped[str] = words_column()
    """As spoken."""
    safety_flags: Mapped[list[str]] = codes_column()
    avoid: Mapped[str] = words_column()
    """避けるべき関わり: what the next worker must not do."""
    urgent_words: Mapped[list[str]] = codes_column()
    """Codes of what the rules heard in the words."""
    urgency_proposed: Mapped[str | None]
    urgency: Mapped[str | None]
    result: Mapped[str | None]
    result_reason: Mapped[str] = words_column()
    handed_to: Mapped[str | None]
    """The agency it was handed to, when the result says so."""
    first_contact_due: Mapped[datetime | None]
    sight_check_due: Mapped[datetime | None]
    screened_by: Mapped[UUID | None]
    screened_at: Mapped[datetime | None]
    apart: Mapped[bool] = no_column()
    """Belongs to the side that the rest of the household must not see (:class:`Apart`)."""


class TypeFinding(Base):
    """世帯類型: what the rules last said, why, what is still to ask, and what a person answered."""

    __tablename__ = "type_finding"
    __table_args__ = (CheckConstraint("verdict IN ('match', 'possible', 'no')", name="verdict"),)

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    rule_version: Mapped[str]
    verdict: Mapped[str]
    tags: Mapped[list[str]] = codes_column()
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    found_at: Mapped[datetime]
    answer: Mapped[str | None]
    answer_reason: Mapped[str] = words_column()
    answered_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]


class HouseholdLink(Base):
    """Two records that are, or are not, one household. ``first`` is the smaller id; a refusal is kept too."""

    __tablename__ = "household_link"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        CheckConstraint("first_id < second_id", name="order"),
        CheckConstraint("state IN ('suspected', 'linked', 'refused', 'unlinked')", name="state"),
    )

    id: Mapped[UUID] = id_column()
    first_id: Mapped[UUID] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    second_id: Mapped[UUID] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = words_column(default="same")
    state: Mapped[str]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime]


@projection_of("casework")
class CaseOfHousehold(Base):
    """Projection: the cases of a household, so that its page leads to them."""

    __tablename__ = "case_of_household"

    case_id: Mapped[UUID] = id_column()
    household_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    number: Mapped[str] = words_column()
    owner: Mapped[UUID]
    agency: Mapped[str] = words_column()
    lead: Mapped[str | None]
    urgency: Mapped[str | None]
    closed: Mapped[bool] = no_column()
    closed_at: Mapped[datetime | None]


@projection_of("casework", "outreach")
class AccessGrant(GrantColumns, Base):
    """Projection: who may see a household beside the offices of its area, and by which fact."""


class LedgerRow(Base):
    """A row of an imported ledger: what makes each row come in once, however often the file is run."""

    __tablename__ = "ledger_row"

    id: Mapped[UUID] = id_column()
    """uuid5 of sender, household number and member number, else of the row's content."""
    household_id: Mapped[UUID] = of_household_column()
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    """Whom the row made; absent while the row is refused."""
    content: Mapped[str]
    """SHA-256 of what the row said, to tell a changed row."""
    imported_at: Mapped[datetime]
