"""Visits of the made-up ward: what came of those that were made, and who goes where in the days to come. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random

from services.ward import words
from services.ward.family import Household
from services.ward.steps import Planned, Step, VisitAsked, Visited
from shared.calendar import add_working_days, is_working_day
from shared.clock import TOKYO

_VISITED = frozenset({"T8050", "T8050W", "T9060", "T8050A", "THIKI", "TISO", "TTRUNC", "TGOMI", "TDEM1"})
_ONGOING, _PAST = 0.24, 0.42
"""Shares of them that are visited these days, and (up to the second) that were visited at some time."""
_DOORS = (
    ("absent_signs", "absent", "family"),
    ("absent_signs", "family", "met"),
    ("door", "met"),
    ("family",),
    ("met", "met", "met"),
    ("absent", "door", "family", "met"),
)
"""What came of visit after visit, where they have ended."""
_SO_FAR = (
    (),
    ("absent_signs",),
    ("absent", "absent_signs"),
    ("family",),
    ("door", "family"),
    ("family", "met"),
    ("absent_signs", "door", "met"),
    ("met", "met"),
    (),
)
"""And where they go on."""
_PAIRS = ((1, 2), (3, 4), (2, 3), (4, 1))
_TIMES = (time(10), time(10, 30), time(14), time(15), time(17), time(17, 30))
_GOES_OUT = ((0, 0), (0, 1), (1, 0), (1, 1), (0, 4), (0, 5), (2, 0), (2, 1), (1, 2), (3, 0), (3, 1))
"""In which order the days to come (0: today) are filled, and at which time: everybody goes out today and tomorrow."""
_EVERY_DAYS = 7
_LATE = 0.08
"""Share of open requests that are past their day."""
_SEVERAL_METS = 5
"""TRUST after they were met again: they talk things over."""


def is_visited_now(seed: int, household: Household) -> bool:
    """Whether outreach goes to this household in these days."""
    return household.kind in _VISITED and household.heard_days_ago > _EVERY_DAYS and _chance(seed, household) < _ONGOING


def past_visits(seed: int, household: Household, heard: date, now: datetime) -> list[Step]:
    """A request and the visits it led to, over by now; none for most."""
    if household.kind not in _VISITED or not _ONGOING <= _chance(seed, household) < _PAST:
        return []
    chance = Random(f"{seed}:{household.number}:doors")  # noqa: S311 - made-up people, no secret
    day = add_working_days(heard, chance.randint(3, 15))
    steps: list[Step] = [VisitAsked(_at_work(day, chance), chance.choice(words.AIMS), add_working_days(day, 7))]
    results = chance.choice(_DOORS)
    days = []
    for _ in results:
        day = add_working_days(day, chance.randint(3, 6))
        days.append(day)
    for place, result in enumerate(results):
        next_on = days[place + 1] if place + 1 < len(results) else None
        steps.append(_visited(_at_work(days[place], chance), results[: place + 1], result, next_on))
    return steps if steps[-1].at < now else []


def visits_now(seed: int, households: Iterable[Household], now: datetime) -> Mapping[int, Sequence[Step]]:
    """By household number: the request that is open, the visits so far and, for most, the one to come.

    The made-up ward's outreach goes out every day, today too, whatever day it is.
    """
    by_area: dict[str, list[Household]] = defaultdict(list)
    for household in households:
        if is_visited_now(seed, household):
            by_area[household.home.area].append(household)
    courses: dict[int, Sequence[Step]] = {}
    for theirs in by_area.values():
        for place, household in enumerate(theirs):
            out = _GOES_OUT[place] if place < len(_GOES_OUT) else None
            courses[household.number] = _course_now(seed, household, out, now)
    return courses


def _course_now(seed: int, household: Household, out: tuple[int, int] | None, now: datetime) -> list[Step]:
    chance = Random(f"{seed}:{household.number}:now")  # noqa: S311 - made-up people, no secret
    today = now.astimezone(TOKYO).date()
    results = chance.choice([one for one in _SO_FAR if household.heard_days_ago > _EVERY_DAYS * (len(one) + 1)])
    next_day = today + timedelta(days=out[0] if out else chance.randint(2, 5))
    days = [next_day - timedelta(days=_EVERY_DAYS * back) for back in range(len(results), 0, -1)]
    asked = (days[0] if days else min(next_day, today)) - timedelta(days=chance.randint(3, 5))
    late = chance.random() < _LATE
    due = add_working_days(asked, 3) if late else add_working_days(max(next_day, today), chance.randint(1, 6))
    steps: list[Step] = [VisitAsked(_at_work(asked, chance, exactly=True), chance.choice(words.AIMS), due)]
    for place, (day, result) in enumerate(zip(days, results, strict=True)):
        next_on = days[place + 1] if place + 1 < len(days) else next_day
        at = _at_work(day, chance, exactly=True)
        steps.append(_visited(at, results[: place + 1], result, next_on))
    if out is not None:
        steps += _to_come(steps[-1].at, next_day, out, chance, now)
    return [step for step in steps if step.at < now]


def _to_come(last: datetime, day: date, out: tuple[int, int], chance: Random, now: datetime) -> list[Step]:
    """The visit that is planned; one of today that is over by now has its result."""
    at = datetime.combine(day, _TIMES[out[1]], TOKYO)
    pair = _PAIRS[out[1] % len(_PAIRS)]
    planned_at = min(max(at - timedelta(days=3), last + timedelta(hours=2)), now - timedelta(minutes=90))
    if at + timedelta(minutes=80) < now:
        result = chance.choice(("met", "family", "door", "absent_signs"))
        next_on = day + timedelta(days=_EVERY_DAYS)
        return [Visited(at, result, result.startswith("absent"), words.DOORS[result], next_on, planned_at, pair=pair)]
    declined = out[0] > 1 and chance.random() < 0.15  # noqa: PLR2004 - few say no
    accepted = 2 if out[0] == 0 else 1 if declined else chance.choice((0, 1, 2, 2))
    return [Planned(planned_at, at, pair, accepted, declined)]


def _visited(at: datetime, results: Sequence[str], result: str, next_on: date | None) -> Visited:
    again = result == "met" and results.count("met") > 1
    return Visited(
        at, result, result.startswith("absent"), words.DOORS[result], next_on, at - timedelta(days=2),
        trust_stage=_SEVERAL_METS if again else None,
    )  # fmt: skip


def _at_work(day: date, chance: Random, *, exactly: bool = False) -> datetime:
    """Some moment of an office day, or exactly of that day: outreach goes out at weekends too."""
    while not exactly and not is_working_day(day):
        day += timedelta(days=1)
    return datetime.combine(day, time(chance.randint(9, 15), chance.randrange(0, 60, 5)), TOKYO)


def _chance(seed: int, household: Household) -> float:
    return Random(f"{seed}:{household.number}:visited").random()  # noqa: S311 - made-up people, no secret
