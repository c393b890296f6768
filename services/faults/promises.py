"""What was promised: a line for each 2xx answer, kept in a file as it is given."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shared import clock


@dataclass(frozen=True, slots=True)
class Promise:
    """What an answer said: that the fact ``type`` with ``said`` (``field=value``) stands in its service's log."""

    key: str
    """The idempotency key that the request bore."""
    type: str
    said: str
    household: str


@dataclass(slots=True)
class Journal:
    """All promises of a run; ``file`` has them as JSON lines, with the moment of each."""

    file: Path
    promises: list[Promise] = field(default_factory=list)

    def write(self, promise: Promise) -> None:
        """Keep one."""
        self.promises.append(promise)
        with self.file.open("a") as out:
            out.write(json.dumps(asdict(promise) | {"at": clock.now().isoformat()}) + "\n")
