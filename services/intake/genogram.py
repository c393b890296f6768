"""The family as a picture (ジェノグラム): pure, from people and their ties to places on a sheet.

Square: male, circle: female, diamond: other or unknown; a cross: died; double line: the person in question; dashed
line: who lives together. Signs after McGoldrick, Gerson and Petry, *Genograms* (2008). Sizes are SVG user units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, pi, sin
from typing import TYPE_CHECKING

from services.intake.rules.kinship import parent_of, partners, siblings
from services.intake.rules.kleene import Truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.intake.rules.facts import HouseholdFacts
    from services.intake.rules.rulebook import RuleBook

STEP_X, STEP_Y = 96, 120
RADIUS = 26
_MARGIN_X, _MARGIN_Y = 56, 62
_RING = 40
_CORNERS = 16

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Person:
    """One sign: ``name`` and ``note`` are written in it, ``relation`` above it."""

    id: str
    name: str
    note: str
    relation: str
    sex: str
    here: bool
    dead: bool = False
    protected: bool = False
    centre: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A person on the sheet."""

    person: Person
    x: float
    y: float


@dataclass(slots=True)
class Picture:
    """What the template draws: signs, path data of lines, path data of the dashed rings, and the sheet's size."""

    width: float
    height: float
    signs: list[Placed]
    lines: list[str] = field(default_factory=list)
    rings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ties:
    """Who is whose parent and partner, by person id."""

    parents: Mapping[str, frozenset[str]]
    couples: tuple[tuple[str, str], ...]
    broods: tuple[frozenset[str], ...]
    """Brothers and sisters whose parents are not on the sheet."""


def ties_of(household: HouseholdFacts, book: RuleBook) -> Ties:
    """The ties that are sure, read from 続柄 and named parents."""
    members = household.members
    parents = {
        child.id: frozenset(parent.id for parent in members if parent_of(parent, child, household, book) is Truth.YES)
        for child in members
    }
    couples = tuple(
        (one.id, other.id)
        for n, one in enumerate(members)
        for other in members[n + 1 :]
        if partners(one, other, book) is Truth.YES
    )
    broods = tuple(
        frozenset({one.id, other.id})
        for n, one in enumerate(members)
        for other in members[n + 1 :]
        if not parents[one.id] and not parents[other.id] and siblings(one, other, household, book) is Truth.YES
    )
    return Ties(parents, couples, broods)


def draw(people: Sequence[Person], ties: Ties) -> Picture:
    """Place everybody: parents above children, couples side by side, those who live together to the left."""
    levels = _levels(people, ties)
    rows = [
        _ordered([person for person in people if levels[person.id] == level], ties)
        for level in sorted(set(levels.values()))
    ]
    widest = max((len(row) for row in rows), default=1)
    signs: dict[str, Placed] = {}
    for n, row in enumerate(rows):
        indent = (widest - len(row)) * STEP_X / 2 if all(person.here for person in people) else 0
        for m, person in enumerate(row):
            signs[person.id] = Placed(person, _MARGIN_X + indent + m * STEP_X, _MARGIN_Y + n * STEP_Y)
    picture = Picture(
        width=2 * _MARGIN_X + (widest - 1) * STEP_X,
        height=2 * _MARGIN_Y + (max(len(rows), 1) - 1) * STEP_Y,
        signs=list(signs.values()),
    )
    picture.lines = _lines(signs, ties)
    picture.rings = _rings(list(signs.values()))
    return picture


def _levels(people: Iterable[Person], ties: Ties) -> dict[str, int]:
    """Rows from above: below all parents, beside partners, brothers and sisters."""
    level = {person.id: 0 for person in people}
    beside = [*ties.couples, *(tuple(brood) for brood in ties.broods)]
    for _ in range(2 * len(level) + 1):
        before = dict(level)
        for child, parents in ties.parents.items():
            if parents and child in level:
                level[child] = max(level[child], 1 + max(level[parent] for parent in parents))
        for group in beside:
            lowest = max(level[one] for one in group)
            for one in group:
                level[one] = lowest
        if level == before:
            break
    return level


