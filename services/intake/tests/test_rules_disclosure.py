"""開示請求: the term, the steps, what of a file is about others, and that what is black is gone."""

from __future__ import annotations

from datetime import date
from typing import cast
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.disclosure import (
    BLACK,
    EVERYWHERE,
    OTHERS,
    Mark,
    Piece,
    State,
    Words,
    black_out,
    due_day,
    find_black,
    find_third_parties,
    may_become,
    occurrences,
    part_ground,
    phrases_of,
    settle_marks,
    stage,
    third_member,
)

STATES: tuple[State, ...] = ("received", "decided", "delivered", "withdrawn")
ALLOWED = {("received", "decided"), ("received", "withdrawn"), ("decided", "delivered")}


@pytest.mark.parametrize("one", STATES)
@pytest.mark.parametrize("other", STATES)
def test_the_steps_of_a_request(one: State, other: State) -> None:
    assert may_become(one, other) == ((one, other) in ALLOWED)


@pytest.mark.parametrize(
    ("received", "extension", "due"),
    [
        (date(2026, 6, 18), 0, date(2026, 7, 18)),  # 30 days, the first not counted
        (date(2026, 6, 18), 30, date(2026, 8, 17)),
        (date(2026, 12, 31), 0, date(2027, 1, 30)),
        (date(2028, 2, 1), 0, date(2028, 3, 2)),  # a leap year
    ],
)
def test_the_term(received: date, extension: int, due: date) -> None:
    assert due_day(received, 30, extension) == due


@pytest.mark.parametrize(
    ("today", "found"),
    [
        (date(2026, 7, 1), "later"),
        (date(2026, 7, 11), "soon"),
        (date(2026, 7, 18), "soon"),
        (date(2026, 7, 19), "over"),
    ],
)
def test_how_near_the_last_day_is(today: date, found: str) -> None:
    assert stage(date(2026, 7, 18), today) == found


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("大槻 健一", ["大槻 健一", "大槻健一", "健一", "大槻"]),
        ("大槻\u3000健一", ["大槻\u3000健一", "大槻健一", "健一", "大槻"]),
        ("トシ", ["トシ"]),
        ("", []),
        ("  ", []),
    ],
)
def test_how_somebody_may_be_called(name: str, phrases: list[str]) -> None:
    assert phrases_of(name) == phrases


def proposed(text: str, *, others: tuple[str, ...] = (), phones: tuple[str, ...] = ()) -> set[str]:
    words = [Words("casework:entry:1", "facts", text)]
    return {mark.phrase for mark in find_third_parties(words, others, ["大槻 トシ子", "オオツキ トシコ"], phones)}


@pytest.mark.parametrize(
    ("text", "others", "found"),
    [
        ("大槻トシ子さんと話した。", (), set()),  # herself
        ("息子の健一が出てきた。", ("大槻 健一",), {"健一"}),  # the given name; the family name is hers too
        ("大槻健一が出てきた。", ("大槻 健一",), {"大槻健一", "健一"}),
        ("佐藤さんが見かけた。", (), {"佐藤"}),  # whoever 佐藤さん is
        ("佐藤が電話した。", ("佐藤 花子",), {"佐藤"}),
        ("佐藤 花子から聞いた。", ("佐藤 花子",), {"佐藤 花子", "佐藤", "花子"}),
        ("お母さんと息子さん、隣さんも来た。", (), set()),  # nobody is named
        ("山本先生と鈴木様に聞いた。", (), {"山本", "鈴木"}),
        ("人がいた。", ("森 人",), set()),  # one letter is no name to look for
        ("", ("佐藤 花子",), set()),
    ],
)
def test_who_else_a_text_names(text: str, others: tuple[str, ...], found: set[str]) -> None:
    assert proposed(text, others=others) == found


def test_numbers_of_others_are_found_and_ones_own_are_not() -> None:
    text = "本人は03-1234-5678、娘は090-8765-4321。番号は 2026-06-18 の記録。"
    assert proposed(text, phones=("0312345678", "")) == {"090-8765-4321"}


def test_a_field_about_somebody_else_is_proposed_as_a_whole_and_its_words_are_not_searched() -> None:
    words = [
        Words("p", "caller", "鈴木さん", third=True),
        Words("p", "words", "田中さんが来る"),
        Words("p", "area", "", third=True),
    ]
    assert find_third_parties(words, [], ["大槻 トシ子"]) == [
        Mark("p", "caller", "", OTHERS),
        Mark(EVERYWHERE, "", "田中", OTHERS),
    ]


