"""Facts that notify states: a notification reached an inbox, was read, or stayed unread past its deadline."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, HouseholdEvent


class NotificationEvent(Event):
    """A fact about one notification to one post, mostly about a household."""

    notification: UUID
    post: UUID
    household: UUID | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """The household, or the post where there is none."""
        return (str(self.household or self.post),)


class NotificationSent(NotificationEvent):
    """It lies in the inbox; ``kind`` of NOTIFICATION_KIND, ``because`` is the event it is about."""

    type: ClassVar[str] = "notify.notification_sent"

    kind: str
    because: UUID
    read_by: datetime | None = None


class NotificationRead(NotificationEvent):
    """The receipt (受け取り): the post has opened or acknowledged it."""

    type: ClassVar[str] = "notify.notification_read"

    because: UUID


class NotificationUnanswered(NotificationEvent):
    """Nobody read it in time; it was passed up to ``escalated_to``."""

    type: ClassVar[str] = "notify.notification_unanswered"

    because: UUID
    escalated_to: tuple[UUID, ...] = ()


class HouseholdForgotten(HouseholdEvent):
    """Everything that notify held about an erased household is gone: its part of the certificate (消去証明)."""

    type: ClassVar[str] = "notify.household_forgotten"

    classes: tuple[str, ...] = ()
    """What there was, by RECORD_CLASS."""
