"""Answers kept as traits, as the person whom they are about reads them."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.traits import answers_in_words
from shared.codes import CodeEntry, Codes

CODES = Codes(
    [
        CodeEntry("CONCERN", "debts", "債務", "Debts"),
        CodeEntry("CONCERN", "care", "介護", "Care"),
        CodeEntry("ARREARS", "rent", "家賃", "Rent"),
    ]
)


@pytest.mark.parametrize(
    ("traits", "locale", "words"),
    [
        ({}, "ja", []),
        ({"own_pension": "yes"}, "ja", ["自分の年金がある: はい"]),
        ({"own_pension": "no"}, "en", ["Has a pension of their own: No"]),
        ({"withdrawn_months": 119}, "ja", ["外に出ていない月数: 119"]),
        ({"concerns": ["debts", "care"]}, "ja", ["課題(アセスメント): 債務・介護"]),
        ({"told_arrears": ["rent"]}, "ja", ["本人から聞いた滞納: 家賃"]),
        ({"parents": ["m1", "outside"]}, "ja", ["親: トシ子・別に住む人"]),
        ({"asked_later": "x"}, "ja", ["asked_later: x"]),
    ],
)
def test_answers_in_words(traits: dict[str, Any], locale: str, words: list[str]) -> None:
    assert answers_in_words(traits, CODES, locale, {"m1": "トシ子"}) == words
