"""Who is whose parent and partner, worked out from 続柄 as people tell it.

続柄 name everybody's place toward one person (本人, 世帯主). When that person is not among the members ("母" and
"長男"), they name each other. Parents-in-law and adoptive parents (義父母, 養親) count as parents here.
"""

from __future__ import annotations

from services.intake.rules.facts import HouseholdFacts, MemberFacts
from services.intake.rules.kleene import UNKNOWN, Truth, truth
from services.intake.rules.rulebook import Kin, RuleBook

_VAGUE = frozenset({"unknown", "other"})
_CHILDREN_OF_PARENT = {"own": frozenset({"own", "sibling", "partner"}), "partner": frozenset({"own", "partner"})}
_LEAST_PARENT_GAP, _MOST_PARENT_GAP = 12, 75


def has_reference(household: HouseholdFacts, book: RuleBook) -> bool:
    """Whether the person to whom the 続柄 refer (本人, 世帯主) is among the members."""
    return any(book.kin(m.relation) == Kin(0, "own") for m in household.members)


def parent_of(parent: MemberFacts, child: MemberFacts, household: HouseholdFacts, book: RuleBook) -> Truth:
    """Whether ``parent`` stands in a parent's role toward ``child``."""
    if parent.id == child.id or parent.id in child.parents:
        return truth(parent.id in child.parents)
    if child.id in parent.parents:
        return Truth.NO
    elder, younger = book.kin(parent.relation), book.kin(child.relation)
    if "none" in (elder.line, younger.line):
        return Truth.NO
    if elder.line in _VAGUE or younger.line in _VAGUE:
        return _by_age(parent, child)
    if "side" in (elder.line, younger.line):
        return _by_age(parent, child) if {elder.line, younger.line} <= {"side", "sibling"} else Truth.NO
    return _by_generation(elder, younger, household, book)


def _by_age(parent: MemberFacts, child: MemberFacts) -> Truth:
    """Nothing in the 続柄 decides: ages may rule it out, never prove it."""
    youngest, oldest = gap_range(parent, child)
    return Truth.UNKNOWN if youngest <= _MOST_PARENT_GAP and oldest >= _LEAST_PARENT_GAP else Truth.NO


def gap_range(parent: MemberFacts, child: MemberFacts) -> tuple[int, int]:
    """How many years older ``parent`` may be: least and most, negative when younger."""
    least = (child.birth.earliest - parent.birth.latest).days // 365
    most = -(-(child.birth.latest - parent.birth.earliest).days // 365)
    return least, most


def _by_generation(elder: Kin, younger: Kin, household: HouseholdFacts, book: RuleBook) -> Truth:
    if elder.generation is UNKNOWN or younger.generation is UNKNOWN:
        return Truth.UNKNOWN
    distance = younger.generation - elder.generation
    if distance == 2 and elder.generation == -1 and not has_reference(household, book):  # noqa: PLR2004 - two generations
        return truth(younger.line != "foster")
    if distance != 1:
        return Truth.NO
    if elder.generation > 0:
        return _of_grandchild(household, book)
    if elder.generation == -1:
        return truth(younger.line in _CHILDREN_OF_PARENT.get(elder.line, frozenset()))
    return truth(elder.line in {"own", "partner"})


def _of_grandchild(household: HouseholdFacts, book: RuleBook) -> Truth:
    """Whose child the grandchild is: sure only when there is one child (and perhaps that child's partner)."""
    own = sum(book.kin(m.relation) == Kin(1, "own") for m in household.members)
    return Truth.YES if own <= 1 else Truth.UNKNOWN


def grandparent_of(elder: MemberFacts, child: MemberFacts, household: HouseholdFacts, book: RuleBook) -> bool:
    """Whether the 続柄 say grandparent and grandchild."""
    older, younger = book.kin(elder.relation), book.kin(child.relation)
    if older.generation is UNKNOWN or younger.generation is UNKNOWN or older.line not in {"own", "partner"}:
        return False
    distance = younger.generation - older.generation
    whole = 2 if has_reference(household, book) or older.generation >= 0 else 4
    return distance == whole or (older.generation, younger.generation) == (-2, 0)


def partners(one: MemberFacts, other: MemberFacts, book: RuleBook) -> Truth:
    """Whether the two are a couple."""
    if one.id == other.id:
        return Truth.NO
    a, b = book.kin(one.relation), book.kin(other.relation)
    if "unknown" in (a.line, b.line):
        return Truth.UNKNOWN
    if a.generation != b.generation:
        return Truth.NO
    lines = {a.line, b.line}
    if a.generation == 0:
        return truth(lines == {"own", "partner"} or (a.line == b.line == "partner" and one.relation != other.relation))
    if a.generation in {-1, -2}:
        return truth(len(lines) == 1 and one.relation != other.relation)
    return truth(lines == {"own", "partner"})


def siblings(one: MemberFacts, other: MemberFacts, household: HouseholdFacts, book: RuleBook) -> Truth:
    """Whether the two are brothers or sisters."""
    if one.id == other.id:
        return Truth.NO
    if one.parents & other.parents:
        return Truth.YES
    a, b = book.kin(one.relation), book.kin(other.relation)
    if a.line in _VAGUE or b.line in _VAGUE:
        return Truth.UNKNOWN
    if a.generation != b.generation or a.generation is UNKNOWN:
        return Truth.NO
    lines = {a.line, b.line}
    if a.generation == 0:
        return truth("sibling" in lines and lines <= {"own", "sibling"})
    return truth(a.generation == 1 and lines == {"own"} and len(household.members) > 1)
