"""Three-valued logic (Kleene's strong logic): yes, no, and *not known yet*.

Unknown is a value of its own. It never counts as no, and it is stored, shown and asked about like any other answer.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Truth(StrEnum):
    """``yes``, ``no`` or ``unknown``: the text is what forms send and tables keep."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @property
    def known(self) -> bool:
        """Whether somebody has said."""
        return self is not Truth.UNKNOWN


class Unknown(Enum):
    """The type of :data:`UNKNOWN`: a number, a date or a set that nobody has told us."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        """Say UNKNOWN, so that a failing test reads well."""
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN

_ORDER = {Truth.NO: 0, Truth.UNKNOWN: 1, Truth.YES: 2}


def truth(value: bool) -> Truth:
    """A known yes or no."""
    return Truth.YES if value else Truth.NO


def negate(value: Truth) -> Truth:
    """¬: unknown stays unknown."""
    if value is Truth.UNKNOWN:
        return value
    return Truth.NO if value is Truth.YES else Truth.YES


def every(values: Iterable[Truth]) -> Truth:
    """∧: one no is enough for no; no values give yes."""
    return min(values, key=_ORDER.__getitem__, default=Truth.YES)


def some(values: Iterable[Truth]) -> Truth:
    """∨: one yes is enough for yes; no values give no."""
    return max(values, key=_ORDER.__getitem__, default=Truth.NO)


def rank(value: Truth) -> int:
    """0 for no, 1 for unknown, 2 for yes: the order in which :func:`every` and :func:`some` choose."""
    return _ORDER[value]
