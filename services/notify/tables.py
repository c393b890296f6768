"""The tables of notify: notifications with their receipts, preferences, deliveries; and what it keeps of others' facts.

No name, no address, no free text: ids, codes, posts, dates, and the e-mail address that a person gave for themselves.
Tables marked *projection* are filled from other services' facts and can be built again from their logs.
"""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, Integer, MetaData, Text, Time, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import NAMING, PYTHON_TO_SQL
from shared.projections import projection_of


class Base(DeclarativeBase):
    """What notify alone has."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = PYTHON_TO_SQL | {time: Time()}


def _no() -> Mapped[bool]:
    return mapped_column(Boolean, server_default=text("false"), default=False)


class Notification(Base):
    """One thing that one post must know. ``read_at`` is the receipt (受け取り)."""

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("post", "because"),
        Index("ix_notification_list", "post", text("sent_at DESC"), text("id DESC")),
        Index(
            "ix_notification_waiting",
            "post",
            text("coalesce(read_by, 'infinity')"),
            "id",
            postgresql_where=text("read_at IS NULL AND settled_at IS NULL"),
        ),
        Index(
            "ix_notification_due",
            "read_by",
            postgresql_where=text("read_at IS NULL AND settled_at IS NULL AND escalated_at IS NULL"),
        ),
        Index("ix_notification_matter", "about", "kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post: Mapped[UUID]
    kind: Mapped[str]
    household: Mapped[UUID | None] = mapped_column(index=True)
    case: Mapped[UUID | None]
    case_number: Mapped[str | None]
    because: Mapped[UUID]
    """The event it is about; for one that was passed up, a name made from that."""
    cause_type: Mapped[str]
    about: Mapped[UUID | None]
    """The invitation, request, visit … that it is about."""
    path: Mapped[str]
    urgency: Mapped[str | None]
    urgent: Mapped[bool] = _no()
    sent_at: Mapped[datetime]
    read_by: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    """What it asked for was done, read or not."""
    escalated_at: Mapped[datetime | None]
    passed_up_from: Mapped[UUID | None]
    """The notification that nobody read in time."""


class Preference(Base):
    """How a post wants to be reached beside the inbox."""

    __tablename__ = "preference"

    post: Mapped[UUID] = mapped_column(primary_key=True)
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{inbox}'"), default=list)
    email: Mapped[str | None]
    quiet_since: Mapped[time | None]
    quiet_until: Mapped[time | None]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's declarative form


class Delivery(Base):
    """One message on a channel beside the inbox, from waiting to sent or given up."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_waiting", "send_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_delivery_failed", "send_at", postgresql_where=text("state = 'failed'")),
    )

    notification: Mapped[UUID] = mapped_column(ForeignKey("notification.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    send_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    error: Mapped[str | None]
    """Class and reply code of the last failure, never its text."""
    sent_at: Mapped[datetime | None]


@projection_of("intake")
class Household(Base):
    """Projection of intake: the area (forgotten while anybody is protected) and how urgent it is."""

    __tablename__ = "household"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    area: Mapped[str | None]
    urgency: Mapped[str | None]
    protected: Mapped[bool] = _no()


@projection_of("intake")
class Protection(Base):
    """Projection of intake: one protection (支援措置) that has been set; a household may have several."""

    __tablename__ = "protection"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    ended: Mapped[bool] = _no()


@projection_of("casework", "intake")
class Case(Base):
    """Projection of casework: whose case it is."""

    __tablename__ = "support_case"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[str]
    owner: Mapped[UUID]
    area: Mapped[str | None]
    urgency: Mapped[str]
    lead_agency: Mapped[str | None]
    closed: Mapped[bool] = _no()


@projection_of("casework", "intake")
class Invitation(Base):
    """Projection of casework: an agency's part in a case (asked, accepted, discuss, returned, left)."""

    __tablename__ = "invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case: Mapped[UUID] = mapped_column(index=True)
    household: Mapped[UUID] = mapped_column(index=True)
    agency: Mapped[str]
    invited_by: Mapped[UUID]
    state: Mapped[str]


@projection_of("casework", "intake")
class VisitRequest(Base):
    """Projection of casework: who asked for a visit, in which area."""

    __tablename__ = "visit_request"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case: Mapped[UUID]
    household: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[str]
    area: Mapped[str | None]
    requested_by: Mapped[UUID]
    cancelled: Mapped[bool] = _no()


@projection_of("outreach", "casework", "intake")
class Visit(Base):
    """Projection of outreach: who goes, and who sent them."""

    __tablename__ = "visit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request: Mapped[UUID] = mapped_column(index=True)
    case: Mapped[UUID]
    household: Mapped[UUID] = mapped_column(index=True)
    team: Mapped[str]
    workers: Mapped[list[UUID]]
    assigned_by: Mapped[UUID]
    over: Mapped[bool] = _no()


@projection_of("intake")
class ErasedHousehold(Base):
    """A household whose records were erased: what still comes about it is dropped."""

    __tablename__ = "erased_household"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime]
