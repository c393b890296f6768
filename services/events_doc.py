"""Writes ``docs/events.md`` from the contracts: what each fact says, what it carries, who reads it.

``./kasane events-doc`` writes the page; a test in ``tests/contracts`` keeps it current.
"""

from __future__ import annotations

import inspect
import types
import typing
from pathlib import Path
from uuid import UUID

from shared.events import EVENTS, SERVICES, Event
from shared.events.readers import READERS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "events.md"

_HEAD = """# Events

Generated from `shared/events` by `./kasane events-doc`; a test keeps it current.

An event is a fact in the past tense. It travels as a CloudEvents 1.0 JSON object in the stream
`kasane:{<municipality>}:<service>` and in the feed `GET /<service>/events`, with the extensions `position`,
`previous`, `epoch`, `version`, `actor`, `occurredat`, `subjects` and `traceparent`
([how they travel](decisions/0002-event-log.md)).

No event holds a name, an address, a telephone number, a birth date, an age, a diagnosis, a map cell or free text:
fields are ids, codes, dates, numbers and truth values. *Subject* is the unit of order. A fact marked **at once** takes
a right away: readers apply it even behind a parked event.
"""
_PLAIN = {"UUID": "id", "str": "code", "int": "number", "bool": "yes/no", "date": "date", "datetime": "date and time"}


def render() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD, _who_reads_whom()]
    for producer in SERVICES:
        contracts = [contract for name, contract in EVENTS.items() if name.startswith(f"{producer}.")]
        parts.append(f"## {producer}\n")
        parts.extend(_describe(contract, producer) for contract in contracts)
    return "\n".join(parts)


def _who_reads_whom() -> str:
    lines = ["| producer | facts | read by |", "|---|---|---|"]
    for producer in SERVICES:
        count = sum(name.startswith(f"{producer}.") for name in EVENTS)
        readers = ", ".join(f"{reader} ({len(facts)})" for reader, facts in READERS[producer].items())
        lines.append(f"| [{producer}](#{producer}) | {count} | {readers} |")
    return "\n".join(lines) + "\n"


def _describe(contract: type[Event], producer: str) -> str:
    readers = [reader for reader, facts in READERS[producer].items() if contract.type in facts]
    lines = [f"### {contract.type}\n", (inspect.getdoc(contract) or "").replace("``", "`"), ""]
    told = [f"version {contract.version}", f"read by {', '.join(readers) or 'nobody'}"]
    if contract.never_waits:
        told.append("**at once**")
    lines += [" · ".join(told), "", "| field | kind | |", "|---|---|---|"]
    for name, field in contract.model_fields.items():
        needed = "" if field.is_required() else "may be absent"
        lines.append(f"| `{name}` | {_kind(field.annotation)} | {needed} |")
    return "\n".join(lines) + "\n"


def _kind(annotation: object) -> str:
    """A type in a reader's words."""
    origin = typing.get_origin(annotation)
    inner = typing.get_args(annotation)
    if origin is typing.Literal:
        return " / ".join(f"`{value}`" for value in inner)
    if origin in {types.UnionType, typing.Union}:
        return " / ".join(_kind(part) for part in inner if part is not types.NoneType)
    if origin is tuple:
        return f"list of {_kind(inner[0])}s"
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return _PLAIN[name] if annotation is not UUID else "id"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
