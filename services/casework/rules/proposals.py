"""Which agencies to ask: a table of reasons (AGENCY_RULE, data of the ward) applied to a household. Pure.

A proposal is an idea with its reasons; a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

POSSIBLE_WEIGHT = 0.5
"""A type that is only possible counts half."""


@dataclass(frozen=True, slots=True)
class AgencyFacts:
    """An agency that could be asked. ``areas`` empty: the whole ward."""

    code: str
    kind: str
    areas: frozenset[str]
    active: bool = True


@dataclass(frozen=True, slots=True)
class AgencyRule:
    """One row of AGENCY_RULE: agencies of ``kind`` are proposed for these types, worries and safety flags."""

    code: str
    kind: str
    weight: float
    types: frozenset[str] = frozenset()
    worries: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    @classmethod
    def read(cls, code: str, attributes: Mapping[str, Any]) -> AgencyRule:
        """From the attributes of a row."""
        return cls(
            code=code,
            kind=attributes["kind"],
            weight=float(attributes.get("weight", 1)),
            types=frozenset(attributes.get("types", ())),
            worries=frozenset(attributes.get("worries", ())),
            flags=frozenset(attributes.get("flags", ())),
        )


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """What is known of a household by codes. ``types``: code → match or possible."""

    area: str | None
    types: Mapping[str, str]
    worries: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """Ask this agency, because of these rules (codes of AGENCY_RULE, the weightiest first)."""

    agency: str
    score: float
    reasons: tuple[str, ...]


def propose(
    household: HouseholdFacts,
    agencies: Iterable[AgencyFacts],
    rules: Iterable[AgencyRule],
    asked: frozenset[str] = frozenset(),
) -> list[Proposal]:
    """The agencies worth asking, best first; those asked already are left out, as are those of other areas."""
    found: dict[str, list[tuple[float, str]]] = {}
    for rule in rules:
        weight = _weight(rule, household)
        if weight:
            found.setdefault(rule.kind, []).append((weight, rule.code))
    proposals = []
    for agency in agencies:
        hits = sorted(found.get(agency.kind, ()), key=lambda hit: (-hit[0], hit[1]))
        if hits and agency.active and agency.code not in asked and _covers(agency, household.area):
            score = sum(weight for weight, _ in hits)
            proposals.append(Proposal(agency.code, score, tuple(code for _, code in hits)))
    return sorted(proposals, key=lambda p: (-p.score, p.agency))


def _weight(rule: AgencyRule, household: HouseholdFacts) -> float:
    verdicts = {household.types[code] for code in rule.types & household.types.keys()}
    if rule.worries & household.worries or rule.flags & household.flags or "match" in verdicts:
        return rule.weight
    return rule.weight * POSSIBLE_WEIGHT if "possible" in verdicts else 0


def _covers(agency: AgencyFacts, area: str | None) -> bool:
    return not agency.areas or area is None or area in agency.areas
