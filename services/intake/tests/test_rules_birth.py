from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.birth import (
    OLDEST_AGE,
    UNKNOWN_BIRTH,
    Birth,
    Precision,
    age_at_least,
    age_below,
    age_between,
    age_range,
    born_when_aged,
    legal_age,
    shown_age,
)
from services.intake.rules.birth_reading import parse_birth
from services.intake.rules.kleene import Truth
from shared.errors import Refused
from shared.wareki import ERAS, Era, age, era_of, short_wareki, wareki

ON = date(2026, 6, 18)
DAYS = st.dates(date(1900, 1, 1), ON)
TODAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "S18.3.3",
        "s18.3.3",
        "S18/3/3",
        "S18-03-03",
        "S180303",
        "3180303",
        "昭和18年3月3日",
        "昭和十八年三月三日",
        "昭18.3.3",
        "Ｓ１８．３．３",
        "昭和１８年　３月　３日",
        "㍼18年3月3日生",
        "1943-03-03",
        "1943/3/3",
        "1943年3月3日",
        "西暦1943年3月3日",
        "19430303",
        "1943ー03ー03",
        "1943.3.3",
    ],
)
def test_a_whole_date_in_every_manner(text: str) -> None:
    birth = parse_birth(text, ON)
    assert birth.day == date(1943, 3, 3)
    assert birth.precision is Precision.DAY
    assert not birth.estimated
    assert birth.said == text


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "precision"),
    [
        ("昭和18年", date(1943, 1, 1), date(1943, 12, 31), "year"),
        ("S18", date(1943, 1, 1), date(1943, 12, 31), "year"),
        ("1943", date(1943, 1, 1), date(1943, 12, 31), "year"),
        ("1943年", date(1943, 1, 1), date(1943, 12, 31), "year"),
        ("1943-03", date(1943, 3, 1), date(1943, 3, 31), "month"),
        ("昭和18年2月", date(1943, 2, 1), date(1943, 2, 28), "month"),
        ("昭和64年", date(1989, 1, 1), date(1989, 1, 7), "year"),
        ("平成元年", date(1989, 1, 8), date(1989, 12, 31), "year"),
        ("令和元年", date(2019, 5, 1), date(2019, 12, 31), "year"),
        ("昭和元年", date(1926, 12, 25), date(1926, 12, 31), "year"),
        ("令和8年", date(2026, 1, 1), ON, "year"),
        ("昭和10年代", date(1935, 1, 1), date(1944, 12, 31), "decade"),
        ("1940年代", date(1940, 1, 1), date(1949, 12, 31), "decade"),
    ],
)
def test_a_date_in_part(text: str, earliest: date, latest: date, precision: str) -> None:
    birth = parse_birth(text, ON)
    assert (birth.earliest, birth.latest, birth.precision) == (earliest, latest, precision)


@pytest.mark.parametrize(
    ("text", "ages", "shown"),
    [
        ("84", (83, 85), 84),
        ("84歳", (83, 85), 84),
        ("満８４才", (83, 85), 84),
        ("80代", (80, 89), 85),
        ("80歳代", (80, 89), 85),
        ("53くらい", (48, 58), 53),
        ("約53歳", (48, 58), 53),
        ("53歳(推定)", (48, 58), 53),
        ("about 53", (48, 58), 53),
        ("五十三歳", (52, 54), 53),
        ("生後8か月", (0, 0), 0),
        ("0歳", (0, 1), 1),
    ],
)
def test_an_age(text: str, ages: tuple[int, int], shown: int) -> None:
    birth = parse_birth(text, ON)
    assert age_range(birth, ON) == ages
    assert birth.estimated
    assert shown_age(birth, ON) == shown
    assert birth.day is None


