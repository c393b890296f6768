"""Who sees what of a visit (domain paper 5): what each level shows of what outreach keeps. Pure.

The levels, and how a row of the list ACCESS is read, are every service's (``shared/rights.py``). Who plans visits is a
matter of the role (``queries/access.py``): no level lets one do anything here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from shared import rights
from shared.rights import Level, Relation

Part = Literal["visit", "note"]
"""What there is to see.

visit: that somebody is wanted there, goes, was there; with what result · note: words written at the door
"""

SHOWS: Final[Mapping[Level, frozenset[Part]]] = {
    "F": frozenset({"visit", "note"}),
    "T": frozenset(),
    "M": frozenset(),
    "N": frozenset(),
    "S": frozenset(),
    "A": frozenset({"visit"}),
}
"""What each level shows. An agency with a part of its own reads in the case what others tell it of a visit."""

RELATIONS: Final[frozenset[Relation]] = frozenset({
    "owner", "lead", "part", "consented", "assigned", "area", "ward", "sender", "sent", "asked",
})  # fmt: skip
"""Those that outreach knows. What is protected (支援措置) is shown by its area to nobody but the allow-list's."""

LEVELS: Final[rights.Levels[Part, str]] = rights.Levels(
    shows=SHOWS,
    lets=dict.fromkeys(SHOWS, frozenset()),
    parts=frozenset(get_args(Part)),
    deeds=frozenset(),
    relations=RELATIONS,
)
