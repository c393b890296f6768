"""The picture of a family: who is whose, who lives together. Pure geometry; ``parts/genogram.html`` draws it.

Signs after McGoldrick, Gerson and Petry, *Genograms* (男 square, 女 circle, unknown diamond, double line the centre,
a cross for the dead). Only what a ward's form knows is drawn: the relation to the person at the centre and who shares
the home; whose child a grandchild is stays open and hangs from the middle of the row above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

Gender = Literal["male", "female", "unknown"]
Line = Literal["own", "partner", "sibling", "foster", "other"]

STEP: Final = 92
"""Between two people of a row, in units of the picture (pixels at full size)."""
ROW: Final = 118
SIZE: Final = 52
_REACH: Final = 44
"""How far the dashed line of the home stays from a person's middle."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to draw. ``generation`` counts downwards from the centre's 0; ``line`` says on whose side they stand."""

    key: str
    name: str
    age: str
    generation: int
    line: Line
    gender: Gender = "unknown"
    together: bool = True
    centre: bool = False
    dead: bool = False
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A person with the middle of their sign."""

    person: Person
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw: ``lines`` and ``home`` are SVG path data."""

    width: float
    height: float
    people: tuple[Placed, ...]
    lines: tuple[str, ...] = ()
    foster_lines: tuple[str, ...] = ()
    home: str = ""


@dataclass(slots=True)
class _Row:
    placed: list[Placed] = field(default_factory=list)

    def of(self, *lines: Line) -> list[Placed]:
        return [one for one in self.placed if one.person.line in lines]


def draw(people: list[Person]) -> Picture:
    """Place people in rows, oldest generation on top, and join them; an empty list gives an empty picture."""
    if not people:
        return Picture(0, 0, ())
    rows = _place(people)
    width = max(one.x for row in rows for one in row.placed) + STEP / 2 + 10
    height = len(rows) * ROW
    lines, foster = [], []
    for row in rows:
        lines += _couples(row)
    for upper, lower in pairwise(rows):
        lines += _descent(upper.of("own", "sibling") or upper.placed, lower.of("own", "sibling", "other"))
        if upper.of("partner") and any(one.person.generation <= 0 for one in lower.placed):
            lines += _descent(upper.of("partner"), lower.of("partner"))
        foster += _descent(upper.of("own") or upper.placed, lower.of("foster"))
    placed = tuple(one for row in rows for one in row.placed)
    return Picture(width, height, placed, tuple(lines), tuple(foster), _home(placed))


_ORDER: Final[dict[Line, int]] = {"sibling": 0, "own": 1, "foster": 2, "other": 3, "partner": 4}


def _place(people: list[Person]) -> list[_Row]:
    generations = sorted({person.generation for person in people})
    longest = max(sum(person.generation == one for person in people) for one in generations)
    rows = []
    for number, generation in enumerate(generations):
        members = [person for person in people if person.generation == generation]
        members.sort(key=lambda person: (_ORDER[person.line], _side(person)))
        start = (longest - len(members)) * STEP / 2 + STEP / 2 + 5
        y = number * ROW + ROW / 2
        rows.append(_Row([Placed(person, start + n * STEP, y) for n, person in enumerate(members)]))
    return rows


def _side(person: Person) -> tuple[int, int]:
    """Within a line: those who live here towards the middle, men before women as the signs are read."""
    return (0 if person.together else 1, 0 if person.gender == "male" else 1)


def _couples(row: _Row) -> list[str]:
    """A line between two who stand for a couple: parents of one side, or the centre and a partner."""
    pairs = []
    for line in ("own", "partner"):
        side = row.of(line)
        if len(side) == 2 and side[0].person.generation < 0:  # noqa: PLR2004 - a couple
            pairs.append((side[0], side[1]))
    own, partner = row.of("own"), row.of("partner")
    if own and partner and own[0].person.generation >= 0:
        pairs.append((own[-1], partner[0]))
    return [f"M{_n(a.x + SIZE / 2)} {_n(a.y)}H{_n(b.x - SIZE / 2)}" for a, b in pairs]


def _descent(parents: list[Placed], children: list[Placed]) -> list[str]:
    if not parents or not children:
        return []
    couple = len(parents) == 2 and parents[0].person.generation < 0  # noqa: PLR2004 - a couple
    top_x = sum(one.x for one in parents) / len(parents) if couple else parents[0].x
    top_y = parents[0].y if couple else parents[0].y + SIZE / 2
    bar_y = (parents[0].y + children[0].y) / 2
    left, right = min(top_x, *(one.x for one in children)), max(top_x, *(one.x for one in children))
    paths = [f"M{_n(top_x)} {_n(top_y)}V{_n(bar_y)}"]
    if right > left:
        paths.append(f"M{_n(left)} {_n(bar_y)}H{_n(right)}")
    paths += [f"M{_n(one.x)} {_n(bar_y)}V{_n(one.y - SIZE / 2)}" for one in children]
    return paths


def _home(placed: tuple[Placed, ...]) -> str:
    """A rounded line around those who share the home; none for fewer than two."""
    inside = [one for one in placed if one.person.together and not one.person.dead]
    if len(inside) < 2:  # noqa: PLR2004 - living alone needs no line
        return ""
    corners = [
        (one.x + _REACH * math.cos(turn * math.pi / 12), one.y + _REACH * math.sin(turn * math.pi / 12))
        for one in inside
        for turn in range(24)
    ]
    hull = _hull(corners)
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in hull) + "Z"


def _hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The convex hull (Andrew's monotone chain), anticlockwise."""
    ordered = sorted(set(points))

    def half(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
        chain: list[tuple[float, float]] = []
        for x, y in run:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                chain.pop()
            chain.append((x, y))
        return chain[:-1]

    return half(ordered) + half(ordered[::-1])


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
