"""The members of a household as the family picture wants them: rows by generation, worked out from the ties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.queries.facts import birth_of
from services.intake.rules.birth import shown_age
from services.intake.rules.kinship import has_reference, parent_of, partners, siblings
from services.intake.rules.kleene import Truth
from services.intake.rules.rulebook import Kin
from shared import clock
from shared.genogram import Line, Person, Picture, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from uuid import UUID

    from services.intake.rules.facts import HouseholdFacts
    from services.intake.rules.rulebook import RuleBook
    from services.intake.tables import Member

_LINES: dict[str, Line] = {"own": "own", "partner": "partner", "sibling": "sibling", "foster": "foster"}


def generations_of(household: HouseholdFacts, book: RuleBook) -> dict[str, int]:
    """Each member's row: 0 for the person in question, -1 for parents, 1 for children.

    When nobody is the person in question (「母」と「長男」), the eldest generation is the parents'.
    """
    members = household.members
    level = {member.id: 0 for member in members}
    pairs = [(one, other) for n, one in enumerate(members) for other in members[n + 1 :]]
    beside = [
        (one.id, other.id)
        for one, other in pairs
        if partners(one, other, book) is Truth.YES or siblings(one, other, household, book) is Truth.YES
    ]
    descent = [
        (one.id, other.id)
        for one in members
        for other in members
        if one.id != other.id and parent_of(one, other, household, book) is Truth.YES
    ]
    for _ in members:
        for parent, child in descent:
            level[child] = max(level[child], level[parent] + 1)
        for one, other in beside:
            level[one] = level[other] = max(level[one], level[other])
    if has_reference(household, book):
        centre = next(level[m.id] for m in members if book.kin(m.relation) == Kin(0, "own"))
    else:
        centre = 1 if len(set(level.values())) > 1 else 0
    return {member: row - centre for member, row in level.items()}


def family_picture(
    members: Sequence[Member],
    facts: HouseholdFacts,
    book: RuleBook,
    *,
    guarded: Collection[UUID] = (),
    called: Callable[[Member], str],
) -> Picture:
    """The picture of the members. ``guarded``: who is protected; ``called``: the short name in the sign."""
    rows, today = generations_of(facts, book), clock.today()
    people = []
    for member in members:
        age = shown_age(birth_of(member), today)
        sex = member.sex if member.sex in {"male", "female"} else _SEX_OF.get(member.relation, "unknown")
        people.append(
            Person(
                key=str(member.id),
                name=called(member),
                age="" if age is None else f"{age}{'?' if member.birth_estimated else ''}",
                generation=rows[str(member.id)],
                line=_LINES.get(book.kin(member.relation).line, "other"),
                gender="male" if sex == "male" else "female" if sex == "female" else "unknown",
                together=member.coresident == "yes" and member.left_reason == "none",
                centre=book.kin(member.relation) == Kin(0, "own"),
                dead=member.left_reason == "died",
                guarded=member.id in guarded,
            )
        )
    return draw(people)


_SEX_OF = dict.fromkeys(
    ("wife", "mother", "mother_in_law", "eldest_daughter", "second_daughter", "third_daughter", "daughter",
     "son_wife", "sister", "grandmother"),
    "female",
) | dict.fromkeys(
    ("husband", "father", "father_in_law", "eldest_son", "second_son", "third_son", "son", "daughter_husband",
     "brother", "grandfather"),
    "male",
)  # fmt: skip
"""A 続柄 that says the sex, while nobody has asked."""
