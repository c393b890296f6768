"""Birth dates as people give them: an interval of days, how it was said, and the ages that follow from it.

A date of birth is often half known: "昭和18年", "84歳", "53くらい". :class:`Birth` keeps the earliest and the latest
day that fit, so that every rule can ask "at least 65?" and get yes, no or *not known yet*.
``birth_reading.parse_birth`` makes one from text.
"""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.intake.rules.kleene import Truth
from shared.wareki import age

OLDEST_AGE = 130
"""Nobody has lived longer than 122 years; beyond this it is a slip of the pen."""

_FIRST_DAY = date(1850, 1, 1)
_LAST_DAY = date(9999, 12, 31)
_FEBRUARY, _LEAP_DAY = 2, 29


class Precision(StrEnum):
    """What was said: a day, a month, a year, a decade (昭和10年代), an age, an age group (80代), or nothing."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    DECADE = "decade"
    AGE = "age"
    AGE_GROUP = "age_group"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Birth:
    """The days on which somebody may have been born.

    ``earliest``/``latest``: the first and the last day that fit, both included. ``estimated``: told as a guess
    ("くらい") or worked back from an age. ``said``: the text it was read from, for the person who checks it.
    """

    earliest: date
    latest: date
    precision: Precision
    estimated: bool = False
    said: str = ""

    def __post_init__(self) -> None:
        """An interval that ends before it begins is a programming error."""
        if self.earliest > self.latest:
            msg = "a birth interval must not end before it begins"
            raise ValueError(msg)

    @classmethod
    def on(cls, day: date) -> Birth:
        """Born on that very day."""
        return cls(day, day, Precision.DAY, said=day.isoformat())

    @property
    def known(self) -> bool:
        """Whether anything at all is known."""
        return self.precision is not Precision.UNKNOWN

    @property
    def day(self) -> date | None:
        """The birthday, when the day is known."""
        return self.earliest if self.earliest == self.latest else None

    def may_equal(self, other: Birth) -> bool:
        """Whether one day fits both."""
        return self.earliest <= other.latest and other.earliest <= self.latest


UNKNOWN_BIRTH = Birth(_FIRST_DAY, _LAST_DAY, Precision.UNKNOWN)
"""Nobody has said when; every age is possible."""


def legal_age(born: date, on: date) -> int:
    """Age by 年齢計算ニ関スル法律 (with 民法143条): reached at the end of the day *before* the birthday.

    Whoever is born on 1 April has reached the age on 31 March; whoever is born on 29 February, on 28 February.
    """
    return age(born, on + timedelta(days=1))


def age_range(birth: Birth, on: date) -> tuple[int, int]:
    """The youngest and the oldest that somebody may be on ``on``, in display years, each within 0 and 130."""
    if not birth.known:
        return 0, OLDEST_AGE
    youngest = age(min(birth.latest, on), on)
    oldest = age(birth.earliest, on)
    return _within(youngest), max(_within(oldest), _within(youngest))


def _within(years: int) -> int:
    return max(0, min(years, OLDEST_AGE))


def shown_age(birth: Birth, on: date) -> int | None:
    """One number for the screen: the age, or the middle of the range of an estimate; ``None`` when unknown."""
    if not birth.known:
        return None
    youngest, oldest = age_range(birth, on)
    return (youngest + oldest + 1) // 2


def age_between(birth: Birth, low: int, high: int, on: date) -> Truth:
    """Whether the age on ``on`` is between ``low`` and ``high``, both included."""
    youngest, oldest = age_range(birth, on)
    if low <= youngest and oldest <= high:
        return Truth.YES
    if oldest < low or youngest > high:
        return Truth.NO
    return Truth.UNKNOWN


def age_at_least(birth: Birth, low: int, on: date) -> Truth:
    """Whether the age on ``on`` is ``low`` or more."""
    return age_between(birth, low, OLDEST_AGE, on)


def age_below(birth: Birth, limit: int, on: date) -> Truth:
    """Whether the age on ``on`` is less than ``limit``."""
    return age_between(birth, 0, limit - 1, on)


def born_when_aged(age_from: int, age_to: int, on: date) -> tuple[date, date]:
    """The first and last birthday of somebody whose display age on ``on`` lies between the two, both included."""
    latest = _day_years_before(on, age_from)
    earliest = _day_years_before(on, age_to + 1) + timedelta(days=1)
    return earliest, latest


def _day_years_before(on: date, years: int) -> date:
    """The last birthday that has ``years`` full years on ``on``."""
    year = on.year - years
    if on.month == _FEBRUARY and on.day == _LEAP_DAY and not isleap(year):
        return date(year, 2, 28)
    return on.replace(year=year)
