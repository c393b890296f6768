from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.kleene import UNKNOWN, Truth, every, negate, rank, some, truth

TRUTHS = st.sampled_from(Truth)


def _worlds(value: Truth) -> set[bool]:
    return {Truth.YES: {True}, Truth.NO: {False}, Truth.UNKNOWN: {True, False}}[value]


@given(TRUTHS, TRUTHS)
def test_and_or_not_hold_in_every_world(a: Truth, b: Truth) -> None:
    both = {x and y for x in _worlds(a) for y in _worlds(b)}
    either = {x or y for x in _worlds(a) for y in _worlds(b)}
    assert _worlds(every((a, b))) == both
    assert _worlds(some((a, b))) == either
    assert _worlds(negate(a)) == {not x for x in _worlds(a)}
    assert negate(every((a, b))) is some((negate(a), negate(b)))


def test_nothing_to_ask() -> None:
    assert every(()) is Truth.YES
    assert some(()) is Truth.NO


def test_unknown_is_a_value() -> None:
    assert truth(value=True) is Truth.YES
    assert not Truth.UNKNOWN.known
    assert Truth.NO.known
    assert repr(UNKNOWN) == "UNKNOWN"
    assert [rank(value) for value in (Truth.NO, Truth.UNKNOWN, Truth.YES)] == [0, 1, 2]
    assert Truth("unknown") is Truth.UNKNOWN
