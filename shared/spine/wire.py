"""How events stand in Redis: the stream's name, an entry's id and its two fields.

An entry's id is ``<position>-0``, its field ``id`` the event's id, its field ``e`` the CloudEvents JSON. Whatever can't
be read like that is foreign: it is never trusted and never an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import from_json, to_json

from shared.events import Envelope

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_KEPT = 10_000
"""Entries a stream keeps, about; what is older is read from the feed."""

_ENTRY_ID = re.compile(rb"([1-9][0-9]{0,17})-0")


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts of one municipality's spine are called."""

    municipality: str

    def stream(self, service: str) -> str:
        """The stream's key; the braces make the municipality the hash tag of a Redis Cluster."""
        return f"kasane:{{{self.municipality}}}:{service}"

    def set_aside(self, service: str, why: str) -> str:
        """Where a stream goes that is no longer this log's: ``why`` is an epoch or an incident's id."""
        return f"{self.stream(service)}:{why}"

    def source(self, service: str) -> str:
        """The CloudEvents ``source``."""
        return f"/{self.municipality}/{service}"


def entry_id(position: int) -> str:
    """The id of the entry that carries a position."""
    return f"{position}-0"


def position_of(raw: bytes) -> int | None:
    """The position an entry's id stands for; None for an id that none of ours has."""
    found = _ENTRY_ID.fullmatch(raw)
    return int(found[1]) if found else None


def encode(envelope: Envelope, data: str | None = None) -> bytes:
    """The field ``e``. ``data``: the fact as JSON text instead of the envelope's own, passed on as it is."""
    event = envelope.to_cloudevent()
    if data is None:
        return to_json(event)
    del event["data"]
    return b'%b,"data":%b}' % (to_json(event)[:-1], data.encode())


def decode(raw_id: bytes, fields: Mapping[bytes, bytes], source: str) -> Envelope | None:
    """The envelope of an entry, or None when anything about it is not as we write it."""
    position = position_of(raw_id)
    if position is None:
        return None
    try:
        envelope = Envelope.from_cloudevent(from_json(fields[b"e"]))
        if str(envelope.id) != fields[b"id"].decode():
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return envelope if envelope.position == position and envelope.source == source else None
