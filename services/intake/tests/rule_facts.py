"""Short ways to say facts in the tests of the rules, with the seed code lists as rule book."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from services.intake.rules.birth_reading import parse_birth
from services.intake.rules.facts import HouseholdFacts, MemberFacts
from services.intake.rules.rulebook import RuleBook
from services.intake.rules.types import TypeResult, find_types
from shared.codes import Codes, read_codes

ON = date(2026, 6, 18)
CODES = Codes(list(read_codes(Path(__file__).parents[1] / "codes")))
BOOK = RuleBook.from_codes(CODES)


def person(relation: str, age: str = "", **more: Any) -> MemberFacts:
    """A member called by the 続柄, of that age, living there."""
    member_id, here = more.pop("id", relation), more.pop("here", "yes")
    return MemberFacts(member_id, relation, parse_birth(age, ON), coresident=here, **more)


def home(*members: MemberFacts, **more: Any) -> HouseholdFacts:
    """A household of these."""
    return HouseholdFacts("h", members, **more)


def results(household: HouseholdFacts, on: date = ON) -> dict[str, TypeResult]:
    """Results by code."""
    return {result.code: result for result in find_types(household, on, BOOK)}


def verdict(code: str, *members: MemberFacts, **more: Any) -> str:
    """One type's verdict of a household of these members."""
    return results(home(*members, **more))[code].verdict


def codes_of(result: TypeResult) -> set[str]:
    """The codes of a result's reasons."""
    return {reason.code for reason in result.reasons}


def outcome(result: TypeResult) -> tuple[str, set[str]]:
    """A result's verdict and tags."""
    return result.verdict, set(result.tags)
