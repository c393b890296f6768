"""What the API and the forms of notify take and give."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.notify.queries.inbox import Line
from services.notify.tables import Preference
from shared.codes import Codes
from shared.text import CodeName


def _blank_to_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Email = Annotated[
    str | None,
    StringConstraints(max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}$"),
    BeforeValidator(_blank_to_none),
]
"""An address as SMTP takes it without extensions (RFC 5321): ASCII, one at sign, no line break."""

MaybeTime = Annotated[time | None, BeforeValidator(_blank_to_none)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InboxFilter(BaseModel):
    """Which notifications; ``after_id``: the last id of the page before. Other parameters (``after``) pass by."""

    filter: Literal["waiting", "all"] = "waiting"
    after_id: UUID | None = None
    limit: int = Field(default=50, ge=1, le=100)


class PreferenceIn(_In):
    """How the post wants to be reached beside the inbox; quiet hours in Tokyo."""

    channels: list[CodeName] = Field(default=["inbox"], max_length=10)
    email: Email = None
    quiet_since: MaybeTime = None
    quiet_until: MaybeTime = None
    version: int | None = Field(default=None, ge=0, le=2**31 - 1)


class DeadlineIn(_In):
    """By when notifications of a kind must be read, from the next one on; None of them: no deadline."""

    minutes: int | None = Field(default=None, ge=0, le=100_000)
    hours: int | None = Field(default=None, ge=0, le=10_000)
    working_days: int | None = Field(default=None, ge=0, le=100)


class PreferenceOut(BaseModel):
    """The channels and quiet hours of a post."""

    channels: list[str]
    email: str | None
    quiet_since: time | None
    quiet_until: time | None
    version: int

    @classmethod
    def of(cls, row: Preference | None) -> PreferenceOut:
        """From the table; without a row the inbox alone."""
        if row is None:
            return cls(channels=["inbox"], email=None, quiet_since=None, quiet_until=None, version=0)
        return cls(
            channels=row.channels,
            email=row.email,
            quiet_since=row.quiet_since,
            quiet_until=row.quiet_until,
            version=row.version,
        )


class NotificationOut(BaseModel):
    """One notification, without a name: what it is about, why, until when, where to go."""

    id: UUID
    kind: str
    text: str
    household: UUID | None
    case: UUID | None
    case_number: str | None
    because: UUID
    because_type: str
    path: str
    urgency: str | None
    urgent: bool
    sent_at: datetime
    read_by: datetime | None
    read_at: datetime | None
    settled_at: datetime | None
    escalated_at: datetime | None
    unread_kind: str | None
    """For what was passed up: the kind that nobody read in time."""

    @classmethod
    def of(cls, line: Line, codes: Codes, locale: str) -> NotificationOut:
        """From the query's line."""
        row = line.notification
        return cls(
            id=row.id,
            kind=row.kind,
            text=codes.label("NOTIFICATION_KIND", row.kind, locale),
            household=row.household,
            case=row.case,
            case_number=row.case_number,
            because=row.because,
            because_type=row.cause_type,
            path=row.path,
            urgency=row.urgency,
            urgent=row.urgent,
            sent_at=row.sent_at,
            read_by=row.read_by,
            read_at=row.read_at,
            settled_at=row.settled_at,
            escalated_at=row.escalated_at,
            unread_kind=line.unread,
        )


class CountOut(BaseModel):
    """For the badge: how many wait, how many of them past their deadline."""

    waiting: int
    late: int


class ReceiptOut(BaseModel):
    """The receipt of a change, with the position to wait for (``notify:1234``)."""

    position: str | None
    repeated: bool = False
    notification: UUID | None = None
    path: str | None = None


class RuleOut(BaseModel):
    """One rule as it stands: which fact, whom, by when."""

    kind: str
    event: str
    whom: list[str]
    read: dict[str, dict[str, int]]
    text: str
