"""Names as people of each generation bear them, with their reading. Pure; drawn from lists, so nobody is meant.

``names.csv`` holds common surnames, with a few in the old forms (髙, 﨑, 邊, 濵) that systems so often lose, and given
names by sex and by the year before which their bearers were born.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

_FILE = Path(__file__).with_name("names.csv")
_NEVER = 9999


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name: ``written`` 山田 ハナ, ``kana`` ヤマダ ハナ."""

    written: str
    kana: str


@cache
def _surnames() -> tuple[Name, ...]:
    return tuple(Name(row["written"], row["kana"]) for row in _rows() if row["list"] == "surname")


@cache
def _given(sex: str, born: int) -> tuple[Name, ...]:
    """The given names of the first generation that ends after ``born``."""
    rows = [row for row in _rows() if row["list"] == sex]
    ends = sorted({int(row["born_before"] or _NEVER) for row in rows})
    end = next(year for year in ends if born < year)
    return tuple(Name(row["written"], row["kana"]) for row in rows if int(row["born_before"] or _NEVER) == end)


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def draw_surname(chance: Random) -> Name:
    """A family name and its reading in katakana."""
    return chance.choice(_surnames())


def draw_name(chance: Random, surname: Name, sex: str, born: int) -> Name:
    """A full name for somebody of ``sex`` (``female`` or ``male``) born in the year ``born``."""
    given = chance.choice(_given(sex, born))
    return Name(f"{surname.written} {given.written}", f"{surname.kana} {given.kana}")
