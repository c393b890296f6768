"""Levels by relation at intake: a table written by hand from domain paper 5; what it does not name is denied.

``TABLE`` says what the seeded list ACCESS must give; it is expanded to every role, kind and relation there is.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from services.intake.rules.rights import LEVELS, RELATIONS, SHOWS, Deed, Part
from shared.codes import read_codes
from shared.rights import Level, Relation, grants_for, together

TODAY = date(2026, 6, 18)
_HERE = Path(__file__).parents[2]
_CASEWORK = list(read_codes(_HERE / "casework" / "codes"))
KINDS = [entry.code for entry in _CASEWORK if entry.list == "AGENCY_KIND"]
LISTED = [entry for entry in read_codes(_HERE / "intake" / "codes") if entry.list == "ACCESS"]
GRANTS = [grant for entry in LISTED if (grant := LEVELS.read(entry.attributes)) is not None]
CASES = ["caseworker", "coordinator", "manager", "outreach_lead", "outreach_worker", "agency_worker"]
"""Roles that may have cases; operator and auditor have none (access.py never asks the list for them)."""

_ALL, _PARTNER, _CALLS, _CONSENT = "tell consent correct protect", "tell consent protect", "tell consent", "consent"
_WORKER = "agency_worker"
TABLE: list[tuple[str, str, str, str, str]] = [
    # role(s), kind(s), relation, level, deeds; the first row that fits counts, else nothing
    ("*", "*", "owner", "F", _ALL),
    ("caseworker", "*", "area lead", "F", _ALL),
    ("caseworker", "*", "part sender", "T", _PARTNER),
    ("coordinator", "*", "assigned part lead", "F", _ALL),
    ("coordinator", "*", "ward area", "T", _CALLS),
    ("manager", "*", "ward area", "A", ""),
    ("manager", "*", "reason", "F", _CALLS),
    ("outreach_lead", "*", "asked part lead", "F", _CONSENT),
    ("outreach_worker", "*", "sent", "F", _CONSENT),
    (_WORKER, "hokatsu shogai jiritsu sukoyaka", "lead", "F", _PARTNER),
    (_WORKER, "hokatsu shogai jiritsu sukoyaka", "part", "T", _PARTNER),
    (_WORKER, "seikatsu kodomo hokenjo", "part lead", "T", _PARTNER),
    (_WORKER, "shakyo", "consented", "F", _PARTNER),
    (_WORKER, "shakyo", "part", "M", ""),
    (_WORKER, "minsei", "part", "T", "tell protect"),
    (_WORKER, "minsei chonai", "ordinance", "N", ""),
    (_WORKER, "iryo gakko shuro", "consented", "T", _PARTNER),
    (_WORKER, "kankyo", "part", "T", "tell"),
    (_WORKER, "kiki", "disaster", "N", ""),
    (f"caseworker coordinator outreach_lead {_WORKER}", "*", "council", "M", ""),
    (_WORKER, "*", "sender", "S", "tell"),
]


def expected(role: str, kind: str, relation: str) -> tuple[set[str], set[str]]:
    """Levels and deeds by the table."""
    for roles, kinds, relations, level, deeds in TABLE:
        fits = (roles == "*" or role in roles.split()) and (kinds == "*" or kind in kinds.split())
        if fits and relation in relations.split():
            return {level}, set(deeds.split())
    return set(), set()


def test_every_row_of_the_list_is_understood() -> None:
    assert len(GRANTS) == len(LISTED)
    assert {one for grant in GRANTS for one in grant.relations} == RELATIONS
    for grant in GRANTS:
        assert grant.kinds <= set(KINDS)
        assert grant.roles <= set(CASES)


@pytest.mark.parametrize("role", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role_kind_and_relation_has_the_level_of_the_table_and_else_nothing(role: str, kind: str) -> None:
    held = grants_for(GRANTS, role, kind, TODAY)
    for relation in get_args(Relation):
        seen = together(held, [relation])
        assert (set(seen.levels), set(seen.deeds)) == expected(role, kind, relation), (role, kind, relation)


SHOWN: dict[Level, str] = {
    "F": "listed label contact told", "T": "listed label contact", "M": "label", "N": "listed label", "S": "receipt",
    "A": "listed",
}  # fmt: skip


@pytest.mark.parametrize("level", get_args(Level))
def test_each_level_shows_what_is_written_here(level: Level) -> None:
    assert SHOWS[level] == set(SHOWN[level].split())


def test_who_may_correct_sees_all_of_it() -> None:
    for grant in GRANTS:
        if "correct" in grant.deeds:
            assert grant.parts >= {"contact", "told"}
    assert LEVELS.parts == set(get_args(Part))
    assert LEVELS.deeds == set(get_args(Deed))
