"""Every type: its match, its possible, its no, and the edges of its thresholds."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.intake.rules.facts import OUTSIDE, MemberFacts
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


def test_brothers_and_sisters_who_care() -> None:
    ill = person("brother", "50", id="b", disability=frozenset({"ai_1"}))
    assert verdict("TSIBCARE", person("self", "52", cares_for=frozenset({"b"})), ill) == "match"
    assert verdict("TSIBCARE", person("self", "52"), ill) == "no"
    assert verdict("TSIBCARE", person("mother", "80", cares_for=frozenset({"b"})), ill) == "no"
