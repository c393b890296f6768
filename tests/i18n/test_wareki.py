"""和暦 and ages: every day of every era, and the days on which they change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared import wareki

MEIJI = date(1868, 1, 25)
days = st.dates(min_value=MEIJI, max_value=date(2150, 12, 31))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 6, 18), "令和8年6月18日(木)"),
        (date(2019, 5, 1), "令和元年5月1日(水)"),
        (date(2019, 4, 30), "平成31年4月30日(火)"),
        (date(1989, 1, 8), "平成元年1月8日(日)"),
        (date(1989, 1, 7), "昭和64年1月7日(土)"),
        (date(1943, 3, 3), "昭和18年3月3日(水)"),
        (date(1926, 12, 25), "昭和元年12月25日(土)"),
        (date(1926, 12, 24), "大正15年12月24日(金)"),
        (date(1912, 7, 30), "大正元年7月30日(火)"),
        (date(1912, 7, 29), "明治45年7月29日(月)"),
        (MEIJI, "明治元年1月25日(土)"),
        (date(1850, 1, 1), "1850年1月1日(火)"),
    ],
)
def test_known_days(day: date, words: str) -> None:
    assert wareki.wareki(day) == words


@given(days)
def test_the_year_can_be_read_back(day: date) -> None:
    era, year = wareki.era_of(day) or pytest.fail("an era covers every day since Meiji")
    assert era.start.year + year - 1 == day.year
    assert year >= 1
    assert day >= era.start


@given(days)
def test_eras_follow_one_another_without_gap(day: date) -> None:
    assume(day > MEIJI)
    today, before = wareki.era_of(day), wareki.era_of(day - timedelta(days=1))
    assert today is not None
    assert before is not None
    if today[0] is before[0]:
        assert today[1] - before[1] == (1 if (day.month, day.day) == (1, 1) else 0)
    else:
        assert today == (today[0], 1)
        assert today[0].start == day


@given(days)
def test_the_first_year_is_never_written_as_one(day: date) -> None:
    assert "和1年" not in wareki.year_words(day)
    assert "成1年" not in wareki.year_words(day)


@given(birth=days, on=days)
def test_an_age_grows_by_one_a_year_on_the_birthday(birth: date, on: date) -> None:
    assume(on >= birth)
    age = wareki.age(birth, on)
    assert 0 <= age <= on.year - birth.year
    tomorrow = on + timedelta(days=1)
    birthday = (tomorrow.month, tomorrow.day) == (birth.month, birth.day)
    leap_birthday = (
        (birth.month, birth.day) == (2, 29) and (tomorrow.month, tomorrow.day) == (3, 1) and not _is_leap(tomorrow.year)
    )
    assert wareki.age(birth, tomorrow) - age == int(birthday or leap_birthday)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def test_someone_born_on_29_february() -> None:
    assert wareki.age(date(1944, 2, 29), date(2026, 2, 28)) == 81
    assert wareki.age(date(1944, 2, 29), date(2026, 3, 1)) == 82


def test_the_short_form_of_forms() -> None:
    assert wareki.short_wareki(date(1943, 3, 3)) == "S18.3.3"
    assert wareki.short_wareki(date(2019, 5, 1)) == "R1.5.1"
    assert wareki.short_wareki(date(1850, 1, 1)) == "1850.1.1"
