"""Consent: which word may follow which, who must stand in, what is covered until when, what ends it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.consent import (
    Asked,
    ConsentEnd,
    ConsentFacts,
    ConsentRules,
    ConsentState,
    Reminder,
    allows,
    confirm,
    confirm_by,
    demand_days,
    demand_somebody,
    demand_whole_representative,
    ends_by_itself,
    may_share,
    may_withdraw,
    next_consent,
    remind,
    renews,
    stands,
    stops_with,
)
from shared.errors import Conflict, Refused

DAY = date(2026, 6, 18)
WEEK = timedelta(days=7)
RULES = ConsentRules()
REMINDERS = (
    Reminder("oral_7", days_after_oral=7),
    Reminder("oral_12", days_after_oral=12),
    Reminder("end_30", days_before_end=30),
)


def _step(before: str | None, state: str) -> str:
    return next_consent(before, state, DAY, purposes=("support",), recipients=("hokatsu-n",)).state


@pytest.mark.parametrize(
    ("before", "state", "words"),
    [
        (None, "withdrawn", "同意がない"),
        ("refused", "withdrawn", "同意がない"),
        ("withdrawn", "withdrawn", "すでに撤回"),
        ("signed", "refused", "「撤回」を記録"),
        ("oral", "considering", "「撤回」を記録"),
        ("considering", "not_contacted", "戻せません"),
        (None, "perhaps", "一覧から"),
    ],
)
def test_steps_that_make_no_sense(before: str | None, state: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        _step(before, state)
    assert refused.value.field == "state"
    assert isinstance(refused.value, Conflict) == (before == state == "withdrawn")


@pytest.mark.parametrize(
    ("before", "state"),
    [
        (None, "signed"),
        (None, "not_contacted"),
        ("not_contacted", "oral"),
        ("cannot_judge", "signed"),
        ("refused", "considering"),
        ("oral", "signed"),
        ("oral", "withdrawn"),
        ("signed", "oral"),
        ("withdrawn", "signed"),
        ("withdrawn", "cannot_judge"),
    ],
)
def test_steps_that_do(before: str | None, state: str) -> None:
    assert _step(before, state) == state


def test_a_yes_needs_a_purpose_and_recipients() -> None:
    with pytest.raises(Refused) as purpose:
        next_consent(None, "signed", DAY, recipients=("x",))
    assert purpose.value.field == "purposes"
    with pytest.raises(Refused) as recipients:
        next_consent(None, "oral", DAY, purposes=("support",))
    assert recipients.value.field == "recipients"
    assert next_consent(None, "refused", DAY).confirm_by is None
    assert next_consent(None, "oral", DAY, purposes=("support",), recipients=("x",)).confirm_by == date(2026, 7, 2)
    three = ConsentRules(confirm_within=timedelta(days=3))
    assert confirm_by("oral", DAY, three) == date(2026, 6, 21)
    assert confirm_by("signed", DAY, three) is None


def test_the_wards_rules_are_dated() -> None:
    sets: list[dict[str, Any]] = [
        {"valid_from": "2026-04-01", "confirm_within_days": 14, "alone_from": 18},
        {"valid_from": "2027-04-01", "confirm_within_days": 10, "usual_days": 180, "represented_below": 13},
    ]
    assert ConsentRules.from_lists(sets, DAY) == ConsentRules()
    later = ConsentRules.from_lists(sets, date(2027, 4, 1))
    assert later == ConsentRules(timedelta(days=10), timedelta(days=180), 18, 13)
    assert ConsentRules.from_lists([], DAY) == ConsentRules()


@pytest.mark.parametrize(
    ("explained_on", "ends_on", "field"),
    [
        (DAY, None, None),
        (DAY - WEEK, DAY, None),
        (DAY + timedelta(days=1), None, "explained_on"),
        (DAY, DAY - timedelta(days=1), "ends_on"),
    ],
)
def test_days(explained_on: date, ends_on: date | None, field: str | None) -> None:
    if field is None:
        demand_days(explained_on=explained_on, ends_on=ends_on, today=DAY)
        return
    with pytest.raises(Refused) as refused:
        demand_days(explained_on=explained_on, ends_on=ends_on, today=DAY)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("ages", "could_not_judge", "understood", "represented", "refused"),
    [
        ((40, 40), False, False, False, None),
        ((18, 18), False, False, False, None),
        ((0, 130), False, False, False, None),  # nobody knows how old: that asks for nothing
        ((14, 18), False, False, False, None),
        ((10, 10), False, False, False, "15歳"),
        ((10, 10), False, True, False, "15歳"),
        ((10, 10), False, False, True, None),
        ((15, 15), False, False, False, "18歳"),
        ((17, 17), False, True, False, None),
        ((16, 17), False, False, True, None),
        ((84, 84), True, False, False, "判断がむずかしい"),
        ((84, 84), True, True, False, None),
        ((84, 84), True, False, True, None),
        ((14, 14), True, True, False, "15歳"),
    ],
)
def test_who_must_stand_in(
    ages: tuple[int, int], could_not_judge: bool, understood: bool, represented: bool, refused: str | None
) -> None:
    asked = Asked(ages, could_not_judge=could_not_judge, understood=understood, represented=represented)
    if refused is None:
        demand_somebody(asked, RULES)
        return
    with pytest.raises(Refused) as error:
        demand_somebody(asked, RULES)
    assert error.value.field == "representative_name"
    assert refused in error.value.text.format(**error.value.params)


@pytest.mark.parametrize(
    ("name", "relation", "ground", "field"),
    [
        ("大槻 花子", "parent", "parental_authority", None),
        ("", None, None, None),
        (" ", None, None, None),
        ("", "parent", None, "representative_name"),
        ("大槻 花子", None, "guardian", "representative_relation"),
        ("大槻 花子", "parent", None, "representative_ground"),
    ],
)
def test_a_representative_is_named_whole(
    name: str, relation: str | None, ground: str | None, field: str | None
) -> None:
    if field is None:
        assert demand_whole_representative(name, relation, ground) == bool(name.strip())
        return
    with pytest.raises(Refused) as refused:
        demand_whole_representative(name, relation, ground)
    assert refused.value.field == field


def _consent(state: str, **more: Any) -> ConsentFacts:
    values: dict[str, Any] = {
        "purposes": frozenset({"support"}),
        "recipients": frozenset({"hokatsu-n"}),
        "items": frozenset({"care", "health"}),
        "confirm_by": confirm_by(state, DAY),
    }
    return ConsentFacts(state, DAY, **(values | more))


def _shares(consent: ConsentFacts, on: date = DAY, **more: Any) -> bool:
    asked: dict[str, Any] = {"recipient": "hokatsu-n", "purpose": "support", "items": ("care",), "on": on}
    return may_share(consent, **(asked | more))


def test_what_a_consent_covers() -> None:
    signed = _consent("signed", ends_on=date(2026, 12, 31))
    assert _shares(signed)
    assert _shares(signed, date(2026, 12, 31))
    assert not _shares(signed, date(2027, 1, 1))
    assert not _shares(signed, date(2026, 6, 17))
    assert not _shares(signed, recipient="shakyo")
    assert not _shares(signed, purpose="disaster")
    assert not _shares(signed, items=("care", "economy"))
    assert not _shares(_consent("signed", ended=True))
    of_kind = _consent("signed", recipients=frozenset({"hokatsu"}))
    assert _shares(of_kind, kind="hokatsu")
    assert not _shares(of_kind)
    assert _shares(_consent("oral"), DAY + RULES.confirm_within)
    assert not _shares(_consent("oral"), DAY + RULES.confirm_within + timedelta(days=1))
    for state in set(ConsentState) - {ConsentState.SIGNED, ConsentState.ORAL}:
        assert not _shares(_consent(state))


@pytest.mark.parametrize(
    ("consent", "words"),
    [
        (_consent("oral"), None),
        (_consent("considering"), None),
        (_consent("signed"), "もう署名"),
        (_consent("refused"), "口頭の同意か"),
        (_consent("oral", ended=True), "終わっています"),
        (_consent("oral", confirm_by=DAY - timedelta(days=1)), "効力がなく"),
        (_consent("considering", ends_on=DAY - timedelta(days=1)), "効力がなく"),
        (_consent("considering", recipients=frozenset()), "だれに"),
        (_consent("considering", purposes=frozenset()), "何のため"),
    ],
)
def test_a_signature_that_comes_later(consent: ConsentFacts, words: str | None) -> None:
    if words is None:
        assert confirm(consent, DAY).state is ConsentState.SIGNED
        assert confirm(consent, DAY).confirm_by is None
        return
    with pytest.raises(Refused, match=words):
        confirm(consent, DAY)


def test_only_a_yes_is_taken_back() -> None:
    may_withdraw(_consent("oral"))
    with pytest.raises(Refused, match="同意がない"):
        may_withdraw(_consent("considering"))


@pytest.mark.parametrize(
    ("consent", "days", "end"),
    [
        (_consent("oral"), 14, None),
        (_consent("oral"), 15, ConsentEnd.NOT_CONFIRMED),
        (_consent("signed"), 5000, None),
        (_consent("signed", ends_on=DAY + WEEK), 7, None),
        (_consent("signed", ends_on=DAY + WEEK), 8, ConsentEnd.PERIOD_OVER),
        (_consent("oral", ends_on=DAY + WEEK), 20, ConsentEnd.NOT_CONFIRMED),
        (_consent("oral", ended=True), 20, None),
        (_consent("refused", ends_on=DAY), 20, None),
    ],
)
def test_what_days_end(consent: ConsentFacts, days: int, end: ConsentEnd | None) -> None:
    on = DAY + timedelta(days=days)
    assert ends_by_itself(consent, on) == end
    assert stands(consent, on) == (end is None and allows(consent.state) and not consent.ended)


@pytest.mark.parametrize(
    ("new", "renewed"),
    [
        ({}, True),
        ({"items": frozenset({"care", "health", "economy"})}, True),
        ({"items": frozenset({"care"})}, False),
        ({"recipients": frozenset({"hokatsu-n", "shakyo"})}, True),
        ({"recipients": frozenset({"shakyo"})}, False),
        ({"purposes": frozenset({"disaster"})}, False),
        ({"limits": "兄には知らせない"}, True),
    ],
)
def test_what_renews_an_earlier_consent(new: dict[str, Any], renewed: bool) -> None:
    assert renews(_consent("signed", **new), _consent("oral")) == renewed


def test_a_promise_is_never_dropped_by_renewing() -> None:
    promised = _consent("oral", limits="兄には知らせない")
    assert not renews(_consent("signed"), promised)
    assert renews(_consent("signed", limits="兄には知らせない"), promised)


def test_what_stops_is_what_nothing_else_covers() -> None:
    both = _consent("signed", recipients=frozenset({"hokatsu-n", "shakyo"}))
    assert stops_with(both, [], DAY) == [("hokatsu-n", both.items), ("shakyo", both.items)]
    assert stops_with(both, [_consent("signed")], DAY) == [("shakyo", both.items)]
    assert stops_with(both, [_consent("signed", items=frozenset({"care"}))], DAY) == [
        ("hokatsu-n", frozenset({"health"})),
        ("shakyo", both.items),
    ]
    assert stops_with(both, [_consent("signed", ended=True)], DAY)[0][0] == "hokatsu-n"
    two = _consent("signed", purposes=frozenset({"support", "plan"}))
    assert stops_with(two, [_consent("signed")], DAY) == [("hokatsu-n", two.items)]
    bare = _consent("signed", items=frozenset())
    assert stops_with(bare, [], DAY) == [("hokatsu-n", frozenset())]
    assert stops_with(bare, [_consent("signed")], DAY) == []
    assert stops_with(_consent("refused"), [], DAY) == []


@pytest.mark.parametrize(
    ("consent", "told", "days", "reminder", "past"),
    [
        (_consent("oral"), (), 6, None, set()),
        (_consent("oral"), (), 7, "oral_7", {"oral_7"}),
        (_consent("oral"), ("oral_7",), 8, None, set()),
        (_consent("oral"), ("oral_7",), 12, "oral_12", {"oral_7", "oral_12"}),
        (_consent("oral"), (), 13, "oral_12", {"oral_7", "oral_12"}),  # after days of silence: the latest alone
        (_consent("oral"), (), 15, None, set()),
        (_consent("signed"), (), 700, None, set()),
        (_consent("signed", ends_on=DAY + timedelta(days=365)), (), 334, None, set()),
        (_consent("signed", ends_on=DAY + timedelta(days=365)), (), 335, "end_30", {"end_30"}),
        (_consent("signed", ends_on=DAY + WEEK), (), 0, None, set()),  # not on the very day it was given
        (_consent("signed", ends_on=DAY + WEEK), (), 1, "end_30", {"end_30"}),
        (_consent("signed", ends_on=DAY + WEEK, ended=True), (), 1, None, set()),
    ],
)
def test_reminders(
    consent: ConsentFacts, told: tuple[str, ...], days: int, reminder: str | None, past: set[str]
) -> None:
    found, last_day, all_past = remind(consent, REMINDERS, told, DAY + timedelta(days=days))
    assert (found.code if found else None) == reminder
    assert all_past == past
    if found is not None:
        assert last_day == (consent.ends_on if found.code == "end_30" else consent.confirm_by)


@given(days=st.integers(0, 800), length=st.none() | st.integers(0, 700), state=st.sampled_from(ConsentState))
def test_nobody_is_reminded_of_what_does_not_stand(days: int, length: int | None, state: ConsentState) -> None:
    ends_on = None if length is None else DAY + timedelta(days=length)
    consent, on = _consent(state, ends_on=ends_on), DAY + timedelta(days=days)
    found, last_day, _ = remind(consent, REMINDERS, (), on)
    assert found is None or (stands(consent, on) and last_day is not None and last_day >= on)
