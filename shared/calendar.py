"""Working days (開庁日) of a Japanese ward office: pure, apart from clock hours.

Saturdays, Sundays, national holidays and 29 December to 3 January are closed (the usual 条例で定める休日).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

from shared.clock import TOKYO

_DECEMBER, _JANUARY = 12, 1
_YEAR_END_FROM, _NEW_YEAR_UNTIL = 29, 3
_SATURDAY = 5


@cache
def _national_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=year))


def is_working_day(day: date) -> bool:
    """Whether the ward office is open on ``day``."""
    year_end = day.month == _DECEMBER and day.day >= _YEAR_END_FROM
    new_year = day.month == _JANUARY and day.day <= _NEW_YEAR_UNTIL
    return not (day.weekday() >= _SATURDAY or year_end or new_year or day in _national_holidays(day.year))


def add_working_days(day: date, count: int) -> date:
    """The ``count``-th working day after ``day`` (the day itself is not counted, 初日不算入); 0 gives ``day``."""
    step = timedelta(days=1 if count >= 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= is_working_day(day)
    return day


def working_days_between(start: date, end: date) -> int:
    """How many working days lie after ``start`` up to and with ``end``; negative when ``end`` is earlier."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def end_of_day(day: date) -> datetime:
    """The last moment of the office day (17:15 in Tokyo), when a deadline in days falls due."""
    return datetime.combine(day, time(17, 15), TOKYO)
