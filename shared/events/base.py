"""What an event is: a fact in the past tense, without personal data, and the envelope it travels in.

An event class is the contract. Its module is named after its producer; ``type`` is ``<service>.<fact>`` and never
a class path. The envelope is a CloudEvents 1.0 JSON object with the extensions ``position``, ``previous``,
``epoch``, ``version``, ``actor``, ``occurredat``, ``subjects`` and ``traceparent``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

BLANK = "kasane.blank"
"""Type of a position whose fact the reader may not have, or that was erased."""

EVENTS: dict[str, type[Event]] = {}
"""Every contract by its type; filled as the modules of ``shared.events`` are imported."""


class UnknownVersionError(ValueError):
    """A known type came in a version that this code can't read."""


class Event(BaseModel):
    """Base of all facts. Fields are ids, codes, dates and numbers: never a name, an address or free text."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str] = ""
    version: ClassVar[int] = 1
    never_waits: ClassVar[bool] = False
    """The fact takes a right away: readers apply it at once, even behind a parked event, so handling is idempotent."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register a contract under its type; intermediate classes have none."""
        super().__init_subclass__(**kwargs)
        if cls.type and "type" in cls.__dict__:
            if cls.type in EVENTS:
                msg = f"two events are called {cls.type}"
                raise TypeError(msg)
            EVENTS[cls.type] = cls

    @property
    def subjects(self) -> tuple[str, ...]:
        """The units of order this fact belongs to; the first is the CloudEvents ``subject``."""
        raise NotImplementedError

    @classmethod
    def lift(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Turn data of an older version into this one; a contract that has changed overrides it."""
        if version != cls.version:
            raise UnknownVersionError(cls.type, version)
        return data


class HouseholdEvent(Event):
    """A fact about one household (世帯): the unit of order nearly everywhere."""

    household: UUID

    @property
    def subjects(self) -> tuple[str, ...]:
        """The household."""
        return (str(self.household),)


class PostEvent(Event):
    """A fact about a post (職) and no household."""

    post: UUID

    @property
    def subjects(self) -> tuple[str, ...]:
        """The post."""
        return (str(self.post),)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One line of an event log as it travels. ``data`` is the event's fields as JSON values."""

    id: UUID
    type: str
    source: str
    subjects: tuple[str, ...]
    position: int
    previous: UUID | None
    epoch: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    actor: str | None = None
    traceparent: str | None = None

    def to_cloudevent(self) -> dict[str, Any]:
        """The CloudEvents JSON object; absent extensions are left out."""
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": self.source,
            "time": self.recorded_at.astimezone(UTC).isoformat(),
            "datacontenttype": "application/json",
            "position": self.position,
            "epoch": self.epoch,
            "version": self.version,
            "occurredat": self.occurred_at.astimezone(UTC).isoformat(),
            "subjects": ",".join(self.subjects),
            "data": self.data,
        }
        if self.subjects:
            event["subject"] = self.subjects[0]
        for name, value in (
            ("previous", self.previous),
            ("actor", self.actor),
            ("traceparent", self.traceparent),
        ):
            if value is not None:
                event[name] = str(value)
        return event

    @classmethod
    def from_cloudevent(cls, event: Mapping[str, Any]) -> Envelope:
        """Read :meth:`to_cloudevent`; ValueError, KeyError or TypeError when it is not one of ours."""
        previous, subjects = event.get("previous"), event["subjects"]
        data = event["data"]
        if not isinstance(data, dict):
            msg = "data is not an object"
            raise TypeError(msg)
        return cls(
            id=UUID(event["id"]),
            type=str(event["type"]),
            source=str(event["source"]),
            subjects=tuple(subjects.split(",")) if subjects else (),
            position=int(event["position"]),
            previous=UUID(previous) if previous else None,
            epoch=str(event["epoch"]),
            version=int(event["version"]),
            occurred_at=datetime.fromisoformat(event["occurredat"]),
            recorded_at=datetime.fromisoformat(event["time"]),
            data=data,
            actor=event.get("actor"),
            traceparent=event.get("traceparent"),
        )

    @property
    def service(self) -> str:
        """The producer's name: the last part of ``source`` (``/<municipality>/<service>``)."""
        return self.source.rsplit("/", 1)[-1]

    def blank(self) -> Envelope:
        """The same position without its fact: what a reader gets who may not have it."""
        return Envelope(
            id=self.id,
            type=BLANK,
            source=self.source,
            subjects=(),
            position=self.position,
            previous=self.previous,
            epoch=self.epoch,
            version=1,
            occurred_at=self.recorded_at,
            recorded_at=self.recorded_at,
            data={},
        )


def parse(envelope: Envelope) -> Event | None:
    """The fact inside, lifted to the present version; ``None`` for a type that this code does not know.

    Raises UnknownVersionError for an unknown version of a known type, pydantic.ValidationError for wrong data.
    """
    contract = EVENTS.get(envelope.type)
    if contract is None:
        return None
    return contract.model_validate(contract.lift(envelope.version, envelope.data))
