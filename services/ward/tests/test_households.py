import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.birth import age_range
from services.intake.rules.birth_reading import parse_birth
from services.intake.rules.facts import HouseholdFacts, MemberFacts
from services.intake.rules.kleene import UNKNOWN, Truth
from services.intake.rules.rulebook import RuleBook
from services.intake.rules.types import find_types, warn_about
from services.ward import households
from services.ward.family import Household, Member, born_when
from services.ward.households import ESTIMATES, RECIPES, draw_household, ward_in_care, whole_ward
from services.ward.places import DISTRICTS, draw_home, mesh_code, mesh_of
from services.ward.staff import AGENCIES, POST_BY_CODE, POSTS, TEAMS, head_of
from shared.codes import Codes, read_codes
from shared.wareki import age

TODAY = date(2026, 6, 18)
ANSWERS = {"yes": Truth.YES, "no": Truth.NO, "unknown": Truth.UNKNOWN}


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return RuleBook.from_codes(Codes(list(read_codes(Path(households.__file__).parents[1] / "intake" / "codes"))))


def facts_of(member: Member, place: int) -> MemberFacts:
    said = dict(member.answers)
    return MemberFacts(
        id=str(place),
        relation=member.relation,
        sex=member.sex,
        birth=parse_birth(member.birth, TODAY),
        coresident=said.get("coresident", "unknown"),
        work=said.get("work", "unknown"),
        care_level=said.get("care", "unknown"),
        dementia_diagnosis=said.get("dementia_diagnosis", "unknown"),
        dementia_level=said.get("dementia_level", "unknown"),
        disability=frozenset(said.get("disability", ())),
        marital=said.get("marital", "unknown"),
        withdrawn_months=said.get("withdrawn_months", UNKNOWN),
        cares_for=frozenset(said["cares_for"]) if "cares_for" in said else UNKNOWN,
        care_hours_weekday=said.get("care_hours_weekday", UNKNOWN),
        **{name: ANSWERS[said.get(name, "unknown")] for name in _TRUTHS},  # type: ignore[arg-type] # by name
    )


_TRUTHS = (
    "studies", "own_pension", "illness_suspected", "sees_doctor", "refuses_help", "alone_by_day",
    "talks_outside_family", "school_missed", "carer_concern",
)  # fmt: skip


def household_facts(household: Household) -> HouseholdFacts:
    said = household.answers
    return HouseholdFacts(
        id=str(household.id),
        members=tuple(facts_of(member, place) for place, member in enumerate(household.members)),
        dwelling=said.get("dwelling", "unknown"),
        worries=frozenset(said.get("worries", ())),
        concerns=frozenset(said.get("concerns", ())),
        safety_flags=frozenset(said.get("safety_flags", ())),
        hoarding=said.get("hoarding", UNKNOWN),
        rent_arrears_months=said.get("rent_arrears_months", UNKNOWN),
        last_reaction=said.get("last_reaction", UNKNOWN),
        lead_named=Truth.NO,
        lifeline_stopped=ANSWERS[said.get("lifeline_stopped", "unknown")],
        contact_person=ANSWERS[said.get("contact_person", "unknown")],
        uses_services=ANSWERS[said.get("uses_services", "unknown")],
    )


def verdicts(household: Household, book: RuleBook) -> dict[str, str]:
    return {result.code: result.verdict for result in find_types(household_facts(household), TODAY, book)}


@pytest.mark.parametrize("kind", RECIPES)
def test_the_rules_find_each_example_to_be_of_its_type(kind: str, book: RuleBook) -> None:
    for number in range(25):
        household = draw_household(7, number, kind, TODAY)
        assert verdicts(household, book)[kind] == "match", household


def test_there_is_an_example_of_every_type_of_the_rules(book: RuleBook) -> None:
    household = household_facts(draw_household(7, 0, "TDEM1", TODAY))
    assert {result.code for result in find_types(household, TODAY, book)} == set(RECIPES)
    assert {household.kind for household in ward_in_care(1, TODAY)} == set(RECIPES)


def test_a_year_later_the_household_is_still_of_its_type(book: RuleBook) -> None:
    for household in ward_in_care(9, TODAY):
        if household.kind != "TISO":  # silence is counted from the call
            assert verdicts(household, book)[household.kind] == "match", household


def test_the_data_hold_no_slip(book: RuleBook) -> None:
    for household in ward_in_care(3, TODAY):
        assert not warn_about(household_facts(household), TODAY, book), household


def test_those_in_care_keep_the_proportions_of_the_estimates() -> None:
    kinds = Counter(household.kind for household in ward_in_care(1, TODAY))
    counted = sum(kinds[kind] for kind in ESTIMATES)
    for kind, estimate in ESTIMATES.items():
        assert kinds[kind] == pytest.approx(counted * estimate / sum(ESTIMATES.values()), abs=1)
    assert sum(kinds.values()) == 300


