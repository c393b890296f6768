"""Types of families: 8050 and what comes after it, single parents; match, possible, no, and the edges."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.rules.facts import MemberFacts
from services.intake.rules.kleene import Truth
from services.intake.tests.rule_facts import codes_of, home, outcome, person, results, verdict

YES, NO = Truth.YES, Truth.NO


@pytest.mark.parametrize(
    ("parent", "child", "strict", "broad", "tags"),
    [
        ("S17.3.3", "S45.3.3", "match", "match", {"8050"}),
        ("1946-06-18", "1976-06-18", "match", "match", {"8050"}),
        ("1946-06-19", "1976-06-18", "no", "match", {"7040"}),
        ("1946-06-18", "1976-06-19", "no", "match", {"8050"}),
        ("1936-06-19", "1966-06-19", "match", "match", {"8050"}),
        ("1936-06-18", "1966-06-19", "no", "match", {"9060"}),
        ("1936-06-19", "1966-06-18", "no", "match", {"8050"}),
        ("1956-06-18", "1986-06-18", "no", "match", {"7040"}),
        ("1956-06-19", "1986-06-18", "no", "no", set()),
        ("1956-06-18", "1986-06-19", "no", "no", set()),
        ("S17.3.3", "53くらい", "possible", "match", {"8050"}),
        ("S17.3.3", "56", "match", "match", {"8050"}),
        ("80代", "不明", "possible", "possible", set()),
        ("不明", "不明", "possible", "possible", set()),
        ("不明", "30歳", "no", "no", set()),
    ],
)
def test_8050_by_ages(parent: str, child: str, strict: str, broad: str, tags: set[str]) -> None:
    found = results(home(person("mother", parent), person("eldest_son", child, work="not_working")))
    assert (found["T8050"].verdict, found["T8050W"].verdict) == (strict, broad)
    assert found["T8050W"].tags == tags


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"work": "not_working"}, "match"),
        ({"work": "job_seeking"}, "match"),
        ({"work": "unable_to_work"}, "match"),
        ({"work": "employed"}, "no"),
        ({"work": "not_working", "studies": YES}, "no"),
        ({"work": "student"}, "no"),
        ({"work": "welfare_work"}, "possible"),
        ({"work": "pensioner"}, "possible"),
        ({"work": "unknown"}, "possible"),
        ({"work": "a word the ward has added"}, "possible"),
        ({"work": "not_working", "here": "no"}, "no"),
        ({"work": "not_working", "here": "unknown"}, "possible"),
        ({"work": "not_working", "here": "hospital_or_facility"}, "no"),
        ({"work": "not_working", "left": "moved_away"}, "no"),
    ],
)
def test_8050_by_work_and_home(more: dict[str, Any], expected: str) -> None:
    assert verdict("T8050", person("mother", "S17.3.3"), person("eldest_son", "S45.3.3", **more)) == expected


def test_a_pensioner_of_sixty_is_not_out_of_work() -> None:
    assert verdict("T8050W", person("mother", "91"), person("child", "S40.1.1", work="pensioner")) == "no"


def test_the_reasons_of_8050_name_people_and_what_is_open() -> None:
    found = results(home(person("mother", "S18.3.3"), person("eldest_son", "53くらい", work="not_working")))["T8050"]
    assert codes_of(found) == {"parent_yes", "age_between_yes", "age_unknown", "lives_there_yes", "idle_yes"}
    (question,) = found.questions
    assert (question.code, question.members, question.values["age"]) == ("age_unknown", ("eldest_son",), 53)
    assert found.version == "1.0/2026-04"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"work": "pensioner", "talks_outside_family": NO}, "match"),
        ({"work": "not_working", "own_pension": NO}, "match"),
        ({"work": "pensioner", "talks_outside_family": YES, "own_pension": YES}, "no"),
        ({"work": "pensioner"}, "possible"),
        ({"work": "employed", "own_pension": NO}, "no"),
    ],
)
def test_9060(more: dict[str, Any], expected: str) -> None:
    assert verdict("T9060", person("mother", "S10.3.3"), person("eldest_son", "S36.3.3", **more)) == expected


@pytest.mark.parametrize(
    ("parent", "expected", "tag"),
    [
        (person("mother", "S12.3.3", left="died"), "match", "parent_died"),
        (person("mother", "S12.3.3", left="facility"), "match", "parent_away"),
        (person("mother", "S12.3.3", here="hospital_or_facility"), "match", "parent_away"),
        (person("mother", "S12.3.3", here="yes"), "no", ""),
        (person("mother", "S12.3.3", left="moved_away"), "no", ""),
        (person("mother", "S40.3.3", left="died"), "no", ""),
    ],
)
def test_the_child_who_remains(parent: MemberFacts, expected: str, tag: str) -> None:
    found = results(home(parent, person("self", "S45.1.1", work="not_working")))["T8050A"]
    assert found.verdict == expected
    assert found.tags == ({tag} if tag else set())


def test_with_another_parent_at_home_the_child_is_not_left_behind() -> None:
    people = (
        person("mother", "S12.3.3", left="died"),
        person("father", "S12.3.3"),
        person("self", "S45.1.1", work="not_working"),
    )
    assert verdict("T8050A", *people) == "no"
    assert verdict("T8050W", *people) == "match"


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ((person("self", "38"), person("eldest_son", "12"), person("eldest_daughter", "9")), "match"),
        ((person("self", "38"), person("eldest_son", "2006-06-19", marital="never_married")), "match"),
        ((person("self", "38"), person("eldest_son", "2006-06-19")), "possible"),
        ((person("self", "38"), person("eldest_son", "2006-06-19", marital="married")), "no"),
        ((person("self", "40"), person("eldest_son", "2006-06-18")), "no"),
        ((person("self", "38"), person("husband", "40"), person("eldest_son", "12")), "no"),
        ((person("self", "38"), person("husband", "40", here="no"), person("eldest_son", "12")), "match"),
        ((person("self", "38"), person("husband", "40", here="unknown"), person("eldest_son", "12")), "possible"),
        ((person("mother", "38"), person("eldest_son", "12")), "match"),
        ((person("father", "38"), person("mother", "38"), person("eldest_son", "12")), "no"),
        ((person("self", "38", marital="separated"), person("eldest_son", "12")), "possible"),
        ((person("self", "38", marital="divorcing"), person("eldest_son", "12")), "possible"),
        ((person("self", "38", marital="married"), person("eldest_son", "12")), "possible"),
        ((person("self", "38", marital="divorced"), person("eldest_son", "12")), "match"),
        ((person("self", "38"), person("unknown", "40"), person("eldest_son", "12")), "possible"),
        ((person("self", "38"), person("lodger", "40"), person("eldest_son", "12")), "match"),
        ((person("self", "38"), person("eldest_son", "12", here="no")), "no"),
        ((person("self", "38"), person("eldest_son", "不明")), "possible"),
        ((person("self", "38"),), "no"),
    ],
)
def test_single_parents(people: tuple[MemberFacts, ...], expected: str) -> None:
    assert verdict("TSP20", *people) == expected


def test_grandparents_around_a_single_parent() -> None:
    found = results(home(person("self", "38"), person("mother", "66"), person("eldest_son", "12")))["TSP20"]
    assert outcome(found) == ("match", {"with_kin"})
    raised = results(home(person("self", "66"), person("grandchild", "12")))["TSP20"]
    assert outcome(raised) == ("possible", {"grandparent"})
    assert verdict("TSP20", person("grandmother", "66"), person("grandchild", "12")) == "possible"
