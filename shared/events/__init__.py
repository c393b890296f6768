"""The published language: one module a producer. Importing this package knows every contract."""

from shared.events import casework, heartbeat, intake, notify, outreach
from shared.events.base import (
    BLANK,
    EVENTS,
    Envelope,
    Event,
    HouseholdEvent,
    PostEvent,
    UnknownVersionError,
    parse,
)

SERVICES = ("intake", "casework", "outreach", "notify")
"""The four producers, in the order in which a household passes through them."""

__all__ = [
    "BLANK",
    "EVENTS",
    "SERVICES",
    "Envelope",
    "Event",
    "HouseholdEvent",
    "PostEvent",
    "UnknownVersionError",
    "casework",
    "heartbeat",
    "intake",
    "notify",
    "outreach",
    "parse",
]