def test_the_same_seed_gives_the_same_ward() -> None:
    assert ward_in_care(5, TODAY) == ward_in_care(5, TODAY)
    assert ward_in_care(5, TODAY) != ward_in_care(6, TODAY)
    assert list(whole_ward(5, TODAY, 400, 680)) == list(whole_ward(5, TODAY, 400, 680))


def test_the_whole_ward_comes_out_at_its_size_and_estimates(book: RuleBook) -> None:
    kinds: Counter[str] = Counter()
    people = 0
    for household in whole_ward(2, TODAY, 20_000, 34_000):
        kinds[household.kind] += 1
        people += len(household.members)
    assert people == 34_000
    assert kinds == {"T8050": 150, "TDEM1": 400, "TSP20": 110, "ordinary": 19_340}
    ordinary = [household for household in whole_ward(2, TODAY, 300, 510) if household.kind == "ordinary"]
    for household in ordinary:
        assert {verdicts(household, book)[kind] for kind in ESTIMATES} == {"no"}


@given(years=st.integers(0, 110), on=st.dates(date(2024, 1, 1), date(2030, 12, 31)), seed=st.integers())
def test_a_birthday_gives_the_age_it_was_drawn_for(years: int, on: date, seed: int) -> None:
    assert age(born_when(years, on, Random(seed)), on) == years  # noqa: S311


def test_births_are_told_so_that_the_age_is_kept() -> None:
    for household in ward_in_care(4, TODAY):
        for member in household.members:
            told = parse_birth(member.birth, TODAY)
            assert told.may_equal(parse_birth(member.born.isoformat(), TODAY)), member
            assert age_range(told, TODAY) == (age(member.born, TODAY),) * 2, member


def test_nobody_can_be_called_or_found() -> None:
    for household in ward_in_care(1, TODAY):
        for phone in (household.phone, *(member.phone for member in household.members)):
            assert not phone or phone[3:8].strip("-").startswith("0000") or "-0000-" in phone


@pytest.mark.parametrize(
    ("latitude", "longitude", "code"),
    [
        (35.681, 139.767, "533946113"),  # Tokyo station: 3rd mesh 53394611, its north-western quarter
        (36.0, 139.0, "543900001"),  # the south-western corner of a first mesh
        (36.0 + 10 / 3600, 139.0 + 23 / 3600, "543900002"),
        (36.0 + 16 / 3600, 139.0 + 1 / 3600, "543900003"),
    ],
)
def test_mesh_codes_follow_jis_x_0410(latitude: float, longitude: float, code: str) -> None:
    assert mesh_code(latitude, longitude) == code


@given(latitude=st.floats(24, 45.9), longitude=st.floats(123, 145.9))
def test_a_mesh_cell_contains_its_point(latitude: float, longitude: float) -> None:
    code = mesh_code(latitude, longitude)
    south = int(code[:2]) / 1.5 + int(code[4]) / 12 + int(code[6]) / 120 + (int(code[8]) > 2) / 240
    west = int(code[2:4]) + 100 + int(code[5]) / 8 + int(code[7]) / 80 + (int(code[8]) % 2 == 0) / 160
    slack = 1 / 3600 / 4
    assert south - slack <= latitude <= south + 1 / 240 + slack
    assert west - slack <= longitude <= west + 1 / 160 + slack


def test_a_point_outside_japan_has_no_code() -> None:
    with pytest.raises(ValueError, match="not in Japan"):
        mesh_code(51.5, 0.0)


def test_every_district_has_four_cells_of_its_own() -> None:
    cells = [mesh_of(district, cell) for district in DISTRICTS for cell in range(4)]
    assert len(cells) == len(set(cells)) == 60
    chance = Random(1)  # noqa: S311 - made-up people
    for _ in range(200):
        home = draw_home(chance)
        assert home.mesh in {mesh_of(d, cell) for d in DISTRICTS if d.code == home.district for cell in range(4)}


def test_every_agency_has_one_head_and_every_team_its_people() -> None:
    agencies = {agency.code for agency in AGENCIES}
    assert {post.agency for post in POSTS} == agencies
    for agency in agencies:
        assert [post.head for post in POSTS if post.agency == agency].count(True) == 1
        assert head_of(agency).agency == agency
    for team in TEAMS:
        roles = [POST_BY_CODE[code].role for code in team.posts]
        assert roles == ["outreach_lead", *["outreach_worker"] * 4]


def test_the_whole_ward_is_written_line_by_line() -> None:
    command = [sys.executable, "-m", "services.ward", "--scale", "0.001"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(lines) == 200
    assert sum(len(line["members"]) for line in lines) == 340
