"""Results, counters and the ladder after absence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outreach.rules.results import (
    Counters,
    Report,
    Result,
    Step,
    Told,
    count,
    recount,
    report,
    step_after,
)
from shared.codes import read_codes
from shared.errors import Refused

NOW = datetime(2026, 6, 18, 5, 0, tzinfo=UTC)
DAY = date(2026, 6, 18)
CODES = list(read_codes(Path(__file__).parents[1] / "codes"))
RESULTS = {e.code: Result.of(e.code, e.attributes) for e in CODES if e.list == "VISIT_RESULT"}
LADDER = [Step(e.code, e.attributes["absences"], e.attributes.get("days")) for e in CODES if e.list == "LADDER"]


def told(code: str, **more: object) -> Report:
    given: dict[str, object] = {"result": RESULTS[code], "occurred_at": NOW, "next_on": DAY + timedelta(days=14)}
    return Report(**(given | more))  # type: ignore[arg-type]


def test_the_twelve_results_are_those_of_the_domain_brief() -> None:
    assert len(RESULTS) == 12
    assert {code for code, r in RESULTS.items() if r.absence} == {"absent", "absent_signs"}
    assert {code for code, r in RESULTS.items() if r.alarm} == {"alarm"}
    assert {code for code, r in RESULTS.items() if r.contact == "met"} == {"met"}


def test_absence_climbs_the_ladder_and_a_reaction_comes_down() -> None:
    counters, steps, repeated = Counters(), [], []
    for n in range(4):
        told_ = told("absent_signs", occurred_at=NOW - timedelta(days=3 - n))
        outcome = report(told_, counters, LADDER, now=NOW)
        counters = outcome.counters
        steps.append(counters.step)
        repeated.append(outcome.repeated)
    assert steps == ["card", "other_time", "letter_neighbour", "review"]
    assert repeated == [False, True, True, True]
    after = report(told("family"), counters, LADDER, now=NOW).counters
    assert (after.absences, after.step) == (0, None)
    assert after.trust_stage == 2


def test_fourteen_silent_days_lead_to_a_review_at_once() -> None:
    before = Counters(
        visits=1, absences=0, first_visit_at=NOW - timedelta(days=30), last_reaction_at=NOW - timedelta(days=15)
    )
    outcome = report(told("absent"), before, LADDER, now=NOW)
    assert outcome.counters.step == "review"
    assert outcome.repeated


def test_a_letter_is_contact_work_and_no_absence() -> None:
    outcome = report(told("card"), Counters(absences=2), LADDER, now=NOW)
    assert outcome.counters.absences == 2
    assert outcome.card_left


@pytest.mark.parametrize("code", sorted(set(RESULTS) - {"alarm"}))
def test_the_day_to_see_them_again_is_demanded(code: str) -> None:
    with pytest.raises(Refused) as refused:
        report(told(code, next_on=None), Counters(), LADDER, now=NOW)
    assert refused.value.field == "next_on"


def test_an_alarm_needs_no_date() -> None:
    assert report(told("alarm", next_on=None), Counters(), LADDER, now=NOW).next_on is None


def test_a_refusal_is_left_in_peace_unless_safety_asks() -> None:
    soon = told("refused", next_on=DAY + timedelta(days=13))
    with pytest.raises(Refused) as refused:
        report(soon, Counters(), LADDER, now=NOW)
    assert refused.value.params["day"] == "2026-07-02"
    assert report(soon, Counters(), LADDER, now=NOW, safety=True).next_on == DAY + timedelta(days=13)


def test_a_request_ends_only_after_somebody_was_met() -> None:
    assert report(told("met", next_on=None, end_reason="achieved"), Counters(), LADDER, now=NOW).request_ends
    for code in ("absent", "refused", "card", "seen"):
        with pytest.raises(Refused) as refused:
            report(told(code, next_on=None, end_reason="achieved"), Counters(), LADDER, now=NOW)
        assert refused.value.field == "end_reason"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"occurred_at": NOW + timedelta(hours=1)}, "occurred_at"),
        ({"occurred_at": NOW - timedelta(days=40)}, "occurred_at"),
        ({"next_on": DAY - timedelta(days=1)}, "next_on"),
        ({"next_on": DAY + timedelta(days=120)}, "next_on"),
        ({"trust_stage": 7}, "trust_stage"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(more: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refused:
        report(told("met", **more), Counters(), LADDER, now=NOW)
    assert refused.value.field == field


@given(st.lists(st.sampled_from(sorted(RESULTS)), max_size=25))
def test_counters_never_lie(codes: list[str]) -> None:
    counters, run, visits = Counters(), 0, 0
    for n, code in enumerate(codes):
        result = RESULTS[code]
        before = counters
        counters = count(told(code, occurred_at=NOW + timedelta(days=n)), counters)
        if result.contact == "called_off":
            assert counters == before
            continue
        visits += 1
        run = 0 if result.reaction else run + result.absence
        assert (counters.visits, counters.absences) == (visits, run)
        assert counters.trust_stage >= before.trust_stage
        assert counters.last_seen_at is None or counters.last_seen_at <= NOW + timedelta(days=n)
        step = step_after(LADDER, counters, NOW + timedelta(days=n))
        assert (step is None) == (counters.absences == 0)


@given(st.lists(st.tuples(st.sampled_from(sorted(RESULTS)), st.none() | st.integers(0, 6)), max_size=12))
def test_what_was_recorded_adds_up_to_what_was_counted(reports: list[tuple[str, int | None]]) -> None:
    counters, recorded = Counters(), list[Told]()
    for n, (code, stage) in enumerate(reports):
        at = NOW - timedelta(days=len(reports) - n)
        counters = report(told(code, occurred_at=at, trust_stage=stage), counters, LADDER, now=NOW).counters
        recorded.append(Told(RESULTS[code], at, counters.absences, counters.trust_stage))
        by_days = step_after(LADDER, counters, at) if counters.absences else None
        assert recount(recorded, LADDER, at) == replace(counters, step=by_days.code if by_days else None)


@given(st.integers(0, 10), st.integers(0, 60))
def test_the_ladder_never_goes_down_as_it_gets_worse(absences: int, days: int) -> None:
    def height(n: int, silent: int) -> int:
        counters = Counters(absences=n, first_visit_at=NOW - timedelta(days=silent))
        step = step_after(LADDER, counters, NOW)
        return step.absences if step else 0

    assert height(absences, days) <= height(absences + 1, days)
    assert height(absences, days) <= height(absences, days + 1)
