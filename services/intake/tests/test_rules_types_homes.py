"""Types of people and homes: dementia alone, withdrawal, hoarding, poverty, isolation, abuse; match, possible, no."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.intake.rules.facts import MemberFacts
from services.intake.rules.kleene import Truth
from services.intake.tests.rule_facts import home, outcome, person, results, verdict

YES, NO = Truth.YES, Truth.NO


@pytest.mark.parametrize(
    ("age", "more", "expected"),
    [
        ("S25.1.1", {"dementia_diagnosis": "yes"}, "match"),
        ("S25.1.1", {"dementia_level": "iia"}, "match"),
        ("S25.1.1", {"dementia_diagnosis": "no", "dementia_level": "m"}, "match"),
        ("S25.1.1", {"dementia_level": "i"}, "possible"),
        ("S25.1.1", {"dementia_diagnosis": "suspected"}, "possible"),
        ("S25.1.1", {}, "possible"),
        ("S25.1.1", {"dementia_diagnosis": "no"}, "no"),
        ("S25.1.1", {"dementia_diagnosis": "no", "dementia_level": "i"}, "possible"),
        ("1961-06-18", {"dementia_diagnosis": "yes"}, "match"),
        ("1961-06-19", {"dementia_diagnosis": "yes"}, "possible"),
        ("不明", {"dementia_diagnosis": "yes"}, "possible"),
        ("S25.1.1", {"dementia_diagnosis": "yes", "here": "unknown"}, "possible"),
        ("S25.1.1", {"dementia_diagnosis": "yes", "here": "hospital_or_facility"}, "no"),
    ],
)
def test_dementia_alone(age: str, more: dict[str, Any], expected: str) -> None:
    assert verdict("TDEM1", person("self", age, **more)) == expected


def test_dementia_alone_with_others_around() -> None:
    ill = person("self", "S20.1.1", dementia_diagnosis="yes")
    assert verdict("TDEM1", ill, person("child", "50", here="no")) == "match"
    assert verdict("TDEM1", ill, person("child", "50")) == "no"
    assert verdict("TDEM1", ill, person("child", "50", here="unknown")) == "possible"
    assert verdict("TDEM1", ill, incomplete=True) == "possible"
    assert verdict("TDEM1", ill, registry_split=True) == "possible"


def test_the_tags_of_dementia() -> None:
    early = results(home(person("self", "50", dementia_diagnosis="yes")))["TDEM1"]
    assert outcome(early) == ("possible", {"early_onset"})
    by_day = person("mother", "S20.1.1", dementia_diagnosis="yes", alone_by_day=YES)
    found = results(home(by_day, person("child", "50", work="employed")))["TDEM1"]
    assert outcome(found) == ("possible", {"alone_by_day"})


@pytest.mark.parametrize(
    ("more", "around", "expected"),
    [
        ({"withdrawn_months": 6, "work": "not_working", "talks_outside_family": NO}, {}, "match"),
        ({"withdrawn_months": 240, "work": "not_working"}, {}, "possible"),
        ({"withdrawn_months": 2, "work": "not_working", "talks_outside_family": NO}, {}, "possible"),
        ({"withdrawn_months": 0, "work": "not_working"}, {"worries": frozenset({"withdrawal"})}, "no"),
        ({"work": "not_working"}, {"worries": frozenset({"withdrawal"})}, "possible"),
        ({"work": "not_working"}, {"concerns": frozenset({"withdrawal"})}, "possible"),
        ({"work": "not_working"}, {}, "no"),
        ({"withdrawn_months": 12, "work": "employed"}, {}, "no"),
        ({"withdrawn_months": 12, "talks_outside_family": YES}, {}, "no"),
    ],
)
def test_withdrawal(more: dict[str, Any], around: dict[str, Any], expected: str) -> None:
    assert verdict("THIKI", person("child", "30", **more), **around) == expected


def test_a_child_is_not_withdrawn() -> None:
    assert verdict("THIKI", person("child", "10", withdrawn_months=12)) == "no"


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ({"hoarding": 2}, "match"),
        ({"hoarding": 3}, "match"),
        ({"hoarding": 1}, "no"),
        ({"hoarding": 0, "concerns": frozenset({"garbage_ordinance"})}, "match"),
        ({"concerns": frozenset({"garbage_ordinance"})}, "match"),
        ({"concerns": frozenset({"garbage"})}, "possible"),
        ({}, "no"),
    ],
)
def test_hoarding(around: dict[str, Any], expected: str) -> None:
    assert verdict("TGOMI", person("self", "70"), **around) == expected


def test_hoarding_and_refusing_help_is_self_neglect() -> None:
    assert results(home(person("self", "70", refuses_help=YES), hoarding=3))["TGOMI"].tags == {"self_neglect"}


@pytest.mark.parametrize(
    ("child", "parent", "others", "expected"),
    [
        ({"disability": frozenset({"ai_2"})}, {"cares_for": frozenset({"child"})}, (), "match"),
        ({"disability": frozenset({"ai_2"})}, {}, (), "possible"),
        ({"disability": frozenset({"suspected"})}, {"cares_for": frozenset({"child"})}, (), "possible"),
        ({"illness_suspected": YES}, {"cares_for": frozenset({"child"})}, (), "possible"),
        ({}, {"cares_for": frozenset({"child"})}, (), "no"),
        ({"disability": frozenset({"none"})}, {"cares_for": frozenset({"child"})}, (), "no"),
        (
            {"disability": frozenset({"ai_2"})},
            {"cares_for": frozenset({"child"})},
            (person("sister", "50", cares_for=frozenset({"child"})),),
            "no",
        ),
    ],
)
def test_after_the_parents(
    child: dict[str, Any], parent: dict[str, Any], others: tuple[MemberFacts, ...], expected: str
) -> None:
    people = (person("mother", "S20.1.1", **parent), person("child", "S50.1.1", **child), *others)
    assert verdict("TOYANAKI", *people) == expected


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ({"worries": frozenset({"no_food"})}, "match"),
        ({"notes": frozenset({"no_food"})}, "match"),
        ({"rent_arrears_months": 2}, "match"),
        ({"rent_arrears_months": 1}, "no"),
        ({"lifeline_stopped": YES}, "match"),
        ({"notes": frozenset({"lifeline"})}, "possible"),
        ({"told_arrears": frozenset({"tax", "rent"})}, "match"),
        ({"told_arrears": frozenset({"tax"})}, "no"),
        ({"worries": frozenset({"debt"})}, "possible"),
        ({"concerns": frozenset({"poverty"})}, "possible"),
        ({}, "no"),
    ],
)
def test_poverty(around: dict[str, Any], expected: str) -> None:
    assert verdict("TPOOR", person("self", "40"), **around) == expected


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ({"contact_person": NO, "uses_services": NO, "last_reaction": date(2026, 5, 18)}, "match"),
        ({"contact_person": NO, "uses_services": NO, "last_reaction": date(2026, 5, 19)}, "no"),
        ({"contact_person": NO}, "possible"),
        ({"contact_person": YES, "uses_services": NO}, "no"),
        ({}, "no"),
    ],
)
def test_isolation(around: dict[str, Any], expected: str) -> None:
    assert verdict("TISO", person("self", "70"), **around) == expected
    assert verdict("TISO", person("self", "70"), person("wife", "70"), **around) == "no"


@pytest.mark.parametrize(
    ("around", "expected", "tags"),
    [
        ({"safety_flags": frozenset({"abuse_elder"})}, "match", {"elder"}),
        ({"safety_flags": frozenset({"dv", "abuse_child"}), "notes": frozenset({"bruise"})}, "match", {"dv", "child"}),
        ({"safety_flags": frozenset({"violence"})}, "no", set()),
        ({"notes": frozenset({"bruise"})}, "possible", set()),
        ({"worries": frozenset({"violence"})}, "possible", set()),
        ({"concerns": frozenset({"violence"})}, "possible", set()),
        ({"notes": frozenset({"suicide"})}, "no", set()),
        ({}, "no", set()),
    ],
)
def test_abuse(around: dict[str, Any], expected: str, tags: set[str]) -> None:
    found = results(home(person("self", "80"), **around))["TABUSE"]
    assert outcome(found) == (expected, tags)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"illness_suspected": YES, "sees_doctor": NO, "refuses_help": YES}, "match"),
        ({"disability": frozenset({"suspected"}), "sees_doctor": NO, "refuses_help": YES}, "match"),
        ({"dementia_diagnosis": "suspected", "sees_doctor": NO}, "possible"),
        ({"illness_suspected": YES}, "possible"),
        ({"illness_suspected": YES, "sees_doctor": YES}, "no"),
        ({"illness_suspected": NO}, "no"),
        ({"illness_suspected": NO, "disability": frozenset({"none"}), "dementia_diagnosis": "no"}, "no"),
        ({}, "no"),
    ],
)
def test_treatment_broken_off(more: dict[str, Any], expected: str) -> None:
    assert verdict("TTRUNC", person("self", "50", **more)) == expected


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ({"agencies": frozenset("abc"), "lead_named": NO}, "match"),
        ({"agencies": frozenset("abc")}, "possible"),
        ({"agencies": frozenset("abc"), "lead_named": YES}, "no"),
        ({"agencies": frozenset("ab"), "lead_named": NO}, "no"),
        ({"concerns": frozenset({"illness", "debts", "family"}), "lead_named": NO}, "match"),
        ({"concerns": frozenset({"illness", "injury", "family"}), "lead_named": NO}, "no"),
        ({"intake_agencies_90_days": frozenset("ab"), "lead_named": NO}, "match"),
    ],
)
def test_many_agencies(around: dict[str, Any], expected: str) -> None:
    assert verdict("TMULTI", person("self", "50"), **around) == expected


@pytest.mark.parametrize(
    ("code", "around", "expected"),
    [
        ("TPREG", {"concerns": frozenset({"expectant_at_risk"})}, "match"),
        ("TLANG", {"concerns": frozenset({"foreign_nationality", "language"})}, "match"),
        ("TLANG", {"concerns": frozenset({"foreign_nationality"})}, "no"),
        ("THOMELESS", {"dwelling": "homeless"}, "match"),
        ("THOMELESS", {"notes": frozenset({"no_home"})}, "possible"),
        ("TREENTRY", {"concerns": frozenset({"after_prison"})}, "match"),
        ("TPETS", {"concerns": frozenset({"many_animals"})}, "match"),
        ("TPETS", {}, "no"),
        ("TNOSCHOOL", {"concerns": frozenset({"school_refusal"})}, "match"),
    ],
)
def test_types_that_the_ward_wrote_as_data(code: str, around: dict[str, Any], expected: str) -> None:
    assert verdict(code, person("self", "38"), person("eldest_son", "12"), **around) == expected


def test_absent_from_school_with_a_possible_single_parent_is_possible() -> None:
    people = (person("self", "38"), person("unknown", "40"), person("eldest_son", "12"))
    assert verdict("TNOSCHOOL", *people, concerns=frozenset({"school_refusal"})) == "possible"
