"""One durable hop, the same for all systems: a visit and its event commit here, an effect is upserted there.

Known to every process of the bench, in Kasane's environment and in that of the peers: the standard library only.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

HOUSEHOLDS = 5000
"""So many households take turns: two writers seldom meet at one."""

EVENT_BYTES = 600

_BEGIN = datetime(2026, 4, 1, tzinfo=UTC)

PRODUCER_TABLES = """
    CREATE TABLE visit (
        n bigint PRIMARY KEY, household uuid NOT NULL, kind text NOT NULL, state text NOT NULL,
        planned_at timestamptz NOT NULL
    );
    CREATE TABLE stated (
        log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, type text NOT NULL,
        recorded_at timestamptz NOT NULL, data jsonb NOT NULL, sent boolean NOT NULL DEFAULT false
    );
    CREATE INDEX ix_stated_unsent ON stated (log_id) WHERE NOT sent;
"""
"""``stated`` keeps the event of the systems that have no log of their own; Kasane has ``event_log``."""

CONSUMER_TABLES = """
    CREATE TABLE effect (
        n bigint PRIMARY KEY, household uuid NOT NULL, kind text NOT NULL, planned_at timestamptz NOT NULL,
        times integer NOT NULL DEFAULT 1
    );
    CREATE TABLE inbox (id uuid PRIMARY KEY);
    CREATE TABLE place (one_row boolean PRIMARY KEY DEFAULT true, last text NOT NULL);
    INSERT INTO place (last) VALUES ('0-0');
"""
"""``times`` shows what was applied twice; ``inbox`` and ``place`` are for the systems that keep one."""

UPSERT = """
    INSERT INTO effect (n, household, kind, planned_at) VALUES ({values})
    ON CONFLICT (n) DO UPDATE SET kind = excluded.kind, planned_at = excluded.planned_at, times = effect.times + 1
"""
"""One effect; ``values`` are four placeholders in the driver's own way."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one process of a session is told, as JSON in ``KASANE_BENCH_ORDER``.

    URLs are plain ``postgresql://…`` and ``redis://…``; ``name`` is a stream's or queue's; ``port`` is free for HTTP.
    """

    system: str
    role: str
    producer_url: str
    consumer_url: str
    redis_url: str
    name: str
    port: int

    @classmethod
    def given(cls) -> Order:
        """This process's own."""
        return cls(**json.loads(os.environ["KASANE_BENCH_ORDER"]))

    def as_environment(self) -> dict[str, str]:
        """The variable that carries it."""
        return {"KASANE_BENCH_ORDER": json.dumps(asdict(self))}


def household_of(n: int) -> UUID:
    """Whose visit the n-th is."""
    return UUID(int=0x7_0000_0000_0000_0000_0000 + n % HOUSEHOLDS)


def planned_at(n: int) -> datetime:
    """When the n-th visit is to be."""
    return _BEGIN + timedelta(minutes=n)


def visit(n: int) -> dict[str, Any]:
    """The domain row."""
    return {"n": n, "household": household_of(n), "kind": "home", "state": "asked", "planned_at": planned_at(n)}


def event(n: int) -> dict[str, Any]:
    """The event's fields as JSON values, 600 bytes when written: ids, codes and dates, as Kasane's events have."""
    fields = {
        "household": str(household_of(n)),
        "n": n,
        "kind": "home",
        "planned_at": planned_at(n).isoformat(),
        "asked_by": str(UUID(int=0x5_0000 + n % 40)),
        "team": str(UUID(int=0x6_0000 + n % 12)),
        "members": [str(UUID(int=0x8_0000_0000 + 4 * n + i)) for i in range(4)],
        "concerns": ["housing", "debt", "withdrawal"],
        "area": "990001-0042",
        "note_code": "",
    }
    fields["note_code"] = "x" * (EVENT_BYTES - len(json.dumps(fields, separators=(",", ":"))))
    return fields