def _ordered(row: list[Person], ties: Ties) -> list[Person]:
    """Couples stay together; a pair of which somebody lives here comes first."""
    left = sorted(row, key=lambda person: (not person.here, person.id))
    by_id = {person.id: person for person in row}
    ordered: list[Person] = []
    while left:
        person = left.pop(0)
        ordered.append(person)
        for one, other in ties.couples:
            mate = other if one == person.id else one if other == person.id else None
            if mate in by_id and by_id[mate] in left:
                left.remove(by_id[mate])
                # whoever lives elsewhere stands on the outside
                ordered.append(by_id[mate])
    return ordered


def _lines(signs: Mapping[str, Placed], ties: Ties) -> list[str]:
    lines = []
    for one, other in ties.couples:
        a, b = sorted((signs[one], signs[other]), key=lambda placed: placed.x)
        lines.append(f"M{a.x + RADIUS:g} {a.y:g}H{b.x - RADIUS:g}")
    families: dict[frozenset[str], list[Placed]] = {}
    for child, parents in ties.parents.items():
        if parents:
            families.setdefault(parents, []).append(signs[child])
    for n, (parents, children) in enumerate(families.items()):
        lines += _family([signs[parent] for parent in sorted(parents)], children, n)
    for brood in ties.broods:
        ends = sorted((signs[one] for one in brood), key=lambda placed: placed.x)
        top = min(placed.y for placed in ends) - RADIUS - 12
        path = "".join(f"M{placed.x:g} {placed.y - RADIUS:g}V{top:g}" for placed in ends)
        lines.append(f"{path}M{ends[0].x:g} {top:g}H{ends[-1].x:g}")
    return lines


def _family(parents: list[Placed], children: list[Placed], n: int) -> list[str]:
    """From the middle of the couple (or the one parent) down to the children's bar."""
    start_x = sum(parent.x for parent in parents) / len(parents)
    start_y = max(parent.y for parent in parents) + (0 if len(parents) > 1 else RADIUS)
    bar = min(child.y for child in children) - RADIUS - 14 - 5 * (n % 3)
    ends = [child.x for child in children]
    lines = [f"M{start_x:g} {start_y:g}V{bar:g}"]
    lines.append(f"M{min([start_x, *ends]):g} {bar:g}H{max([start_x, *ends]):g}")
    lines += [f"M{child.x:g} {bar:g}V{child.y - RADIUS:g}" for child in children]
    return lines


def _rings(signs: list[Placed]) -> list[str]:
    """One dashed line round all who live together; one each, when it would take in somebody who does not."""
    inside = [placed for placed in signs if placed.person.here]
    outside = [placed for placed in signs if not placed.person.here]
    if not inside:
        return []
    ring = _hull([corner for placed in inside for corner in _circle(placed)])
    if any(_contains(ring, corner) for placed in outside for corner in [(placed.x, placed.y)]):
        return [_path(_circle(placed)) for placed in inside]
    return [_path(ring)]


def _circle(placed: Placed) -> list[Point]:
    turns = [2 * pi * n / _CORNERS for n in range(_CORNERS)]
    return [(placed.x + _RING * cos(turn), placed.y + _RING * sin(turn)) for turn in turns]


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _cross(origin: Point, a: Point, b: Point) -> float:
    return (a[0] - origin[0]) * (b[1] - origin[1]) - (a[1] - origin[1]) * (b[0] - origin[0])


def _hull(points: list[Point]) -> list[Point]:
    """The convex hull, by Andrew's monotone chain."""
    ordered = sorted(set(points))

    def half(sequence: Iterable[Point]) -> list[Point]:
        chain: list[Point] = []
        for point in sequence:
            while len(chain) > 1 and _cross(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    return half(ordered) + half(reversed(ordered))


def _contains(hull: Sequence[Point], point: Point) -> bool:
    return all(_cross(a, b, point) > 0 for a, b in pairwise([*hull, hull[0]]))
