from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.rules import board, care, proposals, sessions
from shared.errors import Conflict, Forbidden, Refused

NOW = datetime(2026, 6, 18, 1, 14, tzinfo=UTC)
TODAY = date(2026, 6, 18)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
DAYS = st.dates(date(2024, 1, 1), date(2030, 1, 1))


# -- plans, entries, tasks, visit requests


@pytest.mark.parametrize("machine", ["plan", "entry", "meeting", "task", "visit_request"])
@given(data=st.data())
def test_machines_never_leave_their_states_and_always_end(machine: str, data: st.DataObject) -> None:
    states = sorted(care.states(machine))
    state = data.draw(st.sampled_from(states))
    to = data.draw(st.sampled_from(states))
    try:
        assert care.step(machine, state, to) == to
    except Conflict:
        return
    assert state not in {"evaluated", "corrected", "held", "done", "dropped", "ended", "cancelled"}


@given(DAYS, st.integers(-20, 500), st.integers(-20, 500))
def test_a_plan_has_a_goal_rows_and_a_review_within_its_period(starts: date, ends_in: int, review_in: int) -> None:
    ends, review = starts + timedelta(days=ends_in), starts + timedelta(days=review_in)
    good = 0 <= ends_in <= 366 and 0 <= review_in <= ends_in
    if good:
        care.draft_plan("しずかに", 1, starts, ends, review)
    else:
        with pytest.raises(Refused):
            care.draft_plan("しずかに", 1, starts, ends, review)
    for goal, rows in ((" ", 1), ("しずかに", 0)):
        with pytest.raises(Refused):
            care.draft_plan(goal, rows, starts, starts, starts)


@given(DAYS, DAYS)
def test_the_next_review_is_never_after_the_plan_nor_in_the_past(today: date, ends: date) -> None:
    following = care.next_monitoring(today, ends)
    assert following >= today
    assert following <= max(ends, today)


def test_plans_are_decided_by_managers_alone() -> None:
    assert care.decide_plan("draft", "manager") == "decided"
    for role in ("coordinator", "caseworker", "agency_worker", "operator"):
        with pytest.raises(Forbidden):
            care.decide_plan("draft", role)
    with pytest.raises(Conflict):
        care.decide_plan("decided", "manager")


def test_an_entry_has_words_and_has_happened() -> None:
    care.write_entry("見た", "", "", TODAY, TODAY)
    with pytest.raises(Refused) as refused:
        care.write_entry(" ", "", "\n", TODAY, TODAY)
    assert refused.value.field == "facts"
    with pytest.raises(Refused):
        care.write_entry("見た", "", "", TODAY + timedelta(days=1), TODAY)
    with pytest.raises(Forbidden):
        care.fix_entry("draft", own=False)
    with pytest.raises(Refused):
        care.correct_entry("fixed", " ")
    with pytest.raises(Conflict):
        care.correct_entry("draft", "まちがい")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"aim": " "}, "aim"),
        ({"purpose": ""}, "purpose"),
        ({"due": TODAY - timedelta(days=1)}, "due_on"),
        ({"persons": 0}, "persons"),
        ({"persons": 5}, "persons"),
        ({"persons": 1, "two_needed": True}, "persons"),
    ],
)
def test_a_visit_is_asked_for_with_an_aim_a_day_and_enough_people(more: dict[str, object], field: str) -> None:
    good: dict[str, object] = {
        "aim": "会う", "purpose": "contact", "due": TODAY, "today": TODAY, "persons": 2, "two_needed": False,
    }  # fmt: skip
    care.request_visit(**good)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        care.request_visit(**(good | more))  # type: ignore[arg-type]
    assert refused.value.field == field


# -- proposals, board, sessions