@pytest.mark.parametrize("text", ["", "  ", "不明", "不詳", "？", "-", "Unknown", "わからない"])
def test_unknown(text: str) -> None:
    birth = parse_birth(text, ON)
    assert birth is UNKNOWN_BIRTH
    assert not birth.known
    assert shown_age(birth, ON) is None
    assert age_range(birth, ON) == (0, OLDEST_AGE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("昭和65年", "昭和65年はありません。昭和は64年までです(平成2年かもしれません)。"),
        ("S99.1.1", "昭和は64年まで"),
        ("平成32年", "平成は31年までです(令和2年かもしれません)"),
        ("平成0年", "最初の年は平成元年です"),
        ("S64.1.8", "昭和64年1月8日は昭和ではありません。平成1年です。"),
        ("平成元年1月7日", "昭和64年です"),
        ("大正15年12月25日", "昭和1年です"),
        ("M45.7.30", "大正1年です"),
        ("明治元年1月1日", "西暦1868年です"),
        ("1943-02-30", "2月は28日まで"),
        ("昭和18年13月1日", "13月はありません"),
        ("H31.4.31", "4月は30日まで"),
        ("2026-06-19", "未来"),
        ("9999", "未来"),
        ("1800", "130歳を超えます"),
        ("131歳", "131歳という年齢"),
        ("0000-01-01", "西暦0年"),
        ("3月3日", "読めません"),
        ("昭和", "読めません"),
        ("母の誕生日", "読めません"),
        ("1" * 41, "長すぎます"),
    ],
)
def test_what_cannot_be_is_named(text: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_birth(text, ON)
    assert words in refused.value.text.format(**refused.value.params)
    assert refused.value.field == "birth"


@given(DAYS)
def test_every_day_reads_back_from_wareki(day: date) -> None:
    for text in (short_wareki(day), wareki(day, weekday=False), day.isoformat(), day.strftime("%Y%m%d")):
        assert parse_birth(text, ON).day == day


@given(st.sampled_from(ERAS), st.integers(0, 99), st.integers(1, 12), st.integers(1, 31))
def test_a_day_in_an_era_is_that_day_or_refused(era: Era, year: int, month: int, day: int) -> None:
    try:
        birth = parse_birth(f"{era.letter}{year}.{month}.{day}", ON)
    except Refused:
        return
    assert birth.day is not None
    assert era_of(birth.day) == (era, year)
    assert (birth.day.month, birth.day.day) == (month, day)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        birth = parse_birth(text, ON)
    except Refused as refusal:
        said = refusal.text.format(**refusal.params)
    else:
        said = birth.precision
        assert birth.earliest <= birth.latest
        assert not birth.known or birth.latest <= ON
    assert said


@given(st.integers(0, OLDEST_AGE - 6), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_an_age_told_stays_within_its_margin(years: int, on: date) -> None:
    youngest, oldest = age_range(parse_birth(f"{years}歳", on), on)
    assert (youngest, oldest) == (max(0, years - 1), years + 1)
    assert age_range(parse_birth(f"{years}歳くらい", on), on) == (max(0, years - 5), years + 5)


@given(st.integers(0, 120), st.integers(0, 10), TODAYS)
def test_the_interval_of_an_age_is_exact(low: int, width: int, on: date) -> None:
    earliest, latest = born_when_aged(low, low + width, on)
    assert (age(latest, on), age(earliest, on)) == (low, low + width)
    assert age(latest + timedelta(days=1), on) == low - 1 or latest == on
    assert age(earliest - timedelta(days=1), on) == low + width + 1


@given(DAYS, TODAYS)
def test_the_law_counts_one_day_earlier(born: date, on: date) -> None:
    assert legal_age(born, on) == age(born, on + timedelta(days=1))
    assert legal_age(born, on) - age(born, on) in {0, 1}


def test_an_age_on_a_leap_day() -> None:
    assert born_when_aged(1, 1, date(2024, 2, 29)) == (date(2022, 3, 1), date(2023, 2, 28))
    assert born_when_aged(4, 4, date(2024, 2, 29)) == (date(2019, 3, 1), date(2020, 2, 29))


def test_the_law_by_its_examples() -> None:
    assert legal_age(date(2020, 4, 1), date(2026, 3, 31)) == 6
    assert age(date(2020, 4, 1), date(2026, 3, 31)) == 5
    assert legal_age(date(2000, 2, 29), date(2025, 2, 28)) == 25
    assert age(date(2000, 2, 29), date(2025, 2, 28)) == 24
    assert age(date(2000, 2, 29), date(2025, 3, 1)) == 25
    assert legal_age(date(2000, 2, 29), date(2024, 2, 27)) == 23
    assert legal_age(date(2000, 2, 29), date(2024, 2, 28)) == 24


@given(DAYS, st.integers(0, 4000), st.integers(0, 130), st.integers(0, 130), TODAYS)
def test_between_is_yes_only_when_every_day_fits(first: date, days: int, one: int, other: int, on: date) -> None:
    low, high = sorted((one, other))
    birth = Birth(first, first + timedelta(days=days), Precision.YEAR)
    fits = {low <= max(0, age(day, on)) <= high for day in (birth.earliest, birth.latest)}
    answer = age_between(birth, low, high, on)
    if answer is Truth.YES:
        assert fits == {True}
    elif answer is Truth.NO:
        assert fits == {False}
    assert age_below(birth, low, on) is not Truth.YES or age_at_least(birth, low, on) is Truth.NO


def test_an_interval_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="end before"):
        Birth(date(2000, 1, 2), date(2000, 1, 1), Precision.DAY)
    assert Birth.on(ON).day == ON
    assert Birth.on(ON).may_equal(UNKNOWN_BIRTH)
    assert not Birth.on(ON).may_equal(Birth.on(date(2000, 1, 1)))
