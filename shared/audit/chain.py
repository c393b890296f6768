"""How the rows of an audit are chained: each row's hash covers the row and the hash before it. Pure.

So whoever changes, removes, inserts or moves a row must make every later hash again, and then differs from what other
services keep of this chain (``shared/audit/witness.py``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

_FORM = "kasane.audit/1"
"""Names how a row is written out; another form gets another name, and old rows keep theirs."""


@dataclass(frozen=True, slots=True)
class Sealable:
    """What of a row is covered by its hash: everything but the hash."""

    id: int
    at: datetime
    post: UUID
    person: UUID
    action: str
    household: UUID | None
    basis: str | None
    reason: str | None
    origin: str | None


def genesis(service: str) -> bytes:
    """What stands before the first row of a service's chain."""
    return hashlib.sha256(f"{_FORM} {service}".encode()).digest()


def link(previous: bytes, number: int, row: Sealable) -> bytes:
    """The hash of row ``number``: SHA-256(hash before it ‖ the row as JSON, UTF-8, in the order of the fields)."""
    content = [
        _FORM,
        number,
        row.id,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(row.post),
        str(row.person),
        row.action,
        None if row.household is None else str(row.household),
        row.basis,
        row.reason,
        row.origin,
    ]
    return hashlib.sha256(previous + json.dumps(content, separators=(",", ":")).encode()).digest()
