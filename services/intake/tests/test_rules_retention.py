"""Periods, obstacles, and what decides when several hold: the rules of retention as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.retention import (
    Hold,
    Judgement,
    Period,
    Record,
    add_months,
    judge,
    next_fiscal_year,
    obstacles,
)
from shared.codes import read_codes

SEEDED = [
    Period.of(entry.code, entry.attributes)
    for entry in read_codes(Path(__file__).parent.parent / "codes")
    if entry.list == "RETENTION"
]
CALL = Record(last_contact=date(2020, 5, 10))
CLOSED = replace(CALL, cases=1, last_closing=date(2021, 3, 31))


@pytest.mark.parametrize(
    ("record", "kind", "due_on"),
    [
        (CALL, "consultation", date(2024, 4, 1)),
        (replace(CALL, last_contact=date(2020, 3, 31)), "consultation", date(2023, 4, 1)),
        (replace(CALL, last_contact=date(2020, 4, 1)), "consultation", date(2024, 4, 1)),
        (CLOSED, "closed_case", date(2026, 4, 1)),
        (replace(CLOSED, last_contact=date(2024, 4, 2)), "consultation", date(2028, 4, 1)),
        (replace(CALL, abuse=True), "abuse", date(2031, 4, 1)),
        (replace(CLOSED, abuse=True), "abuse", date(2031, 4, 1)),
        (replace(CLOSED, abuse=True, last_contact=date(2024, 4, 2)), "abuse", date(2035, 4, 1)),
        (replace(CALL, youngest_born=date(1980, 1, 1)), "consultation", date(2024, 4, 1)),
        (replace(CALL, youngest_born=date(2002, 5, 10)), "consultation", date(2024, 4, 1)),
        (replace(CALL, youngest_born=date(2002, 5, 11)), "child", date(2031, 4, 1)),
        (replace(CALL, youngest_born=date(2019, 9, 9)), "child", date(2039, 9, 9)),
        (replace(CALL, protection_ended=date(2025, 6, 1)), "protection", date(2031, 4, 1)),
    ],
)
def test_the_period_that_ends_last_decides(record: Record, kind: str, due_on: date) -> None:
    judgement = judge(record, SEEDED)
    assert judgement.period is not None
    assert (judgement.period.kind, judgement.due_on) == (kind, due_on)
    assert not judgement.is_due(due_on - timedelta(days=1))
    assert judgement.is_due(due_on)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"holds": (Hold(None),)}, ("legal_hold",)),
        ({"holds": (Hold(date(2022, 1, 1)), Hold(None, 36))}, ("legal_hold",)),
        ({"open_cases": 1}, ("open_case",)),
        ({"protected": True}, ("protected",)),
        ({"parked": True}, ("parked",)),
        ({"closing_unknown": True}, ("closing_unknown",)),
        ({"disclosure": True}, ("disclosure",)),
        ({"open_cases": 2, "protected": True}, ("open_case", "protected")),
        ({}, ()),
        ({"holds": (Hold(date(2022, 1, 1)),)}, ()),
    ],
)
def test_what_keeps_a_record_whatever_the_day(change: dict[str, Any], named: tuple[str, ...]) -> None:
    record = replace(CLOSED, **change)
    assert obstacles(record) == named
    assert judge(record, SEEDED).is_due(date(2100, 1, 1)) == (not named)


@pytest.mark.parametrize(
    ("lifted", "months", "due_on", "by_hold"),
    [
        (date(2025, 6, 10), 36, date(2028, 6, 10), True),
        (date(2021, 6, 10), 36, date(2026, 4, 1), False),
        (date(2025, 6, 10), 0, date(2026, 4, 1), False),
    ],
)
def test_a_hold_that_was_lifted_counts_on(lifted: date, months: int, due_on: date, by_hold: bool) -> None:
    judgement = judge(replace(CLOSED, holds=(Hold(lifted, months),)), SEEDED)
    assert (judgement.due_on, judgement.period is None) == (due_on, by_hold)


def period(code: str, months: int, since: str, until: str | None = None, **more: Any) -> Period:
    dates = {"valid_from": since, "valid_until": until}
    return Period.of(code, {"kind": "consultation", "from": "contact", "months": months} | dates | more)


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        (date(2019, 1, 1), "first"),
        (date(2021, 4, 1), "first"),
        (date(2023, 3, 31), "first"),
        (date(2023, 4, 1), "second"),
        (date(2024, 6, 1), "second"),
        (date(2025, 4, 1), "third"),
    ],
)
def test_the_row_of_the_day_on_which_counting_began_holds(contact: date, code: str) -> None:
    rows = [
        period("third", 24, "2025-04-01"),
        period("first", 12, "2020-04-01", "2023-03-31"),
        period("second", 36, "2023-04-01", "2024-03-31"),
    ]
    judgement = judge(Record(last_contact=contact), rows)
    assert judgement.period is not None
    assert judgement.period.code == code


def test_counting_may_begin_on_the_day_itself() -> None:
    row = period("day", 12, "2020-01-01", counts_from="day")
    assert judge(CALL, [row]).due_on == date(2021, 5, 10)


def test_without_any_period_nothing_is_judged() -> None:
    for rows in ([], [replace(SEEDED[0], begins="closing")]):
        with pytest.raises(LookupError):
            judge(CALL, rows)
    with pytest.raises(LookupError):
        judge(replace(CALL, holds=(Hold(date(2021, 1, 1), 36),)), [])


@pytest.mark.parametrize(
    "attributes",
    [{}, {"months": 3}, {"from": "contact"}, {"from": "birth", "months": 3}, {"from": "contact", "months": -1}],
)
def test_a_row_that_cannot_be_read_is_named(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="RETENTION odd"):
        Period.of("odd", attributes)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 10, 31), 14, date(2025, 12, 31)),
        (date(2024, 12, 1), 0, date(2024, 12, 1)),
        (date(2024, 3, 15), -36, date(2021, 3, 15)),
    ],
)
def test_months_are_added_as_a_calendar_does(day: date, months: int, then: date) -> None:
    assert add_months(day, months) == then


_DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))


@given(_DAYS)
def test_a_fiscal_year_begins_within_a_year_after(day: date) -> None:
    begins = next_fiscal_year(day)
    assert (begins.month, begins.day) == (4, 1)
    assert timedelta(0) < begins - day <= timedelta(days=366)


@given(_DAYS, st.none() | _DAYS, st.booleans(), st.none() | _DAYS, st.integers(0, 3))
def test_more_facts_never_shorten_the_time(
    contact: date, closing: date | None, abuse: bool, born: date | None, later: int
) -> None:
    """Each period is an "at least": knowing of a case, a child or abuse only keeps a record longer."""

    def due(record: Record) -> Judgement:
        return judge(record, SEEDED)

    bare = Record(last_contact=contact)
    full = Record(last_contact=contact, cases=1, last_closing=closing, abuse=abuse, youngest_born=born)
    assert due(full).due_on >= due(bare).due_on
    longer = replace(full, last_contact=add_months(contact, later))
    if born is None:
        assert due(longer).due_on >= due(full).due_on
