"""Words in what was told that must not be overlooked: 「腕にあざ」, 「死にたい」. The list is data (URGENT_WORD)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_AROUND = 8


@dataclass(frozen=True, slots=True)
class UrgentWord:
    """One entry of URGENT_WORD. ``kind``: abuse, suicide, threat, life; ``urgency`` A or B.

    ``words`` are looked for as parts of the text, ``exceptions`` are longer words that only look alike.
    """

    code: str
    kind: str
    urgency: str
    words: tuple[str, ...]
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundWord:
    """A word that stands in the text. ``around``: the words about it, for the screen only (it is personal data)."""

    word: UrgentWord
    around: str


def words_from(entries: Mapping[str, Mapping[str, Any]]) -> tuple[UrgentWord, ...]:
    """The word list from the attributes of URGENT_WORD by code."""
    return tuple(
        UrgentWord(
            code,
            attributes["kind"],
            attributes["urgency"],
            tuple(_plain(word) for word in attributes["words"]),
            tuple(_plain(word) for word in attributes.get("except", ())),
        )
        for code, attributes in entries.items()
    )


def find_words(text: str, words: Iterable[UrgentWord]) -> tuple[FoundWord, ...]:
    """Which entries of the list stand in ``text``, each once, in the order of the list.

    Width, capitals and spaces do not matter. A rule that reads words finds too much rather than too little: a person
    decides.
    """
    plain = _plain(text)
    found = []
    for word in words:
        hidden = plain
        for exception in word.exceptions:
            hidden = hidden.replace(exception, "\0" * len(exception))
        places = [place for part in word.words if (place := hidden.find(part)) >= 0]
        if places:
            first = min(places)
            found.append(FoundWord(word, plain[max(0, first - _AROUND) : first + _AROUND]))
    return tuple(found)


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()
