"""Writes docs/events.md from the contracts, the readers' rights and the handlers: what exists, never what was meant."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from shared.events import EVENTS, SERVICES, Event
from shared.events.readers import READERS
from shared.spine import Subscriptions

_HEAD = """\
# The events

Written by `./kasane events-doc` from `shared/events/`, `shared/events/readers.py` and each service's `handlers.py`;
a test fails when it is out of date. Every event is a fact in the past tense and carries ids, codes, dates and numbers:
never a name, an address, a telephone number, an age, a diagnosis, a map cell or free text.

The envelope is a CloudEvents 1.0 object: `id`, `type`, `source` (`/<municipality code>/<service>`), `time` (recorded),
`subject` (the household, else the post or agency), and the extensions `subjects`, `position`, `previous`, `epoch`,
`version`, `occurredat`, `actor` (a post), `traceparent`. What a reader may not have, and what was erased, comes as
`kasane.blank`: the position stays, the fact is gone.

**acts**: hearing it may state new facts · **projects**: it only fills tables that can be made again · *may read*: its
credential opens the type, and nothing listens yet.
"""


def write(target: Path) -> Path:
    """Write the document; answers where."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(document(), encoding="utf-8")
    return target


def document() -> str:
    """The whole text."""
    heard = {service: _subscriptions(service) for service in SERVICES}
    parts = [_HEAD]
    for producer in SERVICES:
        own = [contract for contract in EVENTS.values() if contract.type.startswith(producer + ".")]
        parts.append(f"## {producer}: {len(own)} facts\n")
        parts.extend(_section(contract, producer, heard) for contract in own)
    return "\n".join(parts).rstrip() + "\n"


def _section(contract: type[Event], producer: str, heard: dict[str, Subscriptions]) -> str:
    about = " ".join((inspect.getdoc(contract) or "").split())
    notes = [f"version {contract.version}"]
    if contract.never_waits:
        notes.append("takes a right away, so it never waits behind a parked event")
    lines = [f"### `{contract.type}`\n", f"{about} ({'; '.join(notes)})\n"]
    lines += ["| field | type |", "|---|---|"]
    for name, info in contract.model_fields.items():
        optional = "" if info.is_required() else ", optional"
        lines.append(f"| `{name}` | {_named(info.annotation)}{optional} |")
    lines.append("\nHeard by: " + (_readers(contract.type, producer, heard) or "nobody") + "\n")
    return "\n".join(lines)


def _readers(kind: str, producer: str, heard: dict[str, Subscriptions]) -> str:
    told = []
    for service in SERVICES:
        handlers = heard[service].handlers.get(kind, [])
        if handlers:
            ways = sorted({"acts" if handler.acts else "projects" for handler in handlers})
            told.append(f"{service} ({', '.join(ways)})")
        elif kind in READERS.get(producer, {}).get(service, frozenset()):
            told.append(f"*{service} may read*")
    return " · ".join(told)


def _named(kind: Any) -> str:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in inside)
    if origin in {Union, UnionType}:
        return " or ".join("nothing" if part is type(None) else _named(part) for part in inside)
    if origin in {tuple, list, frozenset, set}:
        return f"list of {_named(inside[0])}"
    return str(getattr(kind, "__name__", kind)).lower()


def _subscriptions(service: str) -> Subscriptions:
    found: Subscriptions = importlib.import_module(f"services.{service}.handlers").subscriptions
    return found
