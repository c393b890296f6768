"""The guard against マイナンバー (個人番号): it must not be held (番号法), so no text that contains one is kept. Pure.

Twelve digits with a valid check digit (番号法施行令8条, 省令5条): with P1 the lowest of the eleven digits and
Qn = n + 1 for n ≤ 6, else n - 5, the check digit is 11 - (Σ Pn·Qn mod 11), and 0 where that remainder is 0 or 1.

One in about ten runs of twelve digits passes that check by chance, so only whole runs are looked at, and a telephone
number in a field for telephone numbers is let through.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from shared.i18n import N_

LENGTH: Final = 12
STRUCK: Final = "■"
"""What stands where a digit stood, in a draft."""

REFUSAL: Final = N_(
    "マイナンバー(個人番号)と思われる12桁の数字があります。この記録には書けません。消してから保存してください。"
)

_LOW_WEIGHTS = 6
_OTHER_HYPHENS = frozenset("ー−⁃˗─━")
"""Written as hyphens in Japanese, though Unicode does not count them among the dashes (Pd)."""
_OWN_ID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9A-Za-z])", re.IGNORECASE
)
"""A UUID, with hyphens or without: ours, and one in a thousand holds twelve digits that pass."""
_DIGIT = re.compile(r"\d")
_NATIONAL = (10, 11)
"""Lengths of a Japanese telephone number that begins with 0."""
_ABROAD = (8, 15)
"""Digits of a number with its country code (ITU-T E.164)."""


def is_my_number(digits: str) -> bool:
    """Whether twelve ASCII digits carry a valid check digit."""
    if len(digits) != LENGTH or not (digits.isascii() and digits.isdigit()):
        return False
    return int(digits[-1]) == check_digit(digits[:-1])


def check_digit(eleven: str) -> int:
    """The check digit for eleven digits."""
    total = sum(
        int(digit) * (n + 1 if n <= _LOW_WEIGHTS else n - 5) for n, digit in enumerate(reversed(eleven), start=1)
    )
    remainder = total % 11
    return 0 if remainder <= 1 else 11 - remainder


def contains_my_number(text: str, *, telephone: bool = False) -> bool:
    """Whether a whole run of digits in ``text`` is a マイナンバー.

    Digits of any script and width count; spaces and hyphens of any kind within a run do not part it. A longer run (an
    account, a bar code) is not searched for twelve digits inside it, but what is written in one piece within it is
    looked at by itself. ``telephone``: the text stands in a field for telephone numbers, and one that can be read as
    such a number is let through.
    """
    return next(_found(text, telephone=telephone), None) is not None


def strike_out(text: str, *, telephone: bool = False) -> str:
    """``text`` with every digit of a マイナンバー replaced by ``STRUCK``; everything else as it was written."""
    places = {place for run in _found(text, telephone=telephone) for place in run.places}
    if not places:
        return text
    return "".join(STRUCK if place in places else letter for place, letter in enumerate(text))


def is_telephone_field(name: str) -> bool:
    """Whether a field (``members.0.phone``, ``caller_phone``) is for telephone numbers."""
    last = name.rpartition(".")[2]
    return last == "phone" or last.endswith("_phone")


def find_field(value: object, name: str = "") -> str | None:
    """The name of the first field below ``value`` that holds a マイナンバー; None when none does.

    ``value``: what JSON or a form can hold. Names are joined by dots (``members.0.name``); a name that holds one itself
    is given with its digits struck out.
    """
    if isinstance(value, str):
        return name if contains_my_number(value, telephone=is_telephone_field(name)) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return name if is_my_number(str(value)) else None
    if isinstance(value, Mapping):
        return _first(_below(value, name))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return _first(find_field(one, _joined(name, str(n))) for n, one in enumerate(value))
    return None


def _below(value: Mapping[object, object], name: str) -> Iterator[str | None]:
    for key, one in value.items():
        own = str(key)
        yield _joined(name, strike_out(own)) if contains_my_number(own) else find_field(one, _joined(name, own))


def _first(names: Iterator[str | None]) -> str | None:
    return next((name for name in names if name is not None), None)


def _joined(name: str, part: str) -> str:
    return f"{name}.{part}" if name else part


@dataclass(slots=True)
class _Run:
    """Digits with nothing but spaces and hyphens between them, and where in the text each one stands."""

    digits: str = ""
    places: list[int] = field(default_factory=list)
    after_gap: dict[int, bool] = field(default_factory=dict)
    """Numbers of the digits before which there is a gap; whether it holds a space."""
    plus: bool = False

    def cut(self, start: int, end: int) -> _Run:
        """A part of it."""
        gaps = {n - start: space for n, space in self.after_gap.items() if start < n < end}
        return _Run(self.digits[start:end], self.places[start:end], gaps, self.plus and start == 0)

    def pieces(self) -> Iterator[_Run]:
        """The whole; what stands between its spaces; what is written without any gap."""
        yield self
        for gaps in ([n for n, space in self.after_gap.items() if space], list(self.after_gap)):
            bounds = [0, *sorted(gaps), len(self.digits)]
            if len(bounds) > 2:  # noqa: PLR2004 - otherwise it is the whole once more
                yield from (self.cut(start, end) for start, end in pairwise(bounds))

    def is_telephone(self) -> bool:
        """Whether it can be read as a telephone number, in Japan with an extension after it, or abroad."""
        if self.plus:
            return _ABROAD[0] <= len(self.digits) <= _ABROAD[1]
        if not self.digits.startswith("0") or self.digits.startswith("00"):
            return False
        return len(self.digits) in _NATIONAL or any(end in self.after_gap for end in _NATIONAL)


def _found(text: str, *, telephone: bool) -> Iterator[_Run]:
    for run in _runs(text):
        for piece in run.pieces():
            if is_my_number(piece.digits) and not (telephone and piece.is_telephone()):
                yield piece


def _runs(text: str) -> Iterator[_Run]:
    if len(_DIGIT.findall(unicodedata.normalize("NFKC", text))) < LENGTH:
        return
    hidden = {place for found in _OWN_ID.finditer(text) for place in range(*found.span())}
    run, gap, space, plus = _Run(), False, False, False
    for place, letter in enumerate(text):
        for plain in " /" if place in hidden else unicodedata.normalize("NFKC", letter):
            digit = unicodedata.decimal(plain, None)
            if digit is not None:
                if gap and run.digits:
                    run.after_gap[len(run.digits)] = space
                run.plus = run.plus or (plus and not run.digits)
                run.digits += str(digit)
                run.places.append(place)
                gap = space = False
            elif _is_space(plain) or _is_hyphen(plain):
                gap, space = True, space or _is_space(plain)
            else:
                if run.digits:
                    yield run
                run, gap, space = _Run(), False, False
                plus = plain == "+"
    if run.digits:
        yield run


def _is_space(letter: str) -> bool:
    return letter == "\t" or unicodedata.category(letter) == "Zs"


def _is_hyphen(letter: str) -> bool:
    """A hyphen or dash, or a mark that is not seen (soft hyphen, zero-width space)."""
    return letter in _OTHER_HYPHENS or unicodedata.category(letter) in {"Pd", "Cf"}
