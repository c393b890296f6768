"""Deadlines (期限): counted from what happened, not from when it was typed; in clock hours or working days. Pure.

running ──► stopped (met, late, dropped)
   └──► missed ──► stopped (late, dropped)      a missed clock goes on standing until the thing is done
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from shared.calendar import add_working_days, end_of_day
from shared.clock import TOKYO
from shared.errors import Conflict
from shared.i18n import N_

SIGHT_HOURS = 48
"""Safety confirmed by sight within 48 clock hours of receipt (児童虐待: 子ども虐待対応の手引き), holidays included."""
FIRST_CONTACT_DAYS: Final = {"A": 0, "B": 3, "C": 10, "D": 30}
"""Working days to the first two-way contact, by urgency (domain paper 6.4); the ward may edit URGENCY instead."""
LEAD_DECISION_DAYS = 3
_SOON = timedelta(days=2)

Outcome = Literal["met", "late", "dropped"]
Tone = Literal["", "warn", "stop"]


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """One clock. ``missed_at``: when its running out was stated; ``stopped_at``: when the thing was done."""

    kind: str
    started_at: datetime
    due_at: datetime
    missed_at: datetime | None = None
    stopped_at: datetime | None = None


def sight_check_due(received_at: datetime) -> datetime:
    """Until when somebody must have been seen."""
    return received_at + timedelta(hours=SIGHT_HOURS)


def first_contact_due(urgency: str, received_at: datetime) -> datetime:
    """Until when there must have been a two-way contact."""
    return working_days_after(received_at, FIRST_CONTACT_DAYS[urgency])


def working_days_after(start: datetime, days: int) -> datetime:
    """The end of the office day ``days`` working days after ``start`` (初日不算入)."""
    day = start.astimezone(TOKYO).date()
    return end_of_day(add_working_days(day, days))


def due_on(day: date) -> datetime:
    """A deadline that is a day, as a moment."""
    return end_of_day(day)


def stop(clock: ClockFacts, happened_at: datetime, *, dropped: bool = False) -> Outcome:
    """What came of a clock when the thing it waits for happened at ``happened_at``."""
    if clock.stopped_at is not None:
        raise Conflict(N_("この期限はもう止まっています。"))
    if dropped:
        return "dropped"
    return "met" if happened_at <= clock.due_at else "late"


def is_missed(clock: ClockFacts, now: datetime) -> bool:
    """Whether it has run out and nobody has said so yet."""
    return clock.stopped_at is None and clock.missed_at is None and now > clock.due_at


def left_share(clock: ClockFacts, now: datetime) -> float:
    """How much is left, 0–1: what the ring on the screen shows."""
    whole = (clock.due_at - clock.started_at).total_seconds()
    left = (clock.due_at - now).total_seconds()
    return 0.0 if whole <= 0 else min(max(left / whole, 0.0), 1.0)


def tone(due_at: datetime, now: datetime) -> Tone:
    """Red when late, amber within two days."""
    if now > due_at:
        return "stop"
    return "warn" if due_at - now <= _SOON else ""
