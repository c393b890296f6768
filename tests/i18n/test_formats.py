"""What a date, an age, a deadline and a number sound like in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock, formats
from shared.i18n import speaking

NOW = datetime(2026, 6, 18, 1, 14, tzinfo=UTC)
"""令和8年6月18日(木) 10:14 in Tokyo."""


@pytest.mark.parametrize(
    ("style", "japanese", "english"),
    [
        ("full", "令和8年6月18日(木)10:14", "Thu 18 June 2026 (Reiwa 8) 10:14"),
        ("both", "令和8年6月18日(木)(2026-06-18)10:14", "Thu 18 June 2026 (Reiwa 8) 10:14"),
        ("day", "6月18日(木)", "Thu 18 June"),
        ("date", "6/18(木)", "Thu 18 Jun"),
        ("short", "6/18 10:14", "18 Jun 10:14"),
        ("time", "10:14", "10:14"),
    ],
)
def test_styles(style: str, japanese: str, english: str) -> None:
    with clock.at(NOW):
        assert formats.human_time(NOW, style) == japanese
        with speaking("en"):
            assert formats.human_time(NOW, style) == english


def test_another_year_is_said() -> None:
    with clock.at(NOW):
        assert formats.human_time(date(2027, 3, 31), "day") == "令和9年3月31日(水)"
        assert formats.human_time(date(2027, 3, 31), "date") == "2027/3/31(水)"


def test_a_moment_late_in_the_evening_belongs_to_the_day_in_tokyo() -> None:
    assert formats.day_of(datetime(2026, 6, 17, 15, 30, tzinfo=UTC)) == date(2026, 6, 18)
    assert formats.machine_time(NOW) == "2026-06-18T10:14+09:00"


@pytest.mark.parametrize(
    ("count", "japanese", "english"),
    [
        (0, "きょうまで", "due today"),
        (1, "あと 1開庁日", "1 working day left"),
        (2, "あと 2開庁日", "2 working days left"),
        (-4, "4開庁日すぎた", "4 working days late"),
    ],
)
def test_deadlines_in_working_days(count: int, japanese: str, english: str) -> None:
    assert formats.working_days(count) == japanese
    with speaking("en"):
        assert formats.working_days(count) == english


def test_a_week_end_does_not_count() -> None:
    friday = datetime(2026, 6, 19, 1, 0, tzinfo=UTC)
    assert formats.days_left(date(2026, 6, 22), friday) == "あと 1開庁日"


def test_a_running_clock() -> None:
    assert formats.time_left(NOW + timedelta(hours=47, minutes=53), NOW) == "あと 47時間53分"
    assert formats.time_left(NOW + timedelta(minutes=9), NOW) == "あと 9分"
    assert formats.time_left(NOW + timedelta(days=10), NOW) == "あと 10日"
    assert formats.time_left(NOW + timedelta(hours=71), NOW) == "あと 71時間0分"
    assert formats.time_left(NOW + timedelta(hours=74), NOW) == "あと 3日"
    assert formats.time_left(NOW - timedelta(hours=2, minutes=5), NOW) == "2時間5分すぎた"
    assert formats.time_left(NOW - timedelta(days=3), NOW) == "3日すぎた"


@given(st.integers(-500_000, 500_000))
def test_a_clock_never_says_more_than_there_is(minutes: int) -> None:
    words = formats.time_left(NOW + timedelta(minutes=minutes), NOW)
    assert ("すぎた" in words) == (minutes < 0)


def test_a_birth_date_has_its_age_and_both_calendars() -> None:
    assert formats.born(date(1943, 3, 3), date(2026, 6, 18)) == "昭和18年3月3日(1943)・83歳"
    with speaking("en"):
        assert formats.born(date(1943, 3, 3), date(2026, 6, 18)) == "3 March 1943 (Showa 18), aged 83"


def test_unknown_is_an_answer() -> None:
    assert formats.years(None) == "年齢不明"
    assert formats.years(53, about=True) == "53歳くらい"
    assert formats.number(None) == "–"
    assert formats.number(1500) == "1,500"
