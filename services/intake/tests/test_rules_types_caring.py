"""Types of caring: young carers, double care, old for old; match, possible, no, and the edges."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.rules.facts import OUTSIDE, MemberFacts
from services.intake.rules.kleene import Truth
from services.intake.tests.rule_facts import home, person, results, verdict

YES, NO = Truth.YES, Truth.NO


ILL = person("mother", "45", id="m", disability=frozenset({"mental_2"}))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"cares_for": frozenset({"m"}), "care_hours_weekday": 2}, "match"),
        ({"cares_for": frozenset({"m"}), "school_missed": YES}, "match"),
        ({"cares_for": frozenset({"m"}), "carer_concern": YES}, "match"),
        ({"cares_for": frozenset({OUTSIDE}), "carer_concern": YES}, "match"),
        ({"cares_for": frozenset({"m"})}, "possible"),
        ({"cares_for": frozenset({"m"}), "care_hours_weekday": 1}, "possible"),
        ({"cares_for": frozenset({"m"}), "care_hours_weekday": 1, "school_missed": NO, "carer_concern": NO}, "no"),
        ({"cares_for": frozenset()}, "no"),
        ({}, "possible"),
    ],
)
def test_young_carers(more: dict[str, Any], expected: str) -> None:
    assert verdict("TYC", ILL, person("child", "14", **more)) == expected


def test_young_carers_at_the_edges() -> None:
    load = {"cares_for": frozenset({"m"}), "carer_concern": YES}
    assert results(home(ILL, person("child", "25", **load)))["TYC"].tags == {"youth_carer"}
    assert verdict("TYC", ILL, person("child", "1986-06-18", **load)) == "no"
    assert verdict("TYC", person("mother", "45", id="m"), person("father", "46"), person("child", "14")) == "no"
    assert verdict("TYC", ILL, person("father", "46"), person("child", "14")) == "no"
    assert verdict("TYC", ILL, person("child", "不明")) == "possible"
    assert verdict("TYC", person("husband", "80", care_level="care_2"), person("wife", "不明")) == "no"


GRAN = person("mother", "80", id="g", care_level="care_1")


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ((person("self", "40", cares_for=frozenset({"g"})), person("child", "5"), GRAN), "match"),
        ((person("self", "40", cares_for=frozenset({OUTSIDE})), person("child", "5")), "match"),
        ((person("self", "40"), person("child", "5"), GRAN), "possible"),
        ((person("self", "40", cares_for=frozenset()), person("child", "5"), GRAN), "no"),
        ((person("self", "40", cares_for=frozenset({"g"})), person("child", "2014-06-18"), GRAN), "possible"),
        (
            (
                person("self", "40", cares_for=frozenset({"g"})),
                person("child", "15", disability=frozenset({"ai_2"})),
                GRAN,
            ),
            "match",
        ),
        (
            (
                person("self", "40", cares_for=frozenset({"g"})),
                person("child", "15", disability=frozenset({"none"})),
                GRAN,
            ),
            "no",
        ),
        ((person("self", "40"), person("child", "5")), "no"),
    ],
)
def test_double_care(people: tuple[MemberFacts, ...], expected: str) -> None:
    assert verdict("TDC", *people) == expected


@pytest.mark.parametrize(
    ("carer", "cared", "others", "expected"),
    [
        ({"cares_for": frozenset({"wife"})}, {"care_level": "care_2"}, (), "match"),
        ({}, {"care_level": "care_2"}, (), "possible"),
        ({}, {"care_level": "support_2"}, (), "no"),
        ({}, {}, (), "no"),
        ({"cares_for": frozenset({"wife"})}, {"care_level": "applying"}, (), "possible"),
        ({"cares_for": frozenset()}, {"care_level": "care_2", "cares_for": frozenset()}, (), "no"),
        ({"cares_for": frozenset({"wife"})}, {"care_level": "care_2"}, (person("child", "50"),), "no"),
        ({"cares_for": frozenset({"wife"})}, {"care_level": "care_2"}, (person("child", "50", here="no"),), "match"),
        ({"cares_for": frozenset({"wife"})}, {"care_level": "care_2"}, (person("child", "不明"),), "possible"),
    ],
)
def test_old_for_old(
    carer: dict[str, Any], cared: dict[str, Any], others: tuple[MemberFacts, ...], expected: str
) -> None:
    people = (person("husband", "S20.1.1", **carer), person("wife", "S22.1.1", **cared), *others)
    assert verdict("TRORO", *people) == expected


def test_dementia_caring_for_dementia() -> None:
    one = person("husband", "S20.1.1", cares_for=frozenset({"wife"}), dementia_diagnosis="yes")
    other = person("wife", "S22.1.1", care_level="care_3", dementia_level="iiia")
    assert results(home(one, other))["TRORO"].tags == {"both_dementia"}


def test_brothers_and_sisters_who_care() -> None:
    ill = person("brother", "50", id="b", disability=frozenset({"ai_1"}))
    assert verdict("TSIBCARE", person("self", "52", cares_for=frozenset({"b"})), ill) == "match"
    assert verdict("TSIBCARE", person("self", "52"), ill) == "no"
    assert verdict("TSIBCARE", person("mother", "80", cares_for=frozenset({"b"})), ill) == "no"
