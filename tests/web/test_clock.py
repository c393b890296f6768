"""Time, ids and working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import calendar, clock

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


def test_the_clock_can_be_stood_still_and_shifted() -> None:
    moment = datetime(2026, 6, 18, 23, 30, tzinfo=UTC)
    with clock.at(moment):
        assert clock.now() == moment
        assert clock.today() == date(2026, 6, 19), "Tokyo is nine hours ahead"
    with clock.shifted(timedelta(days=-400)):
        assert abs(clock.now() - (datetime.now(UTC) - timedelta(days=400))) < timedelta(minutes=1)


def test_a_moment_needs_its_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.at(datetime(2026, 1, 1)):  # noqa: DTZ001 - the point
        pass


def test_ids_are_version_7_and_sort_by_time() -> None:
    first = clock.new_id()
    with clock.shifted(timedelta(seconds=5)):
        later = clock.new_id()
    assert first.version == later.version == 7
    assert first < later


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 6, 18), True),
        (date(2026, 6, 20), False),  # Saturday
        (date(2026, 5, 6), False),  # substitute holiday (振替休日)
        (date(2026, 9, 22), False),  # between two holidays (国民の休日)
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2027, 1, 3), False),
        (date(2027, 1, 4), True),
    ],
)
def test_when_the_ward_office_is_open(day: date, open_: bool) -> None:
    assert calendar.is_working_day(day) is open_


@given(DAYS, st.integers(1, 60))
def test_adding_and_counting_working_days_agree(day: date, count: int) -> None:
    end = calendar.add_working_days(day, count)
    assert calendar.is_working_day(end)
    assert calendar.working_days_between(day, end) == count
    assert calendar.working_days_between(end, day) == -count
