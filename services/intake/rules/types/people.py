"""Conditions about people that several types ask for: age, where they live, work, need of care, being alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.intake.rules.birth import OLDEST_AGE, age_between, shown_age
from services.intake.rules.facts import HouseholdFacts, MemberFacts, has_disability, lives_there
from services.intake.rules.kinship import parent_of, partners
from services.intake.rules.kleene import UNKNOWN, Truth, every, negate, some, truth
from services.intake.rules.reasons import Mark
from services.intake.rules.rulebook import RuleBook, TypeParameters
from services.intake.rules.types.findings import Finding, condition

NEEDS_SUPPORT, NEEDS_CARE = 1, 2


@dataclass(frozen=True, slots=True)
class Question:
    """What a type's rule is asked about: one household on one day, by one rule book."""

    household: HouseholdFacts
    on: date
    book: RuleBook
    limits: TypeParameters

    @property
    def members(self) -> tuple[MemberFacts, ...]:
        """Everybody who belongs to the household now."""
        return self.household.present

    def others(self, *without: MemberFacts) -> tuple[MemberFacts, ...]:
        """Everybody else."""
        ids = {member.id for member in without}
        return tuple(member for member in self.members if member.id not in ids)

    def pairs(self) -> Iterator[tuple[MemberFacts, MemberFacts]]:
        """Every ordered pair of two people."""
        for one in self.members:
            for other in self.others(one):
                yield one, other

    def parent(self, parent: MemberFacts, child: MemberFacts) -> Truth:
        """Whether one is in a parent's role toward the other."""
        return parent_of(parent, child, self.household, self.book)

    def couple(self, one: MemberFacts, other: MemberFacts) -> Truth:
        """Whether the two are a couple."""
        return partners(one, other, self.book)

    def aged(self, member: MemberFacts, low: int, high: int = OLDEST_AGE) -> Truth:
        """Whether the age is between the two, both included."""
        return age_between(member.birth, low, high, self.on)

    def need(self, member: MemberFacts, level: int) -> Truth:
        """Whether the care level is at least ``level`` (1 要支援, 2 要介護)."""
        grade = self.book.care_need.get(member.care_level)
        return Truth.UNKNOWN if grade is None else truth(grade >= level)

    def dementia(self, member: MemberFacts) -> Truth:
        """認知症: diagnosed, or 自立度 IIa and worse; 疑い and 自立度 I are not known yet."""
        grade = self.book.dementia_grade.get(member.dementia_level)
        if member.dementia_diagnosis == "yes" or (grade is not None and grade >= self.limits.dementia_grade_from):
            return Truth.YES
        if grade == 1 or member.dementia_diagnosis in {"suspected", "unknown"}:
            return Truth.UNKNOWN
        return Truth.NO

    def needs_help(self, member: MemberFacts) -> Truth:
        """Whether the person needs somebody's care or attention: 要支援+, dementia, disability, or a small child."""
        small = self.aged(member, 0, self.limits.small_child_below - 1)
        return some((self.need(member, NEEDS_SUPPORT), self.dementia(member), has_disability(member), small))

    def idle(self, member: MemberFacts) -> tuple[Truth, Mark]:
        """``not_working(c)`` and how to say *unknown*: near for 福祉的就労 and the like, open when nobody has said."""
        meaning = self.book.not_working.get(member.work)
        if member.studies is Truth.YES or meaning == "no":
            return Truth.NO, Mark.OPEN
        if meaning == "yes":
            return Truth.YES, Mark.OPEN
        if meaning == "retired":
            old = self.aged(member, self.limits.retired_from)
            return (Truth.NO, Mark.OPEN) if old is Truth.YES else (Truth.UNKNOWN, Mark.NEAR)
        return Truth.UNKNOWN, Mark.NEAR if meaning == "near" else Mark.OPEN


def age_finding(
    ask: Question, member: MemberFacts, low: int, high: int = OLDEST_AGE, *, anchor: bool = False
) -> Finding:
    """Age between ``low`` and ``high``; a doubtful one asks for the date of birth."""
    value = ask.aged(member, low, high)
    age = shown_age(member.birth, ask.on)
    if age is None:
        return condition(value, "age_missing", member.id, low=low)
    form = "age_from" if high == OLDEST_AGE else "age_between"
    if value is Truth.UNKNOWN:
        form = "age"
    about = "about" if member.birth.estimated else ""
    code = f"{form}_{about}" if about and value is not Truth.UNKNOWN else form
    return condition(value, code, member.id, age=age, low=low, high=high, anchor=anchor)


def home_finding(member: MemberFacts) -> Finding:
    """Lives there."""
    return condition(lives_there(member), "lives_there", member.id)


def parent_finding(ask: Question, parent: MemberFacts, child: MemberFacts) -> Finding:
    """Parent and child; knowing it is a sign, because everybody asks about families."""
    return condition(ask.parent(parent, child), "parent", parent.id, child.id, anchor=True)


def idle_finding(ask: Question, member: MemberFacts) -> Finding:
    """Does not work."""
    value, unknown = ask.idle(member)
    return condition(value, "idle", member.id, work=member.work, unknown=unknown)


def alone_finding(ask: Question, member: MemberFacts) -> Finding:
    """Lives there and nobody else does."""
    others = some(lives_there(other) for other in ask.others(member))
    alone = every((lives_there(member), negate(others)))
    if alone is Truth.YES and ask.household.registry_split:
        alone = Truth.UNKNOWN
    return condition(alone, "alone", member.id)


def cares_for(carer: MemberFacts, cared: MemberFacts) -> Truth:
    """Whether one looks after the other."""
    if carer.cares_for is UNKNOWN:
        return Truth.UNKNOWN
    return truth(cared.id in carer.cares_for)
