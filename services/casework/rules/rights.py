"""Who sees what of a case (domain paper 5): what each level shows of it, and lets one do. Pure.

The levels, and how a row of the list ACCESS is read, are every service's (``shared/rights.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal, get_args

from shared import rights
from shared.rights import Level, Relation

Part = Literal[
    "listed", "row", "file", "summary", "agencies", "asked.own", "asked.notes", "tasks.own", "tasks.all", "plan.rows",
    "plan.all", "meetings.named", "meetings.all", "entries.own", "entries.all", "entries.lead", "visits", "clocks.own",
    "clocks.all", "timeline.own", "timeline.all", "consents", "linked", "print", "receipt",
]  # fmt: skip
"""What there is to see.

listed: it stands in lists, with the household's link and whom to call · row: urgency, types, dates, figures of a row of
the board · file: the case's page · summary: worries, safety flags, the family's drawing · agencies: who takes part and
how far they are · clocks: what is due when, by codes · asked.notes: what others were asked and answered, in words ·
entries.<scope>: progress entries kept for that scope of ENTRY_SCOPE
"""
Deed = Literal["write", "own_task", "coordinate"]
"""write: a progress entry · own_task: begin and finish what one's agency has taken on · coordinate: ask agencies in,
ask for visits, call meetings, plan, change owner and lead, close."""

_IN_A_MEETING: Final[frozenset[Part]] = frozenset(
    {"listed", "file", "asked.own", "tasks.own", "entries.own", "clocks.own", "meetings.named"}
)
_AS_A_PARTNER: Final[frozenset[Part]] = _IN_A_MEETING | {
    "row", "summary", "agencies", "plan.rows", "entries.all", "timeline.own", "clocks.all",
}  # fmt: skip
SHOWS: Final[Mapping[Level, frozenset[Part]]] = {
    "F": _AS_A_PARTNER
    | {
        "asked.notes", "tasks.all", "plan.all", "meetings.all", "visits", "timeline.all", "consents", "linked", "print",
    },
    "T": _AS_A_PARTNER,
    "M": _IN_A_MEETING,
    "N": frozenset({"listed"}),
    "S": frozenset({"receipt"}),
    "A": frozenset({"row", "agencies"}),
}  # fmt: skip
"""What each level shows. ``entries.lead`` is no level's: a grant adds it for those who answer for the case."""
LETS: Final[Mapping[Level, frozenset[Deed]]] = {
    "F": frozenset({"write", "own_task"}),
    "T": frozenset({"write", "own_task"}),
    "M": frozenset({"write", "own_task"}),
    "N": frozenset(),
    "S": frozenset(),
    "A": frozenset(),
}
"""What each level lets one do; to coordinate is no level's either."""

LEVELS: Final[rights.Levels[Part, Deed]] = rights.Levels(
    shows=SHOWS,
    lets=LETS,
    parts=frozenset(get_args(Part)),
    deeds=frozenset(get_args(Deed)),
    relations=frozenset(get_args(Relation)),
)
Grant = rights.Grant[Part, Deed]
Sight = rights.Sight[Part, Deed]
NOTHING: Final[Sight] = rights.Sight()


def reads(seen: Sight, scope: str, *, own: bool) -> bool:
    """Whether a progress entry kept for ``scope`` is for this reader's eyes; an unknown scope is its writer's."""
    return (own and "entries.own" in seen.parts) or f"entries.{scope}" in seen.parts


def on_screen_alone(seen: Sight) -> Sight:
    """Of a protected household nothing is printed, not by whoever may see it (支援措置, domain paper 4)."""
    return replace(seen, parts=seen.parts - {"print"})
