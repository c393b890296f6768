"""Names brought to one form for comparing: width, kana, long vowels, 旧字体, spaces."""

from __future__ import annotations

import re
import unicodedata

from services.intake.rules.variants import unify_kanji

_SPACES = re.compile(r"[\s・･·.,、。]+")
_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_FOLDED = str.maketrans("ァィゥェォッャュョヮヵヶヂヅヲヰヱヴ", "アイウエオツヤユヨワカケジズオイエブ")
_LONG_O = re.compile(r"(?<=[オコソトノホモヨロゴゾドボポ])[オウ]")
_LONG_U = re.compile(r"(?<=[ウクスツヌフムユルグズブプ])ウ")
_MARKS = re.compile(r"[ー\-‐―~]")
_KANA_ONLY = re.compile(r"[ぁ-ゖァ-ヺー\s・]+")


def is_kana(text: str) -> bool:
    """Whether the whole text is kana (after folding the width)."""
    return bool(text.strip()) and _KANA_ONLY.fullmatch(unify_kanji(text)) is not None


def reading_key(kana: str) -> str:
    """A reading for comparing: katakana without small letters, long vowels and spaces.

    おおつき, オウツキ, ｵｵﾂｷ and オーツキ come to the same; what is not kana stays as it is.
    """
    plain = _SPACES.sub("", unify_kanji(kana)).translate(_TO_KATAKANA).translate(_FOLDED)
    plain = _LONG_U.sub("", _LONG_O.sub("", _MARKS.sub("", plain))).upper()
    return unicodedata.normalize("NFC", plain)


def name_key(name: str) -> str:
    """A written name for comparing; kana within it are folded like a reading."""
    return reading_key(name)


def split_name(name: str) -> tuple[str, str]:
    """Family and given name for comparing, where a space parts them; else nothing."""
    parts = [part for part in _SPACES.split(unify_kanji(name).strip()) if part]
    return (reading_key(parts[0]), reading_key("".join(parts[1:]))) if len(parts) > 1 else ("", "")


def family_key(name: str) -> str:
    """The family name for comparing, where a space parts it from the given name; else nothing."""
    return split_name(name)[0]


def nearly_same(one: str, other: str) -> bool:
    """Whether two keys of three letters or more differ by one letter left out, added or exchanged."""
    if one == other or min(len(one), len(other)) < 3 or abs(len(one) - len(other)) > 1:  # noqa: PLR2004 - three letters
        return False
    short, long = sorted((one, other), key=len)
    for place in range(len(short)):
        if short[place] != long[place]:
            rest = short[place + 1 :] if len(short) == len(long) else short[place:]
            return rest == long[place + 1 :]
    return True
