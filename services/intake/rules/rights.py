"""Who sees and changes what of a household (domain paper 5): what each level shows of what intake keeps. Pure.

The levels, and how a row of the list ACCESS is read, are every service's (``shared/rights.py``). What is protected
(支援措置) is shown to fewer still: ``rules/protection.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from shared import rights
from shared.rights import Level, Relation

Part = Literal["listed", "label", "contact", "told", "receipt"]
"""What there is to see.

listed: it is found in lists and searches, by name and area · label: its name beside a number on other services' pages ·
contact: who lives there and where, what must be avoided, consents with their limits · told: what was said and asked,
how the people are, why a type was found, other records of theirs · receipt: that one's own call has arrived
"""
Deed = Literal["tell", "consent", "correct", "protect"]
"""tell: log another call about it · consent: take down what somebody agrees to · correct: change who lives there, and
where · protect: put somebody under protection. What changes belongs to a relation, so each grant names its deeds."""

_CONTACT: Final[frozenset[Part]] = frozenset({"listed", "label", "contact"})
SHOWS: Final[Mapping[Level, frozenset[Part]]] = {
    "F": _CONTACT | {"told"},
    "T": _CONTACT,
    "M": frozenset({"label"}),
    "N": frozenset({"listed", "label"}),
    "S": frozenset({"receipt"}),
    "A": frozenset({"listed"}),
}
"""What each level shows. Managers (A) find a family by name, and open it with a reason."""


RELATIONS: Final[frozenset[Relation]] = frozenset(get_args(Relation)) - {"kept"}
"""What is protected has rules of its own here, finer than a level."""

LEVELS: Final[rights.Levels[Part, Deed]] = rights.Levels(
    shows=SHOWS,
    lets=dict.fromkeys(SHOWS, frozenset()),
    parts=frozenset(get_args(Part)),
    deeds=frozenset(get_args(Deed)),
    relations=RELATIONS,
)
