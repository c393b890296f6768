"""What people write in a ledger's cells, brought to codes: labels in both languages, codes, and the ward's other words.

Other words (無職, 次男, 精神2級 …) stand in the code lists as the attribute ``also``, so the ward can add its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.intake.importing.columns import COLUMNS, fold
from services.intake.rules.kleene import Truth
from shared.codes import Codes
from shared.errors import Refused
from shared.i18n import N_

_UNKNOWN = frozenset(fold(word) for word in ("", "不明", "不詳", "未確認", "未聴取", "わからない", "?", "-", "unknown"))
_YES = frozenset(
    fold(word) for word in ("○", "〇", "◯", "はい", "あり", "有", "有り", "いる", "ある", "yes", "y", "1", "true", "✓")
)
_NO = frozenset(
    fold(word) for word in ("×", "✕", "いいえ", "なし", "無", "無し", "いない", "ない", "no", "n", "0", "false")
)
_BETWEEN = re.compile(r"[、,，;；|｜\n／]")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words by list: what a cell may say and the code it means."""

    words: dict[str, dict[str, str]]
    names: dict[str, str]
    """List → how it is called in a sentence (the heading)."""
    area_of_district: dict[str, str]

    @classmethod
    def from_codes(cls, codes: Codes) -> Vocabulary:
        """All words of the lists that the ledger's columns use."""
        words: dict[str, dict[str, str]] = {}
        names: dict[str, str] = {}
        for column in COLUMNS:
            if not column.codes or column.codes not in codes:
                continue
            known = words.setdefault(column.codes, {})
            names.setdefault(column.codes, column.heading)
            for entry in codes[column.codes].values():
                for word in (entry.code, entry.ja, entry.en, *entry.attributes.get("also", ())):
                    known.setdefault(fold(str(word)), entry.code)
        districts = codes["DISTRICT"]
        areas = {code: entry.attributes["area"] for code, entry in districts.items() if "area" in entry.attributes}
        return cls(words, names, areas)

    def code(self, name: str, text: str) -> str | None:
        """The code for a cell; None where nobody has said. Raises Refused for a word the list does not have."""
        word = fold(text)
        known = self.words.get(name, {})
        if word in known:
            found = known[word]
            return None if found == "unknown" else found
        if word in _UNKNOWN:
            return None
        raise Refused(
            N_("「{said}」は「{heading}」の一覧にありません。"), said=text, heading=self.names.get(name, name)
        )

    def codes(self, name: str, text: str) -> list[str]:
        """The codes of a cell that holds several, parted by 、 , ; or line ends."""
        found = [self.code(name, part.strip()) for part in _BETWEEN.split(text) if part.strip()]
        return list(dict.fromkeys(code for code in found if code is not None))


def read_truth(text: str) -> Truth:
    """○, はい, あり, 有, 1 … are yes; ×, いいえ, なし, 無, 0 … are no; blank and 不明 are not known. Else Refused."""
    word = fold(text)
    if word in _YES:
        return Truth.YES
    if word in _NO:
        return Truth.NO
    if word in _UNKNOWN:
        return Truth.UNKNOWN
    raise Refused(N_("「{said}」が読めません。○か×か不明で書いてください。"), said=text)
