"""The times at which a visit may be proposed: VISIT_SLOT of the code list laid over the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

from shared.calendar import is_working_day
from shared.clock import TOKYO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class SlotRule:
    """One entry of VISIT_SLOT: a time of day in Tokyo on working days, or on Saturdays."""

    code: str
    start: time
    minutes: int = 60
    days: Literal["weekday", "saturday"] = "weekday"

    @classmethod
    def of(cls, code: str, attributes: Mapping[str, Any]) -> Self:
        """Read the attributes of a code."""
        return cls(
            code=code,
            start=time.fromisoformat(attributes.get("start", "10:00")),
            minutes=int(attributes.get("minutes", 60)),
            days="saturday" if attributes.get("days") == "saturday" else "weekday",
        )

    def falls_on(self, day: date) -> bool:
        """Whether the ward's workers go out at this time on ``day``."""
        return day.weekday() == _SATURDAY if self.days == "saturday" else is_working_day(day)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A stretch of time on a day; ``code`` is the VISIT_SLOT it came from."""

    starts_at: datetime
    ends_at: datetime
    code: str

    @property
    def day(self) -> date:
        """The day in Tokyo."""
        return self.starts_at.astimezone(TOKYO).date()

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


def slots_between(rules: Iterable[SlotRule], first: date, last: date, not_before: datetime) -> list[Slot]:
    """Every slot from ``first`` to ``last`` (days in Tokyo, both included) that starts at or after ``not_before``."""
    found = []
    known = tuple(rules)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for rule in known:
            if rule.falls_on(day):
                starts_at = datetime.combine(day, rule.start, TOKYO).astimezone(UTC)
                if starts_at >= not_before:
                    found.append(Slot(starts_at, starts_at + timedelta(minutes=rule.minutes), rule.code))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A day to see them again; ``untried``: nobody has been there at that weekday and time yet."""

    day: date
    start: time
    untried: bool = False


def days_to_see_again(
    rules: Iterable[SlotRule], visited_at: datetime, tried: Iterable[tuple[int, str]], *, gap_days: int = 0
) -> list[Suggestion]:
    """Up to three days to choose from: the same time next week, a time not tried yet, the same time in two weeks.

    ``tried``: (weekday, slot code) of visits in vain; ``gap_days``: nothing sooner than that.
    """
    known = tuple(rules)
    local = visited_at.astimezone(TOKYO)
    start = local.time().replace(minute=local.minute // 30 * 30, second=0, microsecond=0)
    vain = {*tried, *([(local.weekday(), code)] if (code := slot_of(known, visited_at)) else [])}
    usual = [local.date() + timedelta(days=7 * weeks) for weeks in range(1, 8)]
    same = [Suggestion(day, start) for day in usual if is_working_day(day) or day.weekday() == _SATURDAY]
    fresh = [
        Suggestion(day, rule.start, untried=True)
        for day in (local.date() + timedelta(days=n) for n in range(3, 60))
        for rule in known
        if rule.falls_on(day) and (day.weekday(), rule.code) not in vain and all(rule.code != c for _, c in vain)
    ]
    earliest = local.date() + timedelta(days=gap_days)
    chosen: list[Suggestion] = []
    for choices in (same, fresh, same):
        left = [s for s in choices if s.day >= earliest and all(s.day != taken.day for taken in chosen)]
        chosen.extend(left[:1])
    return chosen


def slot_of(rules: Iterable[SlotRule], starts_at: datetime) -> str | None:
    """The code of the time of day nearest to a moment, so that visits at odd times count as tried too."""
    local = starts_at.astimezone(TOKYO)
    minute = local.hour * 60 + local.minute
    saturday = local.weekday() == _SATURDAY
    fitting = [rule for rule in rules if (rule.days == "saturday") == saturday]
    nearest = min(fitting, key=lambda rule: abs(rule.start.hour * 60 + rule.start.minute - minute), default=None)
    return nearest.code if nearest else None