def test_proposals_give_reasons_and_keep_to_the_area() -> None:
    rules = [
        proposals.AgencyRule.read("old", {"kind": "hokatsu", "weight": 5, "types": ["T8050"]}),
        proposals.AgencyRule.read("care", {"kind": "hokatsu", "weight": 3, "worries": ["care"]}),
        proposals.AgencyRule.read("hiki", {"kind": "shakyo", "weight": 4, "types": ["THIKI"]}),
        proposals.AgencyRule.read("child", {"kind": "kodomo", "weight": 4, "flags": ["abuse_child"]}),
    ]
    offices = [
        proposals.AgencyFacts("hokatsu-n", "hokatsu", frozenset({"n"})),
        proposals.AgencyFacts("hokatsu-c", "hokatsu", frozenset({"c"})),
        proposals.AgencyFacts("shakyo", "shakyo", frozenset()),
        proposals.AgencyFacts("kodomo", "kodomo", frozenset()),
        proposals.AgencyFacts("shut", "shakyo", frozenset(), active=False),
    ]
    home = proposals.HouseholdFacts("n", {"T8050": "match", "THIKI": "possible"}, frozenset({"care"}))
    found = proposals.propose(home, offices, rules)
    assert [(one.agency, one.score, one.reasons) for one in found] == [
        ("hokatsu-n", 8, ("old", "care")),
        ("shakyo", 2, ("hiki",)),
    ]
    assert [one.agency for one in proposals.propose(home, offices, rules, frozenset({"hokatsu-n"}))] == ["shakyo"]
    unknown = proposals.HouseholdFacts(None, {"T8050": "match"})
    assert {one.agency for one in proposals.propose(unknown, offices, rules)} == {"hokatsu-n", "hokatsu-c"}


@pytest.mark.parametrize(
    ("state", "due", "light"),
    [
        ("asked", TODAY, "asked"),
        ("asked", TODAY - timedelta(days=1), "late"),
        ("discuss", TODAY - timedelta(days=1), "late"),
        ("accepted", TODAY - timedelta(days=9), "taken"),
        ("acting", TODAY, "acting"),
        ("returned", TODAY, "back"),
        ("left", TODAY, "done"),
        ("withdrawn", TODAY, "none"),
    ],
)
def test_lights(state: str, due: date, light: str) -> None:
    assert board.light(state, due, TODAY) == light


@pytest.mark.parametrize(
    ("state", "due", "light"),
    [
        ("asked", TODAY, "asked"),
        ("asked", TODAY - timedelta(days=1), "late"),
        ("assigned", TODAY - timedelta(days=1), "taken"),
        ("visited", TODAY, "acting"),
        ("ended", TODAY, "done"),
        ("cancelled", TODAY, "none"),
    ],
)
def test_lights_of_visits(state: str, due: date, light: str) -> None:
    assert board.visit_light(state, due, TODAY) == light


def test_a_case_stands_still_after_a_week_and_small_numbers_stay_hidden() -> None:
    assert board.stands_still(TODAY - timedelta(days=7), TODAY)
    assert not board.stands_still(TODAY - timedelta(days=6), TODAY)
    assert not board.stands_still(None, TODAY)


@given(st.text(max_size=60))
def test_whatever_is_asked_for_a_sign_in_leads_to_this_site(wanted: str) -> None:
    path = sessions.local_path(wanted)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert sessions.local_path(f"//{wanted}") == "/casework/"
    assert "\\" not in path


def test_a_session_runs_until_it_rests_too_long_or_grows_too_old() -> None:
    common = {"last_seen_at": NOW, "ends_at": NOW + timedelta(hours=14), "idle_seconds": 3600}
    assert sessions.is_running(ended=False, now=NOW + timedelta(minutes=59), **common)  # type: ignore[arg-type]
    assert not sessions.is_running(ended=False, now=NOW + timedelta(minutes=60), **common)  # type: ignore[arg-type]
    assert not sessions.is_running(ended=True, now=NOW, **common)  # type: ignore[arg-type]
    old = common | {"last_seen_at": NOW + timedelta(hours=14)}
    assert not sessions.is_running(ended=False, now=NOW + timedelta(hours=14), **old)  # type: ignore[arg-type]


def test_a_post_is_held_from_its_first_to_its_last_day() -> None:
    held = {"starts_on": TODAY, "ends_on": TODAY, "ended": False}
    assert sessions.holds_post(today=TODAY, **held)  # type: ignore[arg-type]
    assert not sessions.holds_post(today=TODAY + timedelta(days=1), **held)  # type: ignore[arg-type]
    assert not sessions.holds_post(today=TODAY - timedelta(days=1), **held)  # type: ignore[arg-type]
    assert not sessions.holds_post(today=TODAY, **(held | {"ended": True}))  # type: ignore[arg-type]


def test_joining_keeps_both_and_says_nothing_twice() -> None:
    both = care.join_words("新聞の束。\n足をひきずる。", "新聞の束。\n戸は開いた。")
    assert both == "新聞の束。\n足をひきずる。\n戸は開いた。"
    assert care.join_words("", "戸は開いた。") == "戸は開いた。"
    assert care.join_words("戸は開いた。", "") == "戸は開いた。"
