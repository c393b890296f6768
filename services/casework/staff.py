"""The tables of who works here and how they come in: agencies, people, posts, accounts, sessions, hand-overs.

Names, login names, e-mail addresses and employee numbers of staff stand here and in no event. Secrets stand hashed
(sessions, letters, recovery codes, failures), or encrypted under ``account_key`` (the second factor).
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, LargeBinary, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.columns import Base, codes_column, no_column, words_column, zero_column


class Agency(Base):
    """関係機関. ``areas`` empty: the whole ward."""

    __tablename__ = "agency"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    ja: Mapped[str]
    en: Mapped[str]
    areas: Mapped[list[str]] = codes_column()
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)


class Person(Base):
    """A member of staff. ``email`` and ``employee_number`` are what a provider may know them by."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kana: Mapped[str] = words_column()
    romaji: Mapped[str] = words_column()
    email: Mapped[str | None] = mapped_column(Text, unique=True)
    """In lower case."""
    employee_number: Mapped[str | None] = mapped_column(Text, unique=True)
    home_district: Mapped[str | None]
    """DISTRICT where they live, for the weekly look at the audit alone; in no event, label or list."""


class Post(Base):
    """職: a person's role in an agency, from a day to a day; rights follow it."""

    __tablename__ = "post"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(Text, unique=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    agency: Mapped[str] = mapped_column(ForeignKey("agency.code"), index=True)
    role: Mapped[str]
    areas: Mapped[list[str]] = codes_column()
    title_ja: Mapped[str] = words_column()
    title_en: Mapped[str] = words_column()
    head: Mapped[bool] = no_column()
    """Leads its agency."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    """The last day on which it is held."""
    ended_at: Mapped[datetime | None]
    successor: Mapped[UUID | None] = mapped_column(ForeignKey("post.id"))
    """Who takes its cases when it ends, where that has been settled."""


class DutyPost(Base):
    """Who takes cases of an area that nobody else can own. ``area`` ``*``: the whole ward."""

    __tablename__ = "duty_post"

    area: Mapped[str] = mapped_column(primary_key=True)
    post: Mapped[UUID] = mapped_column(ForeignKey("post.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), default=0)


class Handover(Base):
    """A case that changed hands; ``acknowledged_at`` is when the new owner said they have it."""

    __tablename__ = "handover"
    __table_args__ = (
        Index("ix_handover_open", "after", postgresql_where=text("acknowledged_at IS NULL")),
        Index("ix_handover_case", "case_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("support_case.id", ondelete="CASCADE"))
    before: Mapped[UUID] = mapped_column(ForeignKey("post.id"))
    after: Mapped[UUID] = mapped_column(ForeignKey("post.id"))
    why: Mapped[str]
    """``handed`` by a person, or because the ``post_ended``."""
    at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]


class SignIn(Base):
    """A session. The cookie holds a secret; here stands its SHA-256."""

    __tablename__ = "sign_in"
    __table_args__ = (Index("ix_sign_in_running", "person", postgresql_where=text("ended_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post: Mapped[UUID] = mapped_column(ForeignKey("post.id"), index=True)
    person: Mapped[UUID]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    method: Mapped[str] = mapped_column(Text, server_default=text("'demo'"), default="demo")
    """``local``, ``oidc`` or ``demo``."""
    device: Mapped[str] = words_column()
    """What it was begun on, in two words; no address."""
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Account(Base):
    """A person's local account. Without ``password_hash`` it waits for its letter to be opened."""

    __tablename__ = "account"

    person: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    """In lower case."""
    password_hash: Mapped[str | None]
    password_set_at: Mapped[datetime | None]
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted (AES-256-GCM) for this person alone."""
    totp_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    """The time step of the last code that was taken: none is taken twice, nor an earlier one."""


class RecoveryCode(Base):
    """A code to come in with once, when the telephone with the second factor is lost."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("account.person"), index=True)
    used_at: Mapped[datetime | None]


class AccountLetter(Base):
    """A one-time code on paper with which a person sets (again) password and second factor."""

    __tablename__ = "account_letter"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("account.person"), index=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    purpose: Mapped[str]
    """``invite`` or ``reset``."""
    totp_secret: Mapped[bytes]
    """What the QR code on its page shows; encrypted."""
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    """The post that made it; none: the command line."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class UnusualLook(Base):
    """What an auditor made of one line of the weekly page."""

    __tablename__ = "unusual_look"
    __table_args__ = (
        UniqueConstraint(
            "week", "rule", "post", "household", name="uq_unusual_look_line", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    week: Mapped[date]
    """Its Monday."""
    rule: Mapped[str]
    post: Mapped[UUID]
    household: Mapped[UUID | None]
    words: Mapped[str]
    looked_by: Mapped[UUID]
    looked_at: Mapped[datetime]


class SignInFailure(Base):
    """How often signing in failed for one login name or from one address (both hashed), and until when it rests."""

    __tablename__ = "sign_in_failure"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = zero_column()
    last_at: Mapped[datetime] = mapped_column(index=True)


class Identity(Base):
    """Who a provider's subject is. A subject alone says nothing: it is one of its issuer's."""

    __tablename__ = "identity"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    bound_at: Mapped[datetime]
    bound_by: Mapped[UUID | None]
    """The post that bound it; none: the provider's claim did."""


class OidcFlow(Base):
    """A sign-in that is under way at the provider; used once, within minutes."""

    __tablename__ = "oidc_flow"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str]
    verifier: Mapped[str]
    next_path: Mapped[str] = words_column()
    expires_at: Mapped[datetime] = mapped_column(index=True)
