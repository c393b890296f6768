"""The Japanese calendar and ages: pure, no clock, no language switch.

Era starts: 明治 by 太政官布告 (Meiji 1 counted in Gregorian days from 1868-01-25), then the first day of each era.
The first day of an era already belongs to it; its first year is 元年 (Gannen).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Era:
    """One era: Japanese name, the letter used on forms, Latin name, first day."""

    name: str
    letter: str
    latin: str
    start: date


ERAS: tuple[Era, ...] = (
    Era("令和", "R", "Reiwa", date(2019, 5, 1)),
    Era("平成", "H", "Heisei", date(1989, 1, 8)),
    Era("昭和", "S", "Showa", date(1926, 12, 25)),
    Era("大正", "T", "Taisho", date(1912, 7, 30)),
    Era("明治", "M", "Meiji", date(1868, 1, 25)),
)
WEEKDAYS = "月火水木金土日"


def era_of(day: date) -> tuple[Era, int] | None:
    """The era of ``day`` and the year within it (1 = 元年); None before Meiji."""
    for era in ERAS:
        if day >= era.start:
            return era, day.year - era.start.year + 1
    return None


def year_words(day: date) -> str:
    """The year in 和暦: ``令和8年``, ``昭和元年``; before Meiji the western year, ``1850年``."""
    found = era_of(day)
    if found is None:
        return f"{day.year}年"
    era, year = found
    return f"{era.name}{'元' if year == 1 else year}年"


def wareki(day: date, *, weekday: bool = True) -> str:
    """A date as an office writes it: ``令和8年6月18日(木)``."""
    tail = f"({WEEKDAYS[day.weekday()]})" if weekday else ""
    return f"{year_words(day)}{day.month}月{day.day}日{tail}"


def short_wareki(day: date) -> str:
    """A date as a form has it: ``S18.3.3``; western before Meiji."""
    found = era_of(day)
    head = f"{day.year}" if found is None else f"{found[0].letter}{found[1]}"
    return f"{head}.{day.month}.{day.day}"


def age(birth: date, on: date) -> int:
    """Full years (満年齢) shown on ``on``; someone born on 29 February is a year older on 1 March of a common year.

    The law lets a year be completed at the end of the day before the birthday (年齢計算ニ関スル法律 2項); what people
    say and forms show changes on the birthday itself, and so does this. Negative before birth.
    """
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
