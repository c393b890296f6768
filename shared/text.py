"""What people type, before anything else looks at it."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
"""Bidirectional controls can make a name read as another one; Japanese text never needs them."""


def clean(text: str) -> str:
    """NFC with one kind of line end, ends trimmed; 外字 and variation selectors (IVS) stay.

    Raises ValueError for characters that can't be stored or that mislead the reader: NUL and other control
    characters, lone surrogates. Direction marks are dropped.
    """
    if _LONE_SURROGATE.search(text):
        msg = "文字として読めない符号が入っています。"
        raise ValueError(msg)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROL.search(text):
        msg = "見えない制御文字が入っています。"
        raise ValueError(msg)
    return unicodedata.normalize("NFC", _DIRECTION.sub("", text)).strip()


def _blank_to_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(clean)]
"""One line of a form, at most 200 characters."""

Words = Annotated[str, StringConstraints(max_length=5000), AfterValidator(clean)]
"""A box of free text, at most 5,000 characters."""

MaybeLine = Annotated[Line | None, BeforeValidator(_blank_to_none)]
MaybeWords = Annotated[Words | None, BeforeValidator(_blank_to_none)]

CodeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,64}$")]
"""A value of a code list: short ASCII."""
