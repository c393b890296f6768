"""The guard against マイナンバー (個人番号): it must not be held (番号法), so no text that contains one is kept.

Twelve digits with a valid check digit (番号法施行令8条, 省令5条): with P1 the lowest of the eleven digits and
Qn = n + 1 for n ≤ 6, else n - 5, the check digit is 11 - (Σ Pn·Qn mod 11), and 0 where that remainder is 0 or 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from shared.errors import Refused
from shared.i18n import N_

LENGTH = 12
_LOW_WEIGHTS = 6
_RUN = re.compile(r"\d(?:[ \t\-‐‑‒–—―−ー]{0,2}\d)*")
_DIGITS = re.compile(r"\D+")

REFUSAL = N_(
    "マイナンバー(個人番号)と思われる12桁の数字があります。この記録には書けません。消してから保存してください。"
)


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


def contains_my_number(text: str) -> bool:
    """Whether a whole run of digits in ``text`` is a マイナンバー.

    Full-width digits count, and spaces and hyphens within the run do not part it. A longer run (an account, a
    bar code) is not searched for twelve digits inside it, but its parts, as written, are looked at one by one.
    """
    plain = unicodedata.normalize("NFKC", text)
    return any(is_my_number(candidate) for run in _RUN.findall(plain) for candidate in _candidates(run))


def _candidates(run: str) -> tuple[str, ...]:
    return (_DIGITS.sub("", run), *_DIGITS.split(run))


def refuse_my_number(values: Mapping[str, str]) -> None:
    """Raise Refused naming the first field whose text contains a マイナンバー. ``values``: field name to text."""
    for field, text in values.items():
        if contains_my_number(text):
            raise Refused(REFUSAL, field=field)
