"""Urgency, words, screening: what is proposed, refused and allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.screening import ScreeningRequest, ScreeningState, screen, screening_needs, screening_state
from services.intake.rules.types import find_types
from services.intake.rules.urgency import first_contact_due, propose_urgency, sight_check_due
from services.intake.rules.urgent_words import find_words
from services.intake.tests.rule_facts import BOOK, ON, home, person
from shared.clock import TOKYO
from shared.errors import Refused

THURSDAY = datetime(2026, 6, 18, 10, 14, tzinfo=TOKYO)


def _proposed(**around: Any) -> tuple[str, bool]:
    household = home(person("self", "40"), **around)
    found = propose_urgency(household, find_types(household, ON, BOOK), THURSDAY, BOOK)
    assert found.reasons
    return found.level, found.sight_check_due is not None


@pytest.mark.parametrize(
    ("around", "level", "sight"),
    [
        ({}, "D", False),
        ({"worries": frozenset({"job_search"})}, "C", False),
        ({"concerns": frozenset({"budgeting"})}, "C", False),
        ({"worries": frozenset({"violence"})}, "B", False),
        ({"worries": frozenset({"no_food"})}, "A", False),
        ({"safety_flags": frozenset({"suicide"})}, "A", False),
        ({"safety_flags": frozenset({"violence"})}, "B", False),
        ({"safety_flags": frozenset({"animals"})}, "D", False),
        ({"safety_flags": frozenset({"abuse_child"})}, "A", True),
        ({"notes": frozenset({"bruise"})}, "A", True),
        ({"notes": frozenset({"shouting"})}, "B", False),
        ({"notes": frozenset({"suicide"})}, "A", False),
        ({"rent_arrears_months": 3}, "B", False),
    ],
)
def test_proposals(around: dict[str, Any], level: str, sight: bool) -> None:
    assert _proposed(**around) == (level, sight)


def test_the_story_is_urgent_b_and_a_possible_type_counts_less() -> None:
    mother, son = person("mother", "S17.3.3"), person("eldest_son", "56", work="not_working")
    certain = home(mother, son, worries=frozenset({"income"}))
    found = propose_urgency(certain, find_types(certain, ON, BOOK), THURSDAY, BOOK)
    assert found.level == "B"
    assert found.reasons[0].values == {"type": "T8050"}
    unsure = home(mother, person("eldest_son", "56"))
    assert propose_urgency(unsure, find_types(unsure, ON, BOOK), THURSDAY, BOOK).level == "C"


@pytest.mark.parametrize(
    ("level", "received", "due"),
    [
        ("A", THURSDAY, datetime(2026, 6, 18, 17, 15, tzinfo=TOKYO)),
        ("A", datetime(2026, 6, 18, 20, 0, tzinfo=TOKYO), datetime(2026, 6, 19, 0, 0, tzinfo=TOKYO)),
        ("B", THURSDAY, datetime(2026, 6, 23, 17, 15, tzinfo=TOKYO)),
        ("C", THURSDAY, datetime(2026, 7, 2, 17, 15, tzinfo=TOKYO)),
        ("D", THURSDAY, datetime(2026, 7, 31, 17, 15, tzinfo=TOKYO)),
        ("B", datetime(2026, 12, 28, 9, 0, tzinfo=TOKYO), datetime(2027, 1, 6, 17, 15, tzinfo=TOKYO)),
        ("B", datetime(2026, 6, 18, 23, 30, tzinfo=UTC), datetime(2026, 6, 24, 17, 15, tzinfo=TOKYO)),
    ],
)
def test_clocks_know_working_days(level: str, received: datetime, due: datetime) -> None:
    assert first_contact_due(level, received, BOOK) == due


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)), st.sampled_from("ABCD"))  # noqa: DTZ001 - made aware below
def test_no_clock_is_late_at_birth(moment: datetime, level: str) -> None:
    received = moment.replace(tzinfo=TOKYO)
    assert first_contact_due(level, received, BOOK) > received
    assert sight_check_due(received) - received == timedelta(hours=48)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("きのう母に会ったら腕にあざがあった。夜に弟のどなり声がする", {"bruise", "shouting"}),
        ("ＤＶを受けている", {"dv"}),
        ("もう 死に たい", {"suicide"}),
        ("色あざやかなDVDを見た", set()),
        ("セルフネグレクト気味", set()),
        ("電気が止まって何も食べていない", {"no_food", "lifeline"}),
        ("包丁を研いでいた", set()),
        ("包丁を持って「殺す」と言った", {"kill"}),
        ("", set()),
    ],
)
def test_words_that_must_not_be_overlooked(text: str, codes: set[str]) -> None:
    assert {found.word.code for found in find_words(text, BOOK.words)} == codes


def test_a_found_word_shows_what_stands_around_it() -> None:
    (found,) = find_words("母の腕にあざがあった", BOOK.words)
    assert "腕にあざが" in found.around


@pytest.mark.parametrize("text", ["虐待", "なぐられた", "自殺"])
@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_word_is_found_wherever_it_stands(text: str, before: str, after: str) -> None:
    assert find_words(f"{before}。{text}。{after}", BOOK.words)


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (ScreeningRequest("information_only", "C"), []),
        (ScreeningRequest("information_only", "A"), ["result"]),
        (ScreeningRequest("information_only", "B", abuse_suspected=True), ["result"]),
        (ScreeningRequest("broken_off", "C"), ["reason"]),
        (ScreeningRequest("broken_off", "C", reason="連絡がとれない"), []),
        (ScreeningRequest("other_service", "C"), ["agency"]),
        (ScreeningRequest("other_service", "A", agency="hokatsu-n"), []),
        (ScreeningRequest("toward_consent", "A", abuse_suspected=True), []),
        (ScreeningRequest("plan", "C", consents=("refused",)), ["result"]),
        (ScreeningRequest("plan", "C", consents=("refused", "oral")), []),
        (ScreeningRequest("a dream", "C"), ["result"]),
        (ScreeningRequest(None, "C"), []),
        (ScreeningRequest("plan", "E"), ["urgency"]),
    ],
)
def test_what_a_screening_needs(request_: ScreeningRequest, fields: list[str]) -> None:
    assert [name for name, _ in screening_needs(request_, BOOK)] == fields
    if fields:
        with pytest.raises(Refused) as refused:
            screen(request_, BOOK)
        assert refused.value.field == fields[0]
    else:
        assert screen(request_, BOOK).state is screening_state(request_.result, BOOK)


def test_where_a_consultation_stands() -> None:
    states = {result: screening_state(result, BOOK) for result in (None, *BOOK.screening)}
    assert states == {
        None: ScreeningState.OPEN,
        "information_only": ScreeningState.ENDED,
        "other_service": ScreeningState.HANDED_ON,
        "toward_consent": ScreeningState.CONTINUED,
        "plan": ScreeningState.CONTINUED,
        "broken_off": ScreeningState.ENDED,
    }
    assert screen(ScreeningRequest("toward_consent", "C"), BOOK).opens_case
    assert not screen(ScreeningRequest("information_only", "C"), BOOK).opens_case
