"""The wording of a consent: three variants of the same text, its parts, and furigana. Pure.

A variant is a mapping of the parts below to text. ``{漢字|かんじ}`` puts a reading above a word; a blank line parts
paragraphs. やさしい日本語 is what the family signs; the other two are for those who would rather read them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.errors import Refused
from shared.i18n import N_

VARIANTS: Final = ("plain", "ja", "en")

PARTS: Final = (
    "title", "intro", "about", "whom", "what", "sensitive", "why", "until", "no_end", "limits", "no_limits", "refuse",
    "withdraw", "law", "contact", "explained", "sign", "name", "date", "representative", "oral", "version",
)  # fmt: skip
"""What a variant must have: texts, and the headings between which the record is printed."""

EDITABLE: Final = ("title", "intro", "refuse", "withdraw", "law")
"""What a ward rewrites; headings go on from the version before."""

_READING = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
_MOST = 1200


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, with its reading where it has one."""

    text: str
    reading: str = ""


def with_readings(text: str) -> list[Piece]:
    """``{同意|どうい}します`` as pieces; anything else in braces stays as it is."""
    pieces, at = [], 0
    for found in _READING.finditer(text):
        if found.start() > at:
            pieces.append(Piece(text[at : found.start()]))
        pieces.append(Piece(found[1], found[2]))
        at = found.end()
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return pieces


def without_readings(text: str) -> str:
    """The same text as one reads it without furigana."""
    return "".join(piece.text for piece in with_readings(text))


def paragraphs(text: str) -> list[str]:
    """Parted by blank lines."""
    return [part.strip() for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


def next_wording(
    before: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """The wording that follows ``before`` with what ``new`` says of the editable parts.

    Raises Refused for a part that is empty or too long for one sheet, and for a wording that changes nothing.
    """
    made = {variant: dict(before[variant]) for variant in VARIANTS}
    for variant in VARIANTS:
        for part in EDITABLE:
            said = new.get(variant, {}).get(part, "").strip()
            if not said:
                raise Refused(N_("文面のこの欄が空です。"), field=f"{variant}_{part}")
            if len(said) > _MOST:
                raise Refused(N_("一枚に入るように、短くしてください。"), field=f"{variant}_{part}")
            made[variant][part] = said
    if made == {variant: dict(before[variant]) for variant in VARIANTS}:
        raise Refused(N_("文面が変わっていません。"), field="plain_title")
    return made


def next_version(day: str, known: Sequence[str]) -> str:
    """The name of another version of that day: ``2026-04-01``, then ``2026-04-01b``; Refused after the 26th."""
    for letter in ("", *"bcdefghijklmnopqrstuvwxyz"):
        if f"{day}{letter}" not in known:
            return f"{day}{letter}"
    raise Refused(N_("この日の文面が多すぎます。"), field="valid_from")
