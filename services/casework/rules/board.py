"""What the board says: who stands still, how heavy a load is, which numbers are too small to show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal

from shared.calendar import working_days_between

STANDS_STILL_DAYS = 7
"""Calendar days without an answer after which a case stands still (止まっている)."""
SMALL_CELL = 5
"""Counts below this are not shown by area (domain paper 7)."""
LOAD_MARK = 100
WEIGHTS: Final = {"A": 12, "B": 7, "C": 4, "D": 2}
_HEAT: Final = (9, 15, 21)

Light = Literal["asked", "taken", "acting", "late", "back", "done", "none"]


def light(state: str, answer_due: date, today: date) -> Light:
    """The sign for an agency's part: hollow, half, full circle, triangle, diamond, ticked square."""
    if state in {"asked", "discuss"}:
        return "late" if today > answer_due else "asked"
    return {"accepted": "taken", "acting": "acting", "returned": "back", "left": "done"}.get(state, "none")  # type: ignore[return-value]


VISITING: Final = "outreach"
"""The kind of agency in whose column the visits that a case waits for stand."""


def visit_light(state: str, due_on: date, today: date) -> Light:
    """The same sign for a visit that was asked for: planned is taken, visited is at work."""
    if state == "asked":
        return "late" if today > due_on else "asked"
    return {"assigned": "taken", "visited": "acting", "ended": "done"}.get(state, "none")  # type: ignore[return-value]


LIGHT_RANK: Final[Mapping[str, int]] = {
    "late": 0, "asked": 1, "back": 2, "acting": 3, "taken": 4, "done": 5, "none": 6,
}  # fmt: skip
"""Where several agencies of one kind share a column, the one that needs somebody most is shown."""


def asked_days(asked_on: date, today: date) -> int:
    """Working days since an agency was asked."""
    return working_days_between(asked_on, today)


def stands_still(waiting_since: date | None, today: date) -> bool:
    """Whether an answer has been missing for a week or more."""
    return waiting_since is not None and (today - waiting_since).days >= STANDS_STILL_DAYS


def load(counts: Mapping[str, int]) -> int:
    """A weighted load from the number of open cases by urgency; 100 is about what one post can carry."""
    return sum(WEIGHTS[level] * number for level, number in counts.items())


def heat(count: int) -> str:
    """The shade of a district's tile, ``hx`` when the number is too small to show."""
    if count < SMALL_CELL:
        return "hx"
    return f"h{sum(count >= limit for limit in _HEAT)}"
