"""Makes one sample event of a contract out of its field types: the same at every run."""

import types
import typing
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from shared.events import Envelope, Event

_SPACE = UUID("00000000-0000-8000-8000-6b6173616e65")
_MOMENT = datetime(2026, 6, 18, 1, 14, tzinfo=UTC)


def sample_of(contract: type[Event]) -> Envelope:
    """A full envelope with every field filled in."""
    event = contract.model_validate(
        {name: _value(name, field.annotation) for name, field in contract.model_fields.items()}
    )
    return Envelope(
        id=uuid5(_SPACE, contract.type),
        type=contract.type,
        source=f"/990001/{contract.type.split('.')[0]}",
        subjects=event.subjects,
        position=1234,
        previous=uuid5(_SPACE, "previous"),
        epoch="1",
        version=contract.version,
        occurred_at=_MOMENT,
        recorded_at=_MOMENT,
        data=event.model_dump(mode="json"),
        actor=str(uuid5(_SPACE, "actor")),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def _value(name: str, annotation: object) -> Any:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return inner[0]
    if origin in {types.UnionType, typing.Union}:
        return _value(name, next(part for part in inner if part is not types.NoneType))
    if origin is tuple:
        return (_value(name, inner[0]),)
    plain: dict[object, Any] = {
        UUID: uuid5(_SPACE, name),
        str: f"a_{name}",
        bool: True,
        int: 3,
        date: date(2026, 6, 18),
        datetime: _MOMENT,
    }
    return plain[annotation]
