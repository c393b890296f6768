"""The probe that passes through all four services every minute: intake, casework, outreach, notify, intake."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event


class Heartbeat(Event):
    """One hop of a probe. It concerns no household; its unit of order is the probe's line itself."""

    probe: UUID
    started_at: datetime
    audit_number: int | None = None
    """How many rows the producer's audit chain has, and the SHA-256 (hex) of the last: the next service keeps them."""
    audit_hash: str | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """All probes of a producer stand in one line."""
        return ("heartbeat",)


class IntakeHeartbeat(Heartbeat):
    """intake has sent a new probe on its way."""

    type: ClassVar[str] = "intake.heartbeat"


class CaseworkHeartbeat(Heartbeat):
    """casework has heard intake's probe."""

    type: ClassVar[str] = "casework.heartbeat"


class OutreachHeartbeat(Heartbeat):
    """outreach has heard casework's probe."""

    type: ClassVar[str] = "outreach.heartbeat"


class NotifyHeartbeat(Heartbeat):
    """notify has heard outreach's probe; intake, hearing this, closes the ring."""

    type: ClassVar[str] = "notify.heartbeat"


CHAIN: dict[str, type[Heartbeat]] = {
    "intake": IntakeHeartbeat,
    "casework": CaseworkHeartbeat,
    "outreach": OutreachHeartbeat,
    "notify": NotifyHeartbeat,
}
"""Each service's own hop, in the order of the ring."""
