"""Who sees what of a case (domain paper 5): from a viewer's relations to it, to levels, to parts and deeds. Pure.

F full case · T own tasks, shared summary, plan rows · M only inside a named meeting · N name-list only ·
S can send only: a receipt, never what came of it · A status and figures, no household

Which relation gives whom which level is data: the list ACCESS, dated and editable. Its rows are :class:`Grant`; what no
row gives is refused. What a level shows and lets one do stands here, because pages and queries are written for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, get_args

Level = Literal["F", "T", "M", "N", "S", "A"]
Relation = Literal[
    "owner", "lead", "part", "consented", "ordinance", "disaster", "council", "assigned", "area", "ward", "sender",
    "sent", "asked", "reason",
]  # fmt: skip
"""What a viewer is to a case.

owner: their post has it · lead: their agency leads · part: their agency has accepted a part · consented, ordinance,
disaster: and did so on that ground · council: named in a meeting on it · assigned: a coordinator who works on it ·
area, ward: it lies in their areas, or they answer for the whole ward · sender: they took or sent the call ·
sent: goes there · asked: a visit there is asked of their area · reason: a manager who has just written down why, to
look or to decide on a plan
"""
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

REASON_HOLDS: Final = timedelta(hours=12)
"""How long a reason that a manager gave for opening a case is good for."""

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

_PARTS: Final[frozenset[str]] = frozenset(get_args(Part))
_DEEDS: Final[frozenset[str]] = frozenset(get_args(Deed))
_RELATIONS: Final[frozenset[str]] = frozenset(get_args(Relation))


@dataclass(frozen=True, slots=True)
class Grant:
    """A row of the list ACCESS: whoever has this role in this kind of agency and stands so to a case, has this level.

    ``relations`` must all hold. ``roles`` and ``kinds``: empty means any. A row that can't be read gives nothing.
    """

    relations: frozenset[Relation]
    level: Level
    roles: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    more: frozenset[Part] = frozenset()
    """Parts that it shows beyond its level."""
    less: frozenset[Part] = frozenset()
    """Parts of its level that it does not show."""
    deeds: frozenset[Deed] = frozenset()
    valid_from: date = date.min
    valid_until: date = date.max

    @classmethod
    def read(cls, attributes: Mapping[str, Any]) -> Grant | None:
        """From the attributes of a row; None when they are not understood, so that a typing error opens nothing."""
        try:
            level, relations = attributes["level"], _set(attributes["relation"])
            less, only = _set(attributes.get("less", ())), attributes.get("only")
            more, deeds = _set(attributes.get("more", ())), _set(attributes.get("deeds", ()))
            if only is not None:
                less |= SHOWS[level] - _set(only)
            known = relations and relations <= _RELATIONS and (more | less) <= _PARTS and deeds <= _DEEDS
            if level not in SHOWS or not known:
                return None
            return cls(
                relations=relations,  # type: ignore[arg-type]
                level=level,
                roles=_set(attributes.get("role", ())),
                kinds=_set(attributes.get("kind", ())),
                more=more,  # type: ignore[arg-type]
                less=less,  # type: ignore[arg-type]
                deeds=deeds,  # type: ignore[arg-type]
                valid_from=date.fromisoformat(attributes.get("from", date.min.isoformat())),
                valid_until=date.fromisoformat(attributes.get("until", date.max.isoformat())),
            )
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def parts(self) -> frozenset[Part]:
        """What it shows."""
        return (SHOWS[self.level] | self.more) - self.less

    def is_for(self, role: str, kind: str, on: date) -> bool:
        """Whether it speaks of this role in this kind of agency, on that day."""
        fits = (not self.roles or role in self.roles) and (not self.kinds or kind in self.kinds)
        return fits and self.valid_from <= on <= self.valid_until


@dataclass(frozen=True, slots=True)
class Sight:
    """What one viewer has of one case."""

    levels: frozenset[Level] = frozenset()
    parts: frozenset[Part] = frozenset()
    deeds: frozenset[Deed] = frozenset()

    def shows(self, *parts: Part) -> bool:
        """Whether any of these parts is there."""
        return any(part in self.parts for part in parts)

    def lets(self, deed: Deed) -> bool:
        """Whether the viewer may do this."""
        return deed in self.deeds

    def reads(self, scope: str, *, own: bool) -> bool:
        """Whether a progress entry kept for ``scope`` is for this reader's eyes; an unknown scope is its writer's."""
        return (own and "entries.own" in self.parts) or f"entries.{scope}" in self.parts


NOTHING: Final = Sight()


def grants_for(grants: Iterable[Grant], role: str, kind: str, on: date) -> tuple[Grant, ...]:
    """The grants that speak of a post on that day."""
    return tuple(grant for grant in grants if grant.is_for(role, kind, on))


def sight(grants: Iterable[Grant], relations: Collection[str]) -> Sight:
    """What a post with these grants has of a case to which it stands so: all that its grants give, together."""
    held = [grant for grant in grants if grant.relations <= set(relations)]
    return Sight(
        levels=frozenset(grant.level for grant in held),
        parts=frozenset(part for grant in held for part in grant.parts),
        deeds=frozenset(deed for grant in held for deed in (*LETS[grant.level], *grant.deeds)),
    )


def _set(given: Any) -> frozenset[str]:
    """One code, or a list of them."""
    found = frozenset([given] if isinstance(given, str) else given)
    if not all(isinstance(one, str) for one in found):
        raise TypeError(given)
    return found
