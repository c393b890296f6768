"""What stands out in a week's log: a table for each rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from shared.audit.unusual import (
    GLASS,
    RULES,
    Finding,
    Look,
    Pair,
    Thresholds,
    at_odd_hours,
    each,
    in_order,
    is_odd,
    many_in_a_row,
    much_taken_out,
    of_pairs,
    of_protected,
    pairs_of,
    usual_hour,
    week_of,
    without_relation,
)
from shared.audit.weekly import Week, without_households
from shared.clock import TOKYO

_NAMES = UUID("b7a0b7a0-0000-4000-8000-000000000002")
MONDAY = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)  # 10:00 in Tokyo
LIMITS = Thresholds(many=3, usual_factor=2, odd_hours=2, no_relation=2, taken_out=2)


def named(name: str) -> UUID:
    return uuid5(_NAMES, name)


def look(post: str, household: str | None, *, minutes: int = 0, action: str = "view", at: datetime = MONDAY) -> Look:
    return Look(
        at=at + timedelta(minutes=minutes),
        post=named(post),
        action=action,
        household=named(household) if household else None,
    )


def told(findings: list[Finding]) -> set[tuple[UUID, UUID | None, int]]:
    return {(one.post, one.household, one.times) for one in findings}


@pytest.mark.parametrize(
    ("day", "monday", "sunday"),
    [
        (date(2026, 6, 15), date(2026, 6, 15), date(2026, 6, 21)),
        (date(2026, 6, 21), date(2026, 6, 15), date(2026, 6, 21)),
        (date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 3)),
    ],
)
def test_the_week_of_a_day(day: date, monday: date, sunday: date) -> None:
    assert week_of(day) == (monday, sunday)


@pytest.mark.parametrize(
    ("households", "usual", "listed"),
    [
        (2, 0.0, False),  # fewer than three
        (3, 0.0, True),
        (3, 1.5, True),  # twice the usual
        (3, 2.0, False),  # much, and usual for them
        (4, 2.0, True),
    ],
)
def test_many_in_a_row(households: int, usual: float, listed: bool) -> None:
    looks = [look("a", f"h{n}", minutes=n) for n in range(households)]
    found = many_in_a_row(looks, {named("a"): usual}, LIMITS)
    assert told(found) == ({(named("a"), None, households)} if listed else set())


def test_many_counts_households_within_one_hour_of_one_post() -> None:
    same = [look("a", "h1", minutes=n) for n in range(9)]
    spread = [look("a", f"h{n}", minutes=61 * n) for n in range(5)]
    shared = [look(f"p{n}", f"h{n}") for n in range(5)]
    nobody = [look("a", None, minutes=n) for n in range(9)]
    assert not many_in_a_row([*same, *spread, *shared, *nobody], {}, LIMITS)


def test_what_is_usual_is_the_median_of_busy_hours() -> None:
    hours = [look("a", f"h{n}", minutes=60 * hour) for hour, count in enumerate((1, 2, 9)) for n in range(count)]
    assert usual_hour(hours) == {named("a"): 2}
    assert usual_hour([]) == {}


@pytest.mark.parametrize(
    ("moment", "odd"),
    [
        (datetime(2026, 6, 18, 7, 0, tzinfo=TOKYO), False),
        (datetime(2026, 6, 18, 6, 59, tzinfo=TOKYO), True),
        (datetime(2026, 6, 18, 19, 59, tzinfo=TOKYO), False),
        (datetime(2026, 6, 18, 20, 0, tzinfo=TOKYO), True),
        (datetime(2026, 6, 20, 10, 0, tzinfo=TOKYO), True),  # a Saturday
        (datetime(2026, 7, 20, 10, 0, tzinfo=TOKYO), True),  # 海の日
        (datetime(2026, 12, 30, 10, 0, tzinfo=TOKYO), True),  # the ward is closed
    ],
)
def test_odd_hours_are_those_of_tokyo(moment: datetime, odd: bool) -> None:
    assert is_odd(moment.astimezone(UTC), LIMITS) is odd


@pytest.mark.parametrize(("times", "listed"), [(1, False), (2, True), (3, True)])
def test_often_at_odd_hours(times: int, listed: bool) -> None:
    night = MONDAY + timedelta(hours=13)
    looks = [look("a", f"h{n}", at=night, minutes=n) for n in range(times)] + [look("a", "day")] * 5
    assert told(at_odd_hours(looks, LIMITS)) == ({(named("a"), None, times)} if listed else set())


def test_each_broken_glass_is_listed() -> None:
    looks = [look("a", "h1", action="glass_asked"), look("a", "h1", action="glass_asked"), look("b", "h2")]
    assert told(each("broken_glass", looks, GLASS)) == {(named("a"), named("h1"), 2)}


def test_protected_households_are_listed_for_whoever_has_no_part() -> None:
    looks = [look("a", "safe"), look("b", "safe"), look("b", "open")]
    found = of_protected(looks, {named("safe")}, {(named("a"), named("safe"))})
    assert told(found) == {(named("b"), named("safe"), 1)}


@pytest.mark.parametrize(("strange", "listed"), [(1, False), (2, True)])
def test_without_relation(strange: int, listed: bool) -> None:
    looks = [look("a", f"h{n}") for n in range(strange)] + [look("a", "own")] * 4 + [look("a", None)] * 4
    found = without_relation(looks, {(named("a"), named("own"))}, LIMITS)
    assert told(found) == ({(named("a"), None, strange)} if listed else set())


@pytest.mark.parametrize(("households", "listed"), [(1, False), (2, True)])
def test_much_taken_out(households: int, listed: bool) -> None:
    looks = [look("a", f"h{n}", action="export") for n in range(households)] + [look("a", f"v{n}") for n in range(9)]
    assert told(much_taken_out(looks, LIMITS)) == ({(named("a"), None, households)} if listed else set())


def test_pairs_and_what_is_asked_of_them() -> None:
    looks = [look("a", "h1"), look("a", "h1", minutes=5), look("a", None), look("b", "h2")]
    pairs = pairs_of(looks)
    assert {(one.post, one.household, one.times) for one in pairs} == {
        (named("a"), named("h1"), 2),
        (named("b"), named("h2"), 1),
    }
    found = of_pairs("same_name", pairs, lambda pair: pair.post == named("a"))
    assert [(one.rule, one.household, one.times) for one in found] == [("same_name", named("h1"), 2)]
    assert (found[0].first_at, found[0].last_at) == (MONDAY, MONDAY + timedelta(minutes=5))


def test_the_gravest_come_first() -> None:
    findings = [
        Finding(rule=rule, post=named("a"), times=times, first_at=MONDAY, last_at=MONDAY)
        for rule in reversed(RULES)
        for times in (1, 5)
    ]
    assert [one.rule for one in in_order(findings)][::2] == list(RULES)
    assert [one.times for one in in_order(findings)][:2] == [5, 1]


def test_who_leads_an_agency_sees_its_posts_and_no_household() -> None:
    first, later = MONDAY, MONDAY + timedelta(days=1)
    findings = [
        Finding(rule="protected", post=named("a"), household=named("h1"), times=2, first_at=first, last_at=first),
        Finding(rule="protected", post=named("a"), household=named("h2"), times=1, first_at=later, last_at=later),
        Finding(rule="protected", post=named("z"), household=named("h3"), times=1, first_at=first, last_at=first),
    ]
    pair = Pair(post=named("a"), household=named("h1"), times=1, first_at=first, last_at=first)
    left = without_households(Week(service="intake", findings=findings, pairs=[pair]), {named("a")})
    assert left.pairs == []
    assert [one.model_dump() for one in left.findings] == [
        {
            "rule": "protected",
            "post": named("a"),
            "household": None,
            "times": 3,
            "first_at": first,
            "last_at": later,
        }
    ]
    assert findings[0].key == ("protected", named("a"), named("h1"))
