"""The made-up year in its proportions: what a page of the ward will look like."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from services.ward import steps
from services.ward.family import Household
from services.ward.history import course_of
from services.ward.households import ward_in_care
from services.ward.rounds import Rounds
from services.ward.visiting import is_visited_now, visits_now
from shared.clock import TOKYO

NOW = datetime(2026, 6, 20, 11, 30, tzinfo=TOKYO)
"""A Saturday."""
SEED = 8050
Ward = list[tuple[Household, steps.Course]]


@pytest.fixture(scope="module")
def ward() -> Ward:
    return [(household, course_of(SEED, household, NOW)) for household in ward_in_care(SEED, NOW.date())]


def invited(course: steps.Course) -> dict[str, datetime]:
    return {step.agency: step.at for step in course if isinstance(step, steps.Invited)}


def test_the_same_seed_gives_the_same_history(ward: Ward) -> None:
    assert all(course_of(SEED, household, NOW) == course for household, course in ward)
    assert any(course_of(SEED + 1, household, NOW) != course for household, course in ward)


def test_nothing_has_happened_before_the_call_or_after_now(ward: Ward) -> None:
    for household, course in ward:
        heard = NOW.date() - timedelta(days=household.heard_days_ago)
        assert [step.at for step in course] == sorted(step.at for step in course)
        assert all(heard <= step.at.date() and step.at < NOW for step in course), household


def test_most_cases_have_two_to_four_agencies_and_some_more(ward: Ward) -> None:
    counts = Counter(len(invited(course)) for _, course in ward if course)
    whole = sum(counts.values())
    assert 0.6 < sum(counts[n] for n in (2, 3, 4)) / whole < 0.85
    assert 0.05 < sum(count for n, count in counts.items() if n >= 5) / whole < 0.2


def test_a_tenth_of_the_open_cases_waits_for_days_not_months(ward: Ward) -> None:
    late = 0
    for _, course in ward:
        answered = {step.agency for step in course if isinstance(step, steps.Answered)}
        waiting = [at for agency, at in invited(course).items() if agency not in answered]
        assert all(NOW - at < timedelta(days=20) for at in waiting)
        late += any(NOW - at > timedelta(days=6) for at in waiting)
    open_cases = sum(not any(isinstance(step, steps.Closed) for step in course) for _, course in ward)
    assert 0.08 <= late / open_cases <= 0.12


def test_an_agency_accepts_begins_returns_or_leaves_and_one_leads(ward: Ward) -> None:
    every = [step for _, course in ward for step in course]
    kinds = Counter(type(step).__name__ for step in every)
    assert min(kinds[name] for name in ("Began", "Left", "Held", "Drafted", "Decided", "Evaluated", "Closed")) > 10
    assert any(isinstance(step, steps.Answered) and step.reason for step in every)
    several = [course for _, course in ward if sum(isinstance(step, steps.Answered) for step in course) > 1]
    led = sum(any(isinstance(step, steps.Led) for step in course) for course in several)
    assert led / len(several) > 0.75
    assert all(
        sum(isinstance(s, steps.Answered) and s.answer == "returned" for s in course) < 2 for _, course in ward
    ), "nobody decides who leads"


@pytest.mark.parametrize("days", range(7))
def test_every_worker_goes_out_today_and_tomorrow_whatever_day_it_is(days: int) -> None:
    now = NOW + timedelta(days=days)
    households = ward_in_care(SEED, now.date())
    out: set[tuple[str, int, int]] = set()
    areas = {household.number: household.home.area for household in households}
    for number, course in visits_now(SEED, households, now).items():
        for step in course:
            at = step.starts_at if isinstance(step, steps.Planned) else step.at
            if isinstance(step, steps.Planned | steps.Visited) and step.pair:
                out |= {(areas[number], worker, (at.date() - now.date()).days) for worker in step.pair}
    for area in "cnws":
        assert {(area, worker, day) for worker in (1, 2, 3, 4) for day in (0, 1)} <= out


def test_few_requests_for_visits_are_past_their_day() -> None:
    households = ward_in_care(SEED, NOW.date())
    courses = visits_now(SEED, households, NOW)
    asked = [step for course in courses.values() for step in course if isinstance(step, steps.VisitAsked)]
    assert len(asked) == sum(is_visited_now(SEED, household) for household in households)
    assert 0 < sum(step.due_on < NOW.date() for step in asked) / len(asked) < 0.15


def test_nobody_stands_at_two_doors_at_once() -> None:
    rounds = Rounds.__new__(Rounds)
    Rounds.__init__(rounds, room=None)  # type: ignore[arg-type] # pairs need no database
    pairs = [rounds._pair("n", None, NOW) for _ in range(2)]
    assert len({post.code for pair in pairs for post in pair}) == 4


def test_most_were_asked_whether_they_agree_and_most_of_these_do(ward: Ward) -> None:
    said: Counter[str] = Counter()
    for household, course in ward:
        closed = [step.at for step in course if isinstance(step, steps.Closed)]
        for step in course:
            if not isinstance(step, steps.Agreed | steps.TookBack):
                continue
            assert all(step.at < end for end in closed), "nobody is asked after the end"
            person = household.members[step.member]
            said[step.state if isinstance(step, steps.Agreed) else "taken back"] += 1
            if isinstance(step, steps.Agreed) and step.state != "cannot_judge":
                assert (step.at.date() - person.born).days > 18 * 365
                assert bool(step.recipients) is bool(step.items) is (step.state in {"signed", "oral"})
            if isinstance(step, steps.Agreed) and step.state == "oral":
                assert NOW - step.at < timedelta(days=14), "an older one would have lapsed"
    asked = sum(said.values()) - said["taken back"]
    assert 0.6 < asked / len(ward) < 0.85
    assert 0.35 < said["signed"] / asked < 0.75
    assert set(said) == {"signed", "oral", "considering", "refused", "cannot_judge", "taken back"}
