"""What the ward may change without a programmer: thresholds of the types and the meaning of codes.

A :class:`RuleBook` is made from the code lists (``services/intake/codes``, editable in the ``code`` table): their
``attributes`` say which generation a 続柄 belongs to, which WORK counts as not working, which flag means abuse. The
list TYPE_RULE holds dated sets of thresholds; what a set leaves out is as in :class:`TypeParameters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Protocol

from services.intake.rules.kleene import UNKNOWN, Unknown
from services.intake.rules.urgent_words import UrgentWord, words_from


class Entry(Protocol):
    """One entry of a code list, such as ``shared.codes.CodeEntry``."""

    @property
    def attributes(self) -> dict[str, Any]:
        """What the entry means to the rules."""
        ...


class CodeLists(Protocol):
    """All code lists by name, such as ``shared.codes.Codes``."""

    def __getitem__(self, name: str, /) -> Mapping[str, Entry]:
        """The entries of one list by code."""
        ...

    def __contains__(self, name: str, /) -> bool:
        """Whether there is such a list."""
        ...


@dataclass(frozen=True, slots=True)
class Kin:
    """Where a 続柄 stands: generation (-1 parents, 0 self, 1 children; UNKNOWN when it says nothing) and line.

    ``line``: own, partner (of somebody of the own line), sibling, side, foster, other, none (not related), unknown.
    """

    generation: int | Unknown = UNKNOWN
    line: str = "unknown"


@dataclass(frozen=True, slots=True)
class TypeParameters:
    """Thresholds of the household types, with the day from which they hold. Ages are display years, both ends included.

    The ward's plan (中野区 2023-01) counts 1,500, 4,000 and 1,100 households and gives no definitions: these are ours
    and are shown beside every result.
    """

    version: str = "2026-04"
    valid_from: date = date(2026, 4, 1)
    strict_parent_from: int = 80
    strict_parent_to: int = 89
    strict_child_from: int = 50
    strict_child_to: int = 59
    broad_parent_from: int = 70
    broad_child_from: int = 40
    ninety_parent_from: int = 90
    ninety_child_from: int = 60
    retired_from: int = 60
    elder_from: int = 65
    dementia_grade_from: int = 2
    """Of DEMENTIA_LEVEL: 2 is IIa."""
    child_below: int = 20
    """母子父子寡婦福祉法: a child is below 20."""
    may_marry_from: int = 18
    """民法731条"""
    adult_from: int = 18
    young_carer_below: int = 18
    youth_carer_below: int = 40
    carer_hours: float = 2.0
    small_child_below: int = 12
    withdrawn_from_age: int = 15
    withdrawn_months: int = 6
    hoarding_from: int = 2
    orphan_child_from: int = 40
    orphan_carer_from: int = 75
    rent_arrears_months: int = 2
    arrears_kinds: int = 2
    silent_days: int = 30
    many_agencies: int = 3
    many_concern_groups: int = 3
    many_intake_agencies: int = 2
    parent_gap_from: int = 15
    parent_gap_to: int = 60

    def with_changes(self, version: str, attributes: Mapping[str, Any]) -> TypeParameters:
        """These thresholds with what a dated set says otherwise; a name that is no threshold is an error."""
        known = {f.name for f in fields(self)}
        strange = sorted(set(attributes) - known)
        if strange:
            msg = f"TYPE_RULE {version}: {', '.join(strange)} is no threshold"
            raise ValueError(msg)
        changes = dict(attributes)
        if "valid_from" in changes:
            changes["valid_from"] = date.fromisoformat(changes["valid_from"])
        return replace(self, version=version, **changes)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The meaning of codes and the dated thresholds. A code that is not here means *unknown*."""

    relations: Mapping[str, Kin]
    not_working: Mapping[str, str]
    """WORK → yes, no, near, retired."""
    studying: frozenset[str]
    care_need: Mapping[str, int]
    """CARE → 0 none, 1 support (要支援), 2 care (要介護)."""
    dementia_grade: Mapping[str, int]
    abuse_flags: Mapping[str, str]
    """SAFETY_FLAG → kind of abuse: child, elder, disabled, dv."""
    flag_urgency: Mapping[str, str]
    worry_urgency: Mapping[str, str]
    type_urgency: Mapping[str, str]
    concern_group: Mapping[str, str]
    other_types: Mapping[str, tuple[frozenset[str], ...]]
    """TYPE → groups; one sign of each must be there. Signs: ``concern:…``, ``dwelling:…``, ``type:…``, ``word:…``."""
    first_contact_days: Mapping[str, int]
    """URGENCY → working days."""
    screening: Mapping[str, Mapping[str, Any]]
    """SCREENING → ``ends``, ``opens_case``, ``needs``."""
    words: tuple[UrgentWord, ...] = ()
    parameter_sets: tuple[TypeParameters, ...] = field(default=(TypeParameters(),))

    def parameters(self, on: date) -> TypeParameters:
        """The newest set that is in force on ``on``; before the first one, the first."""
        in_force = [s for s in self.parameter_sets if s.valid_from <= on]
        if in_force:
            return max(in_force, key=lambda s: s.valid_from)
        return min(self.parameter_sets, key=lambda s: s.valid_from)

    def kin(self, relation: str) -> Kin:
        """Where a 続柄 stands."""
        return self.relations.get(relation, Kin())

    @classmethod
    def from_codes(cls, codes: CodeLists) -> RuleBook:
        """Read the meaning of every code. Raises KeyError when a list is missing, ValueError for strange thresholds."""
        sets = tuple(
            TypeParameters().with_changes(code, entry.attributes) for code, entry in codes["TYPE_RULE"].items()
        )
        return cls(
            relations={
                code: Kin(entry.attributes.get("generation", UNKNOWN), entry.attributes.get("line", "unknown"))
                for code, entry in codes["RELATION"].items()
            },
            not_working=_attribute(codes["WORK"], "not_working"),
            studying=frozenset(_attribute(codes["WORK"], "studies")),
            care_need={c: n for c, n in _attribute(codes["CARE"], "need").items() if isinstance(n, int)},
            dementia_grade=_attribute(codes["DEMENTIA_LEVEL"], "grade"),
            abuse_flags=_attribute(codes["SAFETY_FLAG"], "abuse"),
            flag_urgency=_attribute(codes["SAFETY_FLAG"], "urgency"),
            worry_urgency=_attribute(codes["WORRY"], "urgency"),
            type_urgency=_attribute(codes["TYPE"], "urgency"),
            concern_group=_attribute(codes["CONCERN"], "group"),
            other_types={
                code: tuple(frozenset(group) for group in groups)
                for code, groups in _attribute(codes["TYPE"], "when").items()
            },
            first_contact_days=_attribute(codes["URGENCY"], "working_days"),
            screening={code: entry.attributes for code, entry in codes["SCREENING"].items()},
            words=words_from({code: entry.attributes for code, entry in codes["URGENT_WORD"].items()}),
            parameter_sets=sets or (TypeParameters(),),
        )


def _attribute(entries: Mapping[str, Entry], name: str) -> dict[str, Any]:
    return {code: entry.attributes[name] for code, entry in entries.items() if name in entry.attributes}
