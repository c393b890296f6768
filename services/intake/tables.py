"""The tables of intake: the one home of names, addresses, telephone numbers, birth dates and map cells.

Codes are those of ``services/intake/codes``; times are UTC. What is *unknown* is stored as the code
``unknown`` (or as a missing key of ``traits``), never as an empty yes or no. Tables marked *projection* are
filled from other services' facts by ``handlers.py`` and can be built again from their logs.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import NAMING, PYTHON_TO_SQL
from shared.projections import projection_of


class Base(DeclarativeBase):
    """What intake alone has."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = PYTHON_TO_SQL


household_number = Sequence("household_number", start=10001, metadata=Base.metadata)
"""Where H-10482 comes from; gaps are harmless."""


def _id() -> Mapped[UUID]:
    return mapped_column(Uuid, primary_key=True)


def _words(*, default: str = "") -> Mapped[str]:
    return mapped_column(Text, server_default=text(f"'{default}'"), default=default)


def _codes() -> Mapped[list[str]]:
    return mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)


def _traits() -> Mapped[dict[str, Any]]:
    return mapped_column(JSONB, server_default=text("'{}'"), default=dict)


def _no() -> Mapped[bool]:
    return mapped_column(Boolean, server_default=text("false"), default=False)


def _version() -> Mapped[int]:
    return mapped_column(Integer, server_default=text("1"), default=1)


def _of_household() -> Mapped[UUID]:
    return mapped_column(ForeignKey("household.id", ondelete="CASCADE"), index=True)


class Household(Base):
    """世帯: who actually lives together."""

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("number"),
        Index("ix_household_list", text("last_heard_at DESC"), text("id DESC")),
        Index("ix_household_area_list", "area", text("last_heard_at DESC"), text("id DESC")),
        Index("ix_household_sender", "sender", "sender_number", unique=True),
    )

    id: Mapped[UUID] = _id()
    number: Mapped[str]
    address: Mapped[str] = _words()
    """As told, as far as it is known."""
    address_key: Mapped[str] = _words()
    """Normalised by ``rules``, without the room."""
    room: Mapped[str] = _words()
    area: Mapped[str | None]
    district: Mapped[str | None]
    mesh: Mapped[str | None]
    """500 m mesh code (JIS X 0410, nine digits). It never leaves by event."""
    phone: Mapped[str] = _words()
    dwelling: Mapped[str] = _words(default="unknown")
    incomplete: Mapped[bool] = _no()
    registry_split: Mapped[bool] = _no()
    traits: Mapped[dict[str, Any]] = _traits()
    """Other answers about the home, by the names of ``rules.facts.HouseholdFacts``."""
    protected: Mapped[bool] = _no()
    """Somebody in it is protected now: kept by the protection actions, so that selects can exclude it."""
    types_on: Mapped[date] = mapped_column(index=True)
    """The day for which its types were last looked for."""
    version: Mapped[int] = _version()
    last_heard_at: Mapped[datetime]
    registered_at: Mapped[datetime]
    registered_by: Mapped[UUID | None]
    agency: Mapped[str] = _words()
    sender: Mapped[str | None]
    """Whose ledger it was imported from."""
    sender_number: Mapped[str | None]


class Member(Base):
    """世帯員: one person of a household."""

    __tablename__ = "member"

    id: Mapped[UUID] = _id()
    household_id: Mapped[UUID] = _of_household()
    position: Mapped[int] = mapped_column(SmallInteger)
    relation: Mapped[str] = _words(default="unknown")
    name: Mapped[str] = _words()
    kana: Mapped[str] = _words()
    sex: Mapped[str] = _words(default="unknown")
    birth_said: Mapped[str] = _words()
    birth_earliest: Mapped[date | None]
    birth_latest: Mapped[date | None]
    birth_precision: Mapped[str] = _words(default="unknown")
    birth_estimated: Mapped[bool] = _no()
    coresident: Mapped[str] = _words(default="unknown")
    work: Mapped[str] = _words(default="unknown")
    care: Mapped[str] = _words(default="unknown")
    dementia_diagnosis: Mapped[str] = _words(default="unknown")
    dementia_level: Mapped[str] = _words(default="unknown")
    disability: Mapped[list[str]] = _codes()
    marital: Mapped[str] = _words(default="unknown")
    phone: Mapped[str] = _words()
    traits: Mapped[dict[str, Any]] = _traits()
    """Other answers about the person, by the names of ``rules.facts.MemberFacts``."""
    met_on: Mapped[date | None]
    left_reason: Mapped[str] = _words(default="none")
    left_on: Mapped[date | None]
    version: Mapped[int] = _version()


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
    household_id: Mapped[UUID] = _of_household()
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    kind: Mapped[str]
    value: Mapped[str]


