"""From findings to results: match, possible or no, with rule version and reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.intake.rules.facts import HouseholdFacts
from services.intake.rules.kinship import gap_range
from services.intake.rules.kleene import Truth
from services.intake.rules.reasons import Mark, Reason
from services.intake.rules.rulebook import RuleBook
from services.intake.rules.types import caring, families, homes
from services.intake.rules.types.findings import Finding
from services.intake.rules.types.people import Question

Verdict = Literal["match", "possible", "no"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A type's code, the version of its predicate, and the predicate."""

    code: str
    version: str
    find: Callable[[Question], Finding]


RULES: tuple[Rule, ...] = (
    Rule("T8050", "1.0", families.find_8050),
    Rule("T8050W", "1.0", families.find_8050_broad),
    Rule("T9060", "1.0", families.find_9060),
    Rule("T8050A", "1.0", families.find_8050_after),
    Rule("TDEM1", "1.0", caring.find_dementia_alone),
    Rule("TSP20", "1.0", families.find_single_parent),
    Rule("TYC", "1.0", caring.find_young_carer),
    Rule("TDC", "1.0", caring.find_double_care),
    Rule("TRORO", "1.0", caring.find_old_for_old),
    Rule("THIKI", "1.0", homes.find_withdrawn),
    Rule("TGOMI", "1.0", homes.find_hoarding),
    Rule("TOYANAKI", "1.0", caring.find_after_parents),
    Rule("TPOOR", "1.0", homes.find_poverty),
    Rule("TISO", "1.0", homes.find_isolation),
    Rule("TABUSE", "1.0", homes.find_abuse),
    Rule("TTRUNC", "1.0", homes.find_treatment_broken),
    Rule("TMULTI", "1.0", homes.find_many_agencies),
    Rule("TSIBCARE", "1.0", caring.find_sibling_care),
)
_DATA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class TypeResult:
    """What one rule says of one household on one day.

    ``version``: predicate and thresholds, such as ``1.0/2026-04``. ``reasons``: ✓ first, then ≈, ?, –.
    """

    code: str
    verdict: Verdict
    version: str
    reasons: tuple[Reason, ...] = ()
    tags: frozenset[str] = frozenset()

    @property
    def questions(self) -> tuple[Reason, ...]:
        """確認したいこと: what would decide it."""
        return tuple(reason for reason in self.reasons if reason.mark is Mark.OPEN)


def find_types(household: HouseholdFacts, on: date, book: RuleBook) -> tuple[TypeResult, ...]:
    """Every type's result on the day ``on``, in the order of ``RULES``, then those written as data."""
    ask = Question(household, on, book, book.parameters(on))
    results = [_result(rule.code, rule.version, rule.find(ask), ask) for rule in RULES]
    found = {result.code: _as_truth(result) for result in results}
    others = [_result(code, _DATA_VERSION, homes.find_by_signs(ask, code, found), ask) for code in book.other_types]
    return (*results, *others)


def find_type(code: str, household: HouseholdFacts, on: date, book: RuleBook) -> TypeResult:
    """One type's result. Raises KeyError for a code that has no rule."""
    for result in find_types(household, on, book):
        if result.code == code:
            return result
    raise KeyError(code)


def open_questions(results: Iterable[TypeResult]) -> tuple[Reason, ...]:
    """確認したいこと of a household: the questions of what is possible, each once."""
    return tuple(dict.fromkeys(reason for r in results if r.verdict == "possible" for reason in r.questions))


def _result(code: str, version: str, finding: Finding, ask: Question) -> TypeResult:
    reasons = list(finding.reasons)
    verdict: Verdict = "no"
    if finding.truth is Truth.YES:
        verdict = "possible" if ask.household.incomplete else "match"
    elif finding.truth is Truth.UNKNOWN:
        verdict = "possible" if finding.anchored else "no"
        if verdict == "no":
            reasons.append(Reason(Mark.AGAINST, "nothing_points_there"))
    if verdict == "possible" and ask.household.incomplete:
        reasons.append(Reason(Mark.OPEN, "household_incomplete"))
    order = list(Mark)
    reasons.sort(key=lambda reason: order.index(reason.mark))
    tags = frozenset() if verdict == "no" else finding.tags
    return TypeResult(code, verdict, f"{version}/{ask.limits.version}", tuple(reasons), tags)


def _as_truth(result: TypeResult) -> Truth:
    return {"match": Truth.YES, "possible": Truth.UNKNOWN, "no": Truth.NO}[result.verdict]


def warn_about(household: HouseholdFacts, on: date, book: RuleBook) -> tuple[Reason, ...]:
    """What looks like a slip: a parent less than 15 or more than 60 years older than the child.

    Only when no day within the known intervals would fit.
    """
    limits = book.parameters(on)
    ask = Question(household, on, book, limits)
    warnings = []
    for parent, child in ask.pairs():
        if ask.parent(parent, child) is not Truth.YES or not (parent.birth.known and child.birth.known):
            continue
        least, most = gap_range(parent, child)
        if most < limits.parent_gap_from or least > limits.parent_gap_to:
            gap = max(most, 0) if most < limits.parent_gap_from else least
            values = {"gap": gap, "low": limits.parent_gap_from, "high": limits.parent_gap_to}
            warnings.append(Reason(Mark.OPEN, "parent_gap", (parent.id, child.id), values))
    return tuple(warnings)
