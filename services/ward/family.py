"""How a made-up household is put together: people with births, ties and answers. Pure.

Field names are those of intake's request for a consultation, so that ``as_request`` is what a person would have typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from services.ward.names import Name, draw_name, draw_surname
from services.ward.places import Home, draw_home, draw_phone
from services.ward.staff import NAMESPACE
from shared.wareki import short_wareki, wareki

_ADULT, _SCHOOL, _PENSION, _MOBILE_UNTIL = 18, 6, 65, 75


@dataclass(frozen=True, slots=True)
class Member:
    """A person. ``born``: the day; ``birth``: how it was told; ``answers``: what else is known, by intake's names."""

    relation: str
    name: Name
    sex: str
    born: date
    birth: str
    phone: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)

    def as_request(self) -> dict[str, Any]:
        """The row of the form."""
        return {
            "relation": self.relation,
            "name": self.name.written,
            "kana": self.name.kana,
            "sex": self.sex,
            "birth": self.birth,
            "phone": self.phone,
            **self.answers,
        }


@dataclass(frozen=True, slots=True)
class Household:
    """A household (世帯) and the consultation that made it known.

    ``kind``: what it is an example of (a type of the rules, or ``ordinary``). ``heard_days_ago``: when somebody called.
    """

    number: int
    kind: str
    home: Home
    phone: str
    members: tuple[Member, ...]
    heard_days_ago: int = 0
    answers: Mapping[str, Any] = field(default_factory=dict)
    """About the home and the call."""

    @property
    def id(self) -> UUID:
        """The same household has the same id for ever."""
        return uuid5(NAMESPACE, f"household:{self.number}")

    def as_request(self) -> dict[str, Any]:
        """What a caseworker would have typed (the body of a consultation)."""
        return {
            "address": self.home.address,
            "room": self.home.room,
            "area": self.home.area,
            "district": self.home.district,
            "mesh": self.home.mesh,
            "phone": self.phone,
            "members": [member.as_request() for member in self.members],
            **self.answers,
        }


class Drawing:
    """A household being drawn: chance, the day ages are counted on, a surname, and the people so far."""

    def __init__(self, chance: Random, on: date, area: str | None = None) -> None:
        self.chance = chance
        self.on = on
        self.home = draw_home(chance, area)
        self.surname = draw_surname(chance)
        self.members: list[Member] = []

    def between(self, low: int, high: int) -> int:
        """A whole number between the two, both included."""
        return self.chance.randint(low, high)

    def one_of(self, *choices: str) -> str:
        """One of the choices."""
        return self.chance.choice(choices)

    def add(self, relation: str, sex: str, years: int, **answers: Any) -> str:
        """Add somebody who is ``years`` old; gives their place in the list, by which others name them."""
        born = born_when(years, self.on, self.chance)
        name = draw_name(self.chance, self.surname, sex, born.year)
        own_phone = years >= _ADULT and self.chance.random() < 0.4  # noqa: PLR2004 - four in ten left a number
        self.members.append(
            Member(
                relation=relation,
                name=name,
                sex=sex,
                born=born,
                birth=_as_told(born, self.chance),
                phone=draw_phone(self.chance, mobile=years < _MOBILE_UNTIL) if own_phone else "",
                answers={"coresident": "yes", **_usual(years), **answers},
            )
        )
        return str(len(self.members) - 1)

    def done(self, number: int, kind: str, heard_days_ago: int, **answers: Any) -> Household:
        """The household as it stands."""
        phone = draw_phone(self.chance, mobile=False) if self.chance.random() < 0.6 else ""  # noqa: PLR2004
        return Household(number, kind, self.home, phone, tuple(self.members), heard_days_ago, answers)


def _usual(years: int) -> dict[str, Any]:
    """What people of an age mostly do, where the example says nothing else."""
    if years < _SCHOOL:
        return {"work": "unknown", "studies": "no", "marital": "never_married"}
    if years < _ADULT:
        return {"work": "student", "studies": "yes", "marital": "never_married"}
    if years < _PENSION:
        return {"work": "employed", "studies": "no"}
    return {"work": "pensioner", "studies": "no", "own_pension": "yes"}


def born_when(years: int, on: date, chance: Random) -> date:
    """A birthday that makes somebody ``years`` old on ``on``, any of the year."""
    latest = _years_before(on, years)
    earliest = _years_before(on, years + 1) + timedelta(days=1)
    return earliest + timedelta(days=chance.randrange((latest - earliest).days + 1))


def _years_before(on: date, years: int) -> date:
    """The same day of an earlier year; 28 for 29 February of a common year."""
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return on.replace(year=on.year - years, day=28)


def _as_told(born: date, chance: Random) -> str:
    """Most give 和暦, some in short as on forms, some western years."""
    draw = chance.random()
    if draw < 0.6:  # noqa: PLR2004 - shares of how people tell it
        return wareki(born, weekday=False)
    return short_wareki(born) if draw < 0.8 else born.isoformat()  # noqa: PLR2004