def test_what_an_officer_has_decided_stands_and_the_new_is_proposed() -> None:
    kept = Mark(EVERYWHERE, "", "佐藤", "")  # looked at, and given
    new = Mark(EVERYWHERE, "", "鈴木", OTHERS)
    assert settle_marks([Mark(EVERYWHERE, "", "佐藤", OTHERS), new], [kept]) == [(kept, False), (new, True)]


@pytest.mark.parametrize(
    ("marks", "pieces"),
    [
        ([], [Piece("佐藤さんは元気")]),
        ([Mark("p", "facts", "", "78_1_7")], [Piece(BLACK, "78_1_7")]),
        ([Mark("p", "words", "", "78_1_7")], [Piece("佐藤さんは元気")]),  # another field
        ([Mark("q", "facts", "", "78_1_7")], [Piece("佐藤さんは元気")]),  # another part
        ([Mark("p", "facts", "", "")], [Piece("佐藤さんは元気")]),  # looked at, and given
        ([Mark(EVERYWHERE, "", "佐藤", OTHERS)], [Piece(BLACK, OTHERS), Piece("さんは元気")]),
        ([Mark("p", "", "元気", OTHERS)], [Piece("佐藤さんは"), Piece(BLACK, OTHERS)]),
        ([Mark("p", "words", "元気", OTHERS)], [Piece("佐藤さんは元気")]),
        ([Mark("q", "", "元気", OTHERS)], [Piece("佐藤さんは元気")]),
        (
            [Mark(EVERYWHERE, "", "佐藤", OTHERS), Mark(EVERYWHERE, "", "佐藤さん", "78_1_7")],
            [Piece(BLACK, "78_1_7"), Piece("は元気")],  # the longest first
        ),
        ([Mark(EVERYWHERE, "", "佐藤さんは元気", OTHERS)], [Piece(BLACK, OTHERS)]),
    ],
)
def test_what_is_given_of_a_field(marks: list[Mark], pieces: list[Piece]) -> None:
    assert black_out(Words("p", "facts", "佐藤さんは元気"), marks) == pieces


@given(
    text=st.text(alphabet="佐藤花子さん元気健一 。", max_size=60),
    phrases=st.lists(st.text(alphabet="佐藤花子健一", min_size=1, max_size=4), max_size=5),
)
def test_no_phrase_is_left_and_nothing_else_is_lost(text: str, phrases: list[str]) -> None:
    pieces = black_out(Words("p", "f", text), [Mark(EVERYWHERE, "", one, OTHERS) for one in phrases])
    for piece in pieces:
        assert piece.ground or not any(one in piece.text for one in phrases)
    left = text
    for piece in pieces:
        if piece.text and not piece.ground:
            assert piece.text in left
            left = left.partition(piece.text)[2]
    if not phrases:
        assert pieces == [Piece(text)]


def test_whoever_decides_reads_what_is_to_be_black() -> None:
    words = Words("p", "facts", "佐藤さんは元気")
    assert find_black(words, [Mark(EVERYWHERE, "", "佐藤", OTHERS)]) == [Piece("佐藤", OTHERS), Piece("さんは元気")]
    assert find_black(words, [Mark("p", "facts", "", OTHERS)]) == [Piece("佐藤さんは元気", OTHERS)]


def test_a_part_that_is_withheld_as_a_whole() -> None:
    marks = [Mark("p", "", "佐藤", OTHERS), Mark("p", "facts", "", OTHERS), Mark("p", "", "", "78_1_6")]
    assert part_ground("p", marks[2:]) == "78_1_6"
    assert part_ground("q", marks) == ""


def test_how_often_a_phrase_stands() -> None:
    assert occurrences("佐藤", [Words("p", "f", "佐藤と佐藤"), Words("q", "f", "佐藤")]) == 3


def test_somebody_else() -> None:
    one = uuid4()
    assert third_member(uuid4(), one)
    assert not third_member(one, one)
    assert not third_member(None, one)


def test_the_states_are_those_of_the_table() -> None:
    assert {cast("State", one) for one, _ in ALLOWED} | {other for _, other in ALLOWED} == set(STATES)
