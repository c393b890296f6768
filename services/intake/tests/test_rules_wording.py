"""The wording of a consent: readings, paragraphs, what makes another version; and the text that comes with Kasane."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.wording import (
    EDITABLE,
    PARTS,
    VARIANTS,
    Piece,
    next_version,
    next_wording,
    paragraphs,
    with_readings,
    without_readings,
)
from shared.codes import CodeEntry, read_codes
from shared.errors import Refused

FIRST = json.loads(
    (Path(__file__).parents[1] / "migrations" / "consent_text_2026-04-01.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("はい", [Piece("はい")]),
        ("{同意|どうい}します", [Piece("同意", "どうい"), Piece("します")]),
        ("この {人|ひと}", [Piece("この "), Piece("人", "ひと")]),
        ("{a} {|b} {漢字}", [Piece("{a} {|b} {漢字}")]),
    ],
)
def test_readings(text: str, pieces: list[Piece]) -> None:
    assert with_readings(text) == pieces


@given(st.text())
def test_no_letter_is_lost(text: str) -> None:
    if "|" not in text:
        assert without_readings(text) == text


def test_paragraphs() -> None:
    assert paragraphs("一\n\n二\n三\n \n") == ["一", "二\n三"]
    assert paragraphs("  ") == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_first_text_is_whole(variant: str) -> None:
    assert set(FIRST[variant]) == set(PARTS)
    assert all(text.strip() for text in FIRST[variant].values())


def test_every_kanji_of_the_plain_text_has_a_reading() -> None:
    for part, text in FIRST["plain"].items():
        bare = "".join(piece.text for piece in with_readings(text) if not piece.reading)
        assert not [letter for letter in bare if "一" <= letter <= "鿿"], part


def test_so_have_the_plain_words_of_the_codes() -> None:
    plain = {(one.list, one.code): one.attributes["plain"] for one in _codes() if "plain" in one.attributes}
    assert {name for name, _ in plain} >= {"CONSENT_PURPOSE", "CONSENT_ITEM", "CONSENT_METHOD", "AGENCY_KIND"}
    for where, text in plain.items():
        bare = "".join(piece.text for piece in with_readings(text) if not piece.reading)
        assert not [letter for letter in bare if "一" <= letter <= "鿿"], where


def _codes() -> list[CodeEntry]:
    return list(read_codes(Path(__file__).parents[1] / "codes"))


def _said() -> dict[str, dict[str, str]]:
    return {variant: {part: FIRST[variant][part] for part in EDITABLE} for variant in VARIANTS}


def test_another_wording_keeps_the_headings() -> None:
    said = _said()
    said["ja"]["intro"] = "書きかえた文"
    made = next_wording(FIRST, said)
    assert made["ja"]["intro"] == "書きかえた文"
    assert made["ja"]["whom"] == FIRST["ja"]["whom"]
    assert FIRST["ja"]["intro"] != "書きかえた文"


@pytest.mark.parametrize(
    ("variant", "part", "text", "field"),
    [
        ("plain", "law", " ", "plain_law"),
        ("en", "intro", "x" * 1201, "en_intro"),
        ("ja", "title", None, "plain_title"),  # nothing changed
    ],
)
def test_a_wording_that_is_refused(variant: str, part: str, text: str | None, field: str) -> None:
    said = _said()
    if text is not None:
        said[variant][part] = text
    with pytest.raises(Refused) as refused:
        next_wording(FIRST, said)
    assert refused.value.field == field


def test_versions_of_a_day() -> None:
    assert next_version("2026-10-01", []) == "2026-10-01"
    assert next_version("2026-10-01", ["2026-10-01", "2026-10-01b"]) == "2026-10-01c"
    full = ["2026-10-01", *(f"2026-10-01{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")]
    with pytest.raises(Refused):
        next_version("2026-10-01", full)
