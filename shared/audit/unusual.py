"""What in a week's log an auditor should look at: pure rules over looks; thresholds are data (code list UNUSUAL).

Each service runs them over its own log. Whether somebody looked at their own district or at people of their own name is
asked where districts of staff and names of families live (casework, intake): those rules take pairs of a post and a
household.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from shared.calendar import is_working_day
from shared.clock import TOKYO

Rule = Literal[
    "many", "odd_hours", "broken_glass", "with_reason", "protected", "no_relation", "taken_out",
    "own_district", "same_name",
]  # fmt: skip
RULES: Final[tuple[Rule, ...]] = (
    "broken_glass", "protected", "same_name", "own_district", "no_relation", "many", "taken_out", "with_reason",
    "odd_hours",
)  # fmt: skip
"""The gravest first."""

LOOKS: Final = frozenset({"view", "match", "open_with_reason", "print", "export", "view_meeting"})
"""Deeds that count as looking at a household; names in a list (``label``) do not."""
TAKEN: Final = frozenset({"print", "export"})
GLASS: Final = frozenset({"glass_asked", "glass_approved", "break_glass"})
K = TypeVar("K")
Count = Annotated[int, Field(ge=1, le=100_000)]


class Thresholds(BaseModel):
    """From which number on something is listed."""

    many: Count = 30
    """Households in one hour."""
    usual_factor: Count = 3
    """And this many times the post's own usual busy hour."""
    odd_hours: Count = 10
    """Looks outside of office hours in the week."""
    opens_at: Annotated[int, Field(ge=0, le=24)] = 7
    closes_at: Annotated[int, Field(ge=0, le=24)] = 20
    """Hours of Tokyo between which nobody wonders."""
    no_relation: Count = 5
    """Households without any relation in the week."""
    taken_out: Count = 100
    """Households printed or exported in the week."""


class Look(BaseModel):
    """One line of the log."""

    at: datetime
    post: UUID
    action: str
    household: UUID | None


class Finding(BaseModel):
    """One line of the week: who, about which household (where it is about one), how often, between when, why listed."""

    rule: Rule
    post: UUID
    household: UUID | None = None
    times: int
    first_at: datetime
    last_at: datetime

    @property
    def key(self) -> tuple[str, UUID, UUID | None]:
        """What an auditor's note is kept under, within the week."""
        return self.rule, self.post, self.household


class Pair(BaseModel):
    """A post and a household that it has looked at."""

    post: UUID
    household: UUID
    times: int
    first_at: datetime
    last_at: datetime


def week_of(day: date) -> tuple[date, date]:
    """The Monday and the Sunday of a day's week."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def pairs_of(looks: Iterable[Look]) -> list[Pair]:
    """Which post has looked at which household, how often, from when to when."""
    return [
        Pair(post=post, household=household, times=len(found), first_at=found[0].at, last_at=found[-1].at)
        for (post, household), found in _grouped(looks, lambda one: (one.post, one.household)).items()
        if household is not None
    ]


def many_in_a_row(looks: Iterable[Look], usual: Mapping[UUID, float], limits: Thresholds) -> list[Finding]:
    """Posts that looked at many households in one hour, over a fixed number and over their own usual."""
    found = []
    for (post, _), hour in _grouped(looks, lambda one: (one.post, _hour(one.at))).items():
        count = len({one.household for one in hour if one.household})
        if count >= limits.many and count >= limits.usual_factor * usual.get(post, 0):
            found.append(_finding("many", post, None, hour, count))
    return found


def usual_hour(looks: Iterable[Look]) -> dict[UUID, float]:
    """The median of the households a post looks at in an hour in which it looks at any."""
    hours: dict[UUID, list[int]] = {}
    for (post, _), hour in _grouped(looks, lambda one: (one.post, _hour(one.at))).items():
        hours.setdefault(post, []).append(len({one.household for one in hour if one.household}))
    return {post: median(counts) for post, counts in hours.items()}


def at_odd_hours(looks: Iterable[Look], limits: Thresholds) -> list[Finding]:
    """Posts that looked often at night, at weekends and on holidays."""
    odd = [one for one in looks if is_odd(one.at, limits)]
    grouped = _grouped(odd, lambda one: (one.post, None)).items()
    return [_finding("odd_hours", post, None, own) for (post, _), own in grouped if len(own) >= limits.odd_hours]


def is_odd(at: datetime, limits: Thresholds) -> bool:
    """Whether the office is closed at a moment."""
    local = at.astimezone(TOKYO)
    return not (is_working_day(local.date()) and limits.opens_at <= local.hour < limits.closes_at)


def each(rule: Rule, looks: Iterable[Look], actions: Collection[str]) -> list[Finding]:
    """Every post and household with one of these deeds."""
    own = [one for one in looks if one.action in actions]
    grouped = _grouped(own, lambda one: (one.post, one.household)).items()
    return [_finding(rule, post, household, found) for (post, household), found in grouped]


def of_protected(
    looks: Iterable[Look], protected: Collection[UUID], allowed: Collection[tuple[UUID, UUID]]
) -> list[Finding]:
    """Looks at households with a protected person by posts that have no part in them (``allowed``: post, household)."""
    own = [one for one in looks if one.household in protected and (one.post, one.household) not in allowed]
    return each("protected", own, LOOKS)


def without_relation(
    looks: Iterable[Look], related: Collection[tuple[UUID, UUID]], limits: Thresholds
) -> list[Finding]:
    """Posts that looked at several households with which nothing but a ward-wide role connects them."""
    strange = [one for one in looks if one.household and (one.post, one.household) not in related]
    found = []
    for (post, _), own in _grouped(strange, lambda one: (one.post, None)).items():
        count = len({one.household for one in own})
        if count >= limits.no_relation:
            found.append(_finding("no_relation", post, None, own, count))
    return found


def much_taken_out(looks: Iterable[Look], limits: Thresholds) -> list[Finding]:
    """Posts that printed or exported many households."""
    taken = [one for one in looks if one.action in TAKEN]
    found = []
    for (post, _), own in _grouped(taken, lambda one: (one.post, None)).items():
        count = len({one.household for one in own if one.household})
        if count >= limits.taken_out:
            found.append(_finding("taken_out", post, None, own, count))
    return found


def of_pairs(rule: Rule, pairs: Iterable[Pair], fits: Callable[[Pair], bool]) -> list[Finding]:
    """The pairs of which something holds, such as the same district or the same name."""
    return [
        Finding(rule=rule, **pair.model_dump(include={"post", "household", "times", "first_at", "last_at"}))
        for pair in pairs
        if fits(pair)
    ]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first, then the most often."""
    return sorted(findings, key=lambda one: (RULES.index(one.rule), -one.times, one.first_at, str(one.post)))


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _finding(rule: Rule, post: UUID, household: UUID | None, own: Sequence[Look], times: int | None = None) -> Finding:
    moments = [one.at for one in own]
    return Finding(
        rule=rule,
        post=post,
        household=household,
        times=len(own) if times is None else times,
        first_at=min(moments),
        last_at=max(moments),
    )


def _grouped(looks: Iterable[Look], key: Callable[[Look], K]) -> dict[K, list[Look]]:
    found: dict[K, list[Look]] = {}
    for one in sorted(looks, key=lambda look: look.at):
        found.setdefault(key(one), []).append(one)
    return found
