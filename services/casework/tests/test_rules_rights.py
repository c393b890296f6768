"""Levels by relation: a table written by hand from domain paper 5, with wildcards; what it does not name is denied.

``TABLE`` says what the seeded list ACCESS must give; it is expanded to every role, kind and relation there is.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.rules.rights import LETS, LEVELS, NOTHING, SHOWS, Part, Sight, reads
from shared.codes import read_codes
from shared.rights import Level, Relation, grants_for, together

TODAY = date(2026, 6, 18)
_CODES = list(read_codes(Path(__file__).parent.parent / "codes"))
ROLES = [entry.code for entry in _CODES if entry.list == "POST_ROLE"]
KINDS = [entry.code for entry in _CODES if entry.list == "AGENCY_KIND"]
LISTED = [entry for entry in _CODES if entry.list == "ACCESS"]
GRANTS = [grant for entry in LISTED if (grant := LEVELS.read(entry.attributes)) is not None]
CASES = ["caseworker", "coordinator", "manager", "outreach_lead", "outreach_worker", "agency_worker"]
"""Roles that may have cases; operator and auditor have none (access.py never asks the list for them)."""

_WORKER = "agency_worker"
_OWN_SECRECY = "seikatsu kodomo hokenjo"
_LEADING = "hokatsu shogai jiritsu sukoyaka"
_MEETS = (
    "sukoyaka hokatsu outreach jiritsu seikatsu shogai hokenjo shakyo kodomo coordination chiiki keisatsu iryo gakko"
)
TABLE: list[tuple[str, str, str, str, str]] = [
    # role(s), kind(s), relation, level, and + for who may coordinate; the first row that fits counts, else nothing
    ("*", "*", "owner", "F", "+"),
    ("caseworker", "*", "area", "F", ""),
    ("caseworker", "*", "lead", "F", "+"),
    ("caseworker", "*", "part", "T", ""),
    ("caseworker", "*", "sender", "T", ""),
    ("coordinator", "*", "assigned", "F", "+"),
    ("coordinator", "*", "part", "F", "+"),
    ("coordinator", "*", "lead", "F", "+"),
    ("coordinator", "*", "ward", "T", "+"),
    ("coordinator", "*", "area", "T", "+"),
    ("coordinator", "*", "kept", "A", "+"),
    ("manager", "*", "ward", "A", ""),
    ("manager", "*", "area", "A", ""),
    ("manager", "*", "kept", "A", ""),
    ("manager", "*", "reason", "F", "+"),
    ("outreach_lead", "*", "asked", "F", ""),
    ("outreach_lead", "*", "part", "F", ""),
    ("outreach_lead", "*", "lead", "F", "+"),
    ("outreach_worker", "*", "sent", "F", ""),
    (_WORKER, _LEADING, "lead", "F", "+"),
    (_WORKER, _LEADING, "part", "T", ""),
    (_WORKER, _OWN_SECRECY, "lead", "T", "+"),
    (_WORKER, _OWN_SECRECY, "part", "T", ""),
    (_WORKER, "shakyo", "consented", "F", ""),
    (_WORKER, "shakyo", "consented lead", "F", "+"),
    (_WORKER, "shakyo", "part", "M", ""),
    (_WORKER, "minsei", "part", "T", ""),
    (_WORKER, "minsei", "ordinance", "N", ""),
    (_WORKER, "chonai", "ordinance", "N", ""),
    (_WORKER, "iryo gakko shuro", "consented", "T", ""),
    (_WORKER, "kankyo", "part", "T", ""),
    (_WORKER, "kiki", "disaster", "N", ""),
    (f"caseworker coordinator outreach_lead {_WORKER}", _MEETS, "council", "M", ""),
    (_WORKER, "*", "sender", "S", ""),
]


def expected(role: str, kind: str, relation: str) -> tuple[str, str] | None:
    """What the table says of one cell."""
    for roles, kinds, stands, level, plus in TABLE:
        if stands == relation and (roles == "*" or role in roles.split()) and (kinds == "*" or kind in kinds.split()):
            return level, plus
    return None


def seen(role: str, kind: str, *relations: str, on: date = TODAY) -> Sight:
    return together(grants_for(GRANTS, role, kind, on), relations)


def test_every_row_of_the_list_is_understood_and_stands_in_the_table() -> None:
    assert len(GRANTS) == len(LISTED)
    told = {frozenset(stands.split()) for _, _, stands, _, _ in TABLE}
    assert {grant.relations for grant in GRANTS} == told
    assert {one for grant in GRANTS for one in grant.relations} == set(get_args(Relation))
    for grant in GRANTS:
        assert grant.kinds <= set(KINDS)
        assert grant.roles <= set(CASES)


@pytest.mark.parametrize("role", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role_kind_and_relation_has_the_level_of_the_table_and_else_nothing(role: str, kind: str) -> None:
    for relation in get_args(Relation):
        given_here, wanted = seen(role, kind, relation), expected(role, kind, relation)
        if wanted is None:
            assert given_here == NOTHING, (role, kind, relation)
            continue
        level, plus = wanted
        assert given_here.levels == {level}, (role, kind, relation)
        assert given_here.lets("coordinate") is (plus == "+"), (role, kind, relation)
        assert given_here.deeds - {"coordinate"} == LETS[level]  # type: ignore[index]


def test_two_relations_together_give_what_each_gives_and_a_pair_may_give_more() -> None:
    assert seen(_WORKER, "shakyo", "part", "lead").levels == {"M"}
    assert not seen(_WORKER, "shakyo", "part", "lead").lets("coordinate")
    agreed = seen(_WORKER, "shakyo", "part", "lead", "consented")
    assert agreed.lets("coordinate")
    assert agreed.levels == {"F", "M"}
    both = seen(_WORKER, "minsei", "part", "ordinance", "sender")
    assert both.levels == {"T", "N", "S"}
    assert both.parts == seen(_WORKER, "minsei", "part").parts | {"listed", "receipt"}


SHOWN: dict[Level, str] = {
    "F": """listed row file summary agencies asked.own asked.notes tasks.own tasks.all plan.rows plan.all meetings.named
        meetings.all entries.own entries.all visits clocks.own clocks.all timeline.own timeline.all consents linked
        print""",
    "T": """listed row file summary agencies asked.own tasks.own plan.rows meetings.named entries.own entries.all
        clocks.own clocks.all timeline.own""",
    "M": "listed file asked.own tasks.own entries.own clocks.own meetings.named",
    "N": "listed",
    "S": "receipt",
    "A": "row agencies",
}


@pytest.mark.parametrize("level", get_args(Level))
def test_each_level_shows_what_is_written_here(level: Level) -> None:
    assert SHOWS[level] == set(SHOWN[level].split())
    assert LETS[level] == ({"write", "own_task"} if level in {"F", "T", "M"} else set())


@pytest.mark.parametrize(
    ("role", "kind", "relation", "without"),
    [
        (_WORKER, "minsei", "part", "row summary agencies plan.rows entries.all clocks.all consents visits"),
        (
            _WORKER,
            "kankyo",
            "part",
            "row summary agencies plan.rows entries.all meetings.named clocks.all",
        ),
        (_WORKER, "hokatsu", "part", "asked.notes tasks.all plan.all entries.lead visits consents linked print"),
        (_WORKER, "iryo", "consented", "asked.notes tasks.all plan.all entries.lead visits consents linked print"),
        ("manager", "chiiki", "ward", "listed file summary entries.own entries.all tasks.own plan.rows consents print"),
        ("caseworker", "sukoyaka", "area", "entries.lead"),
        ("outreach_worker", "outreach", "sent", "entries.lead print"),
        ("outreach_lead", "outreach", "asked", "entries.lead print"),
        ("coordinator", "coordination", "kept", "entries.all plan.rows summary timeline.own print"),
        (
            "coordinator",
            "coordination",
            "ward",
            "asked.notes tasks.all plan.all entries.lead visits print",
        ),
    ],
)
def test_what_a_level_lacks_for_this_agency(role: str, kind: str, relation: str, without: str) -> None:
    parts = seen(role, kind, relation).parts
    assert parts
    assert parts.isdisjoint(without.split())


def test_who_coordinates_sees_the_consents_by_which_they_may_share() -> None:
    for grant in GRANTS:
        if "coordinate" in grant.deeds:  # whom somebody trusts says where they live
            assert ("consents" in grant.parts) is (grant.relations != {"kept"})


def test_entries_kept_for_owner_and_lead_are_read_by_those_who_answer_for_the_case() -> None:
    owner, area = seen("caseworker", "sukoyaka", "owner"), seen("caseworker", "sukoyaka", "area")
    assert reads(owner, "lead", own=False)
    assert not reads(area, "lead", own=False)
    assert reads(area, "lead", own=True)
    assert reads(area, "all", own=False)
    assert not reads(seen(_WORKER, "shakyo", "part"), "all", own=False)
    assert not reads(area, "a scope that nobody knows", own=False)
    assert not reads(seen("manager", "chiiki", "ward"), "all", own=True)


def test_a_grant_holds_from_its_first_to_its_last_day() -> None:
    attributes = {"relation": "part", "level": "T", "from": "2026-04-01", "until": "2027-03-31"}
    grant = LEVELS.read(attributes)
    assert grant is not None
    for day, holds in (("2026-03-31", False), ("2026-04-01", True), ("2027-03-31", True), ("2027-04-01", False)):
        found = together(grants_for([grant], _WORKER, "hokatsu", date.fromisoformat(day)), ["part"])
        assert (found != NOTHING) is holds, day
    assert seen("manager", "chiiki", "ward", on=date(2023, 3, 31)) == NOTHING


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"relation": "part"},
        {"level": "F"},
        {"relation": [], "level": "F"},
        {"relation": "friend", "level": "F"},
        {"relation": ["part", "friend"], "level": "F"},
        {"relation": "part", "level": "X"},
        {"relation": "part", "level": "F", "more": ["everything"]},
        {"relation": "part", "level": "F", "less": ["everything"]},
        {"relation": "part", "level": "F", "only": ["everything"], "less": 3},
        {"relation": "part", "level": "F", "deeds": ["delete"]},
        {"relation": "part", "level": "F", "from": "soon"},
        {"relation": "part", "level": "F", "role": [1]},
        {"relation": 7, "level": "F"},
        {"relation": "part", "level": ["F"]},
    ],
)
def test_a_row_that_is_not_understood_opens_nothing(attributes: dict[str, Any]) -> None:
    assert LEVELS.read(attributes) is None


def test_only_narrows_a_level_to_the_parts_named() -> None:
    grant = LEVELS.read({"relation": "part", "level": "F", "only": ["file", "listed"], "more": ["entries.lead"]})
    assert grant is not None
    assert grant.parts == {"file", "listed", "entries.lead"}


_RELATIONS = st.frozensets(st.sampled_from(get_args(Relation)))


@given(st.sampled_from(CASES), st.sampled_from(KINDS), _RELATIONS, _RELATIONS)
def test_a_further_relation_takes_nothing_away(
    role: str, kind: str, some: frozenset[str], more: frozenset[str]
) -> None:
    less_seen, more_seen = seen(role, kind, *some), seen(role, kind, *some, *more)
    assert less_seen.parts <= more_seen.parts
    assert less_seen.deeds <= more_seen.deeds
    assert less_seen.levels <= more_seen.levels


@given(st.sampled_from(CASES), st.sampled_from(KINDS), _RELATIONS)
def test_whoever_may_do_something_in_a_case_sees_its_page(role: str, kind: str, relations: frozenset[str]) -> None:
    found = seen(role, kind, *relations)
    assert not found.deeds or found.shows("file")
    assert not found.shows("file") or found.shows("listed")


@given(st.sampled_from(ROLES), st.sampled_from(KINDS), st.integers(-4000, 4000))
def test_nobody_sees_anything_of_a_case_to_which_they_have_no_relation(role: str, kind: str, days: int) -> None:
    assert seen(role, kind, on=TODAY + timedelta(days=days)) == NOTHING


def test_parts_are_known_by_name() -> None:
    named = set(get_args(Part))
    assert {part for parts in SHOWS.values() for part in parts} | {"entries.lead"} == named