class Consultation(Base):
    """相談受付: one contact, whoever made it, with its screening."""

    __tablename__ = "consultation"

    id: Mapped[UUID] = _id()
    household_id: Mapped[UUID] = _of_household()
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    received_by: Mapped[UUID]
    agency: Mapped[str] = _words()
    channel: Mapped[str] = _words(default="phone")
    route: Mapped[str | None]
    referrer: Mapped[str | None]
    caller_name: Mapped[str] = _words()
    caller_relation: Mapped[str] = _words(default="unknown")
    caller_phone: Mapped[str] = _words()
    anonymous: Mapped[bool] = _no()
    worries: Mapped[list[str]] = _codes()
    main_worry: Mapped[str | None]
    words: Mapped[str] = _words()
    """As spoken."""
    safety_flags: Mapped[list[str]] = _codes()
    avoid: Mapped[str] = _words()
    """避けるべき関わり: what the next worker must not do."""
    urgent_words: Mapped[list[str]] = _codes()
    """Codes of what the rules heard in the words."""
    urgency_proposed: Mapped[str | None]
    urgency: Mapped[str | None]
    result: Mapped[str | None]
    result_reason: Mapped[str] = _words()
    handed_to: Mapped[str | None]
    """The agency it was handed to, when the result says so."""
    first_contact_due: Mapped[datetime | None]
    sight_check_due: Mapped[datetime | None]
    screened_by: Mapped[UUID | None]
    screened_at: Mapped[datetime | None]


class TypeFinding(Base):
    """世帯類型: what the rules last said, why, what is still to ask, and what a person answered."""

    __tablename__ = "type_finding"
    __table_args__ = (CheckConstraint("verdict IN ('match', 'possible', 'no')", name="verdict"),)

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    rule_version: Mapped[str]
    verdict: Mapped[str]
    tags: Mapped[list[str]] = _codes()
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    found_at: Mapped[datetime]
    answer: Mapped[str | None]
    answer_reason: Mapped[str] = _words()
    answered_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]


class Consent(Base):
    """同意: what one person allows (個人情報保護法69条2項1号): what for, to whom, which classes of item."""

    __tablename__ = "consent"

    id: Mapped[UUID] = _id()
    household_id: Mapped[UUID] = _of_household()
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    state: Mapped[str]
    purpose: Mapped[str | None]
    recipients: Mapped[list[str]] = _codes()
    items: Mapped[list[str]] = _codes()
    limits: Mapped[str] = _words()
    """In the person's words: 「兄には知らせない」."""
    confirm_by: Mapped[date | None]
    ends_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]


class Protection(Base):
    """支援措置: nobody outside the allow-list may learn where a person is. It never ends by itself."""

    __tablename__ = "protection"

    id: Mapped[UUID] = _id()
    household_id: Mapped[UUID] = _of_household()
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    reason: Mapped[str] = _words()
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    """When it must be renewed; passing it changes nothing."""
    allowed_posts: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"), default=list)
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    end_reason: Mapped[str] = _words()


class HouseholdLink(Base):
    """Two records that are, or are not, one household. ``first`` is the smaller id; a refusal is kept too."""

    __tablename__ = "household_link"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        CheckConstraint("first_id < second_id", name="order"),
        CheckConstraint("state IN ('suspected', 'linked', 'refused', 'unlinked')", name="state"),
    )

    id: Mapped[UUID] = _id()
    first_id: Mapped[UUID] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    second_id: Mapped[UUID] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = _words(default="same")
    state: Mapped[str]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime]


@projection_of("casework")
class CaseOfHousehold(Base):
    """Projection: the cases of a household, so that its page leads to them."""

    __tablename__ = "case_of_household"

    case_id: Mapped[UUID] = _id()
    household_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    number: Mapped[str] = _words()
    owner: Mapped[UUID]
    agency: Mapped[str] = _words()
    lead: Mapped[str | None]
    urgency: Mapped[str | None]
    closed: Mapped[bool] = _no()


@projection_of("casework", "outreach")
class AccessGrant(Base):
    """Projection: who may see a household beside the offices of its area, and by which fact.

    ``ground``: owner, agency, lead, meeting, request or worker. Either ``post`` or ``agency`` is set.
    """

    __tablename__ = "access_grant"
    __table_args__ = (
        Index("ix_access_grant_post", "post", "household_id"),
        Index("ix_access_grant_agency", "agency", "household_id"),
        Index("ix_access_grant_source", "source_id"),
    )

    id: Mapped[UUID] = _id()
    """uuid5 of ground, source and holder: stating the same fact twice makes one grant."""
    household_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    ground: Mapped[str]
    source_id: Mapped[UUID]
    """The case, invitation, meeting, visit request or visit it follows from."""
    post: Mapped[UUID | None]
    agency: Mapped[str | None]
    area: Mapped[str | None]
    """For ``request``: outreach leads of this area may see it while they plan."""
    ended: Mapped[bool] = _no()


class LedgerRow(Base):
    """A row of an imported ledger: what makes each row come in once, however often the file is run."""

    __tablename__ = "ledger_row"

    id: Mapped[UUID] = _id()
    """uuid5 of sender, household number and member number, else of the row's content."""
    household_id: Mapped[UUID] = _of_household()
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    """Whom the row made; absent while the row is refused."""
    content: Mapped[str]
    """SHA-256 of what the row said, to tell a changed row."""
    imported_at: Mapped[datetime]
