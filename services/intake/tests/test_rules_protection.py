"""The rules of protection as tables: how much is seen, what is due, who may be the second person."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.protection import (
    PASSED,
    Asked,
    ProtectionRules,
    Sight,
    Somebody,
    answer_request,
    demand_end_day,
    demand_renewal,
    demand_request,
    may_answer,
    may_be_second,
    sight,
    warning_now,
)
from services.intake.rules.rights import Part
from shared.errors import Conflict, Forbidden, Refused

TODAY = date(2026, 6, 18)
NOW = datetime(2026, 6, 18, 3, 0, tzinfo=UTC)
RULES = ProtectionRules()


def _who(
    role: str = "caseworker", agency: str = "sukoyaka-c", *, person: UUID | None = None, post: UUID | None = None
) -> Somebody:
    return Somebody(
        post or uuid4(), person or uuid4(), agency, role,
        coordinates=role in {"coordinator", "manager"}, works_cases=role not in {"operator", "auditor"},
    )  # fmt: skip


def look(parts: set[Part], *facts: str) -> Sight:
    """What is seen with ``parts`` where these facts hold, and no other."""
    names = ("kept_back", "listed", "let_in", "home_only", "split", "part")
    assert set(facts) <= set(names)
    return sight(parts, **{name: name in facts for name in names})


@pytest.mark.parametrize(
    ("facts", "seen"),
    [
        ("", Sight.ALL),
        ("kept_back listed", Sight.ALL),
        ("kept_back listed home_only split", Sight.ALL),
        ("kept_back let_in", Sight.ALL),
        ("kept_back home_only split part", Sight.HOME),
        ("kept_back home_only", Sight.MASKED),  # the split is over: the list for one side opens nothing
        ("kept_back split part", Sight.MASKED),
        ("kept_back part", Sight.MASKED),
        ("kept_back split", Sight.NUMBER),
        ("kept_back", Sight.NUMBER),
    ],
)
def test_how_much_is_seen(facts: str, seen: Sight) -> None:
    assert look({"listed", "label", "contact", "told"}, *facts.split()) is seen


@pytest.mark.parametrize(
    ("parts", "facts", "seen"),
    [
        ({"contact"}, "", Sight.CONTACT),
        ({"contact"}, "kept_back listed", Sight.CONTACT),
        (set(), "kept_back listed", Sight.CONTACT),  # the list is about who and where; what was told is the levels'
        ({"contact"}, "kept_back let_in", Sight.ALL),
        ({"contact", "receipt"}, "", Sight.CONTACT),
        ({"receipt"}, "", Sight.RECEIPT),
        ({"receipt"}, "kept_back part", Sight.MASKED),
        ({"listed"}, "", Sight.NUMBER),
        ({"label"}, "", Sight.NUMBER),
    ],
)
def test_a_level_shows_no_more_than_its_parts(parts: set[Part], facts: str, seen: Sight) -> None:
    assert look(parts, *facts.split()) is seen


def test_nothing_but_a_list_opens_what_is_kept_back() -> None:
    for some in itertools.product(("", "home_only"), ("", "split"), ("", "part")):
        assert look({"contact", "told"}, "kept_back", *filter(None, some)) not in {Sight.ALL, Sight.CONTACT}


@pytest.mark.parametrize(
    ("ends_in", "warned", "due"),
    [
        (None, None, None), (61, None, None), (60, None, 60), (45, None, 60), (45, 60, None), (30, 60, 30),
        (30, 30, None), (7, 30, 7), (0, 7, None), (0, None, 7), (-1, 7, PASSED), (-400, PASSED, None),
        (5, None, 7), (-3, None, PASSED),
    ],
)  # fmt: skip
def test_warnings_are_given_once_each_and_the_latest_counts(
    ends_in: int | None, warned: int | None, due: int | None
) -> None:
    ends_on = None if ends_in is None else TODAY + timedelta(days=ends_in)
    assert warning_now(ends_on, warned, TODAY, RULES) == due


@given(st.integers(-800, 800))
def test_day_by_day_each_warning_comes_at_most_once(start: int) -> None:
    ends_on, warned, given_ = TODAY, None, []
    for day in range(start, 400):
        due = warning_now(ends_on, warned, TODAY + timedelta(days=day), RULES)
        if due is not None:
            given_.append(due)
            warned = due
    assert given_ == sorted(set(given_), reverse=True)
    assert set(given_) <= {60, 30, 7, PASSED}


@pytest.mark.parametrize(
    ("ends_in", "refused"), [(None, False), (1, False), (1098, False), (0, True), (-1, True), (1099, True)]
)
def test_the_end_of_a_measure(ends_in: int | None, refused: bool) -> None:
    day = None if ends_in is None else TODAY + timedelta(days=ends_in)
    if refused:
        with pytest.raises(Refused) as told:
            demand_end_day(day, TODAY, RULES)
        assert told.value.field == "ends_on"
    else:
        demand_end_day(day, TODAY, RULES)


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (None, 365, False), (31, 396, False), (-10, 355, False), (0, 365, False),
        (32, 397, True),  # too early
        (20, 20, True), (20, 19, True),  # no renewal
        (20, None, True), (-10, -5, True),
    ],
)  # fmt: skip
def test_renewal_from_a_month_before(before: int | None, after: int | None, refused: bool) -> None:
    old = None if before is None else TODAY + timedelta(days=before)
    new = None if after is None else TODAY + timedelta(days=after)
    if refused:
        with pytest.raises(Refused):
            demand_renewal(old, new, TODAY, RULES)
    else:
        assert demand_renewal(old, new, TODAY, RULES) == new


ASKER = _who()


@pytest.mark.parametrize(
    ("second", "may"),
    [
        (_who(), True),
        (_who("agency_worker"), True),
        (_who("outreach_lead"), True),
        (_who("outreach_worker"), False),
        (_who("caseworker", "sukoyaka-n"), False),
        (_who("coordinator", "coordination"), True),
        (_who("manager", "chiiki"), True),
        (_who("manager", "chiiki", person=ASKER.person), False),  # another post of the same person
        (_who(person=ASKER.person), False),
        (_who("operator"), False),
        (_who("auditor"), False),
    ],
)
def test_who_may_be_the_second(second: Somebody, may: bool) -> None:
    assert may_be_second(ASKER, second) is may
    if may:
        demand_request(ASKER, second, "救急搬送")
    else:
        with pytest.raises(Refused) as told:
            demand_request(ASKER, second, "救急搬送")
        assert told.value.field == "second"


def test_a_request_needs_reason_and_second() -> None:
    for second, reason, field in ((_who(), "", "reason"), (None, "救急搬送", "second")):
        with pytest.raises(Refused) as told:
            demand_request(ASKER, second, reason)
        assert told.value.field == field


SECOND = _who()


def _asked(**more: object) -> Asked:
    return Asked(**{"asker": ASKER, "second": SECOND.post, "asked_at": NOW} | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("who", "minutes", "may"),
    [
        (SECOND, 0, True),
        (SECOND, 119, True),
        (SECOND, 120, False),
        (_who(), 5, False),
        (_who("manager", "chiiki"), 9, False),
        (_who("manager", "chiiki"), 10, True),
        (_who("coordinator", "coordination"), 10, True),
        (_who("manager", "chiiki", person=ASKER.person), 60, False),
        (ASKER, 60, False),
        (_who(person=ASKER.person, post=SECOND.post), 1, False),
    ],
)
def test_who_may_answer_and_when(who: Somebody, minutes: int, may: bool) -> None:
    moment = NOW + timedelta(minutes=minutes)
    assert may_answer(_asked(), who, moment, RULES) is may
    if may:
        assert answer_request(_asked(), who, "approved", moment, RULES) == moment + RULES.glass
        assert answer_request(_asked(), who, "declined", moment, RULES) is None
    else:
        with pytest.raises(Refused):
            answer_request(_asked(), who, "approved", moment, RULES)


def test_an_answer_counts_once_and_nobody_answers_themself() -> None:
    with pytest.raises(Conflict):
        answer_request(_asked(answer="declined"), SECOND, "approved", NOW, RULES)
    with pytest.raises(Conflict):
        answer_request(_asked(), SECOND, "approved", NOW + RULES.lapse, RULES)
    with pytest.raises(Forbidden):
        answer_request(_asked(), ASKER, "approved", NOW, RULES)


def test_it_is_open_until_its_time_or_until_it_is_shut() -> None:
    ends = NOW + RULES.glass
    assert _asked(answer="approved", ends_at=ends).is_open(NOW)
    assert not _asked(answer="approved", ends_at=ends).is_open(ends)
    assert not _asked(answer="approved", ends_at=ends, shut_at=NOW).is_open(NOW)
    assert not _asked().is_open(NOW)


def test_the_ward_sets_the_numbers_and_nonsense_changes_nothing() -> None:
    own = ProtectionRules.of(
        {"warn_days": {"days": [14, 90]}, "glass_minutes": {"minutes": 30}, "longest_days": {"days": "many"}}
    )
    assert own.warn_days == (90, 14)
    assert own.glass == timedelta(minutes=30)
    assert own.longest_days == RULES.longest_days
    assert ProtectionRules.of({"warn_days": {"days": "60"}, "renew_days": {"days": -1}}) == RULES
    assert ProtectionRules.of({}) == RULES
