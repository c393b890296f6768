"""Levels of sight (domain paper 5) and the list ACCESS: from a viewer's relations to parts and deeds. Pure.

F full · T own part and the shared summary · M only inside a named meeting · N name-list only ·
S can send only: a receipt, never what came of it · A status and figures, no household

Which relation gives whom which level is data: each service keeps a list ACCESS of its own, dated and editable, whose
rows are read as :class:`Grant`; what no row gives is refused. What a level shows and lets one do is written in the
service, as :class:`Levels`, because its pages and queries are written for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Generic, Literal, TypeVar

Level = Literal["F", "T", "M", "N", "S", "A"]
Relation = Literal[
    "owner", "lead", "part", "consented", "ordinance", "disaster", "council", "assigned", "area", "ward", "sender",
    "sent", "asked", "reason", "kept",
]  # fmt: skip
"""What a viewer is to a case and its household.

owner: their post has it · lead: their agency leads · part: their agency has accepted a part · consented, ordinance,
disaster: and did so on that ground · council: named in a meeting on it · assigned: a coordinator who works on it ·
area, ward: it lies in their areas, or they answer for the whole ward · sender: they took or sent the call ·
sent: goes there · asked: a visit there is asked of their area · reason: a manager who has just written down why, to
look or to decide on a plan · kept: somebody is protected there (支援措置): that it lies in their area, or in the ward,
then says nothing any more, and this row does instead
"""
OPENED: Final = "open_with_reason"
"""The audit's word for a manager who has written down why they open the record of a family."""
REASON_HOLDS: Final = timedelta(hours=12)
"""How long that is good for."""

BY_CONSENT: Final = "consent_69_2_1"
"""Ground (共有の根拠) on which an agency takes part: the person's consent (個人情報保護法69条2項1号)."""

P = TypeVar("P", bound=str)
D = TypeVar("D", bound=str)


@dataclass(frozen=True, slots=True)
class Grant(Generic[P, D]):
    """A row of a list ACCESS: whoever has this role in this kind of agency and stands so, sees and does this.

    ``relations`` must all hold. ``roles`` and ``kinds``: empty means any.
    """

    relations: frozenset[Relation]
    level: Level
    parts: frozenset[P]
    deeds: frozenset[D]
    roles: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    valid_from: date = date.min
    valid_until: date = date.max

    def is_for(self, role: str, kind: str, on: date) -> bool:
        """Whether it speaks of this role in this kind of agency, on that day."""
        fits = (not self.roles or role in self.roles) and (not self.kinds or kind in self.kinds)
        return fits and self.valid_from <= on <= self.valid_until


@dataclass(frozen=True, slots=True)
class Levels(Generic[P, D]):
    """What each level shows of what a service keeps, and lets one do there.

    ``parts``, ``deeds``, ``relations``: all that a row of the list may name.
    """

    shows: Mapping[Level, frozenset[P]]
    lets: Mapping[Level, frozenset[D]]
    parts: frozenset[P]
    deeds: frozenset[D]
    relations: frozenset[Relation]

    def read(self, attributes: Mapping[str, Any]) -> Grant[P, D] | None:
        """A row's attributes; None when they are not understood, so that a typing error opens nothing.

        ``more``, ``less``: parts beyond the level's, and without; ``only``: of the level's parts these alone.
        """
        try:
            level, relations = attributes["level"], _known(attributes["relation"], self.relations)
            shown, let = self.shows[level], self.lets[level]
            more, less = (_known(attributes.get(name, ()), self.parts) for name in ("more", "less"))
            if "only" in attributes:
                shown &= _known(attributes["only"], self.parts)
            if not relations:
                return None
            return Grant(
                relations=relations,
                level=level,
                parts=(shown | more) - less,
                deeds=let | _known(attributes.get("deeds", ()), self.deeds),
                roles=_codes(attributes.get("role", ())),
                kinds=_codes(attributes.get("kind", ())),
                valid_from=date.fromisoformat(attributes.get("from", date.min.isoformat())),
                valid_until=date.fromisoformat(attributes.get("until", date.max.isoformat())),
            )
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Sight(Generic[P, D]):
    """What one viewer has of one case or household."""

    levels: frozenset[Level] = frozenset()
    parts: frozenset[P] = frozenset()
    deeds: frozenset[D] = frozenset()

    def shows(self, *parts: P) -> bool:
        """Whether any of these parts is there."""
        return any(part in self.parts for part in parts)

    def lets(self, deed: D) -> bool:
        """Whether the viewer may do this."""
        return deed in self.deeds


def grants_for(grants: Iterable[Grant[P, D]], role: str, kind: str, on: date) -> tuple[Grant[P, D], ...]:
    """The grants that speak of a post on that day."""
    return tuple(grant for grant in grants if grant.is_for(role, kind, on))


def together(grants: Iterable[Grant[P, D]], relations: Iterable[str]) -> Sight[P, D]:
    """What a post with these grants has where it stands so: all that its grants give, together."""
    stands = set(relations)
    held = [grant for grant in grants if grant.relations <= stands]
    return Sight(
        levels=frozenset(grant.level for grant in held),
        parts=frozenset(part for grant in held for part in grant.parts),
        deeds=frozenset(deed for grant in held for deed in grant.deeds),
    )


C = TypeVar("C", bound=str)


def _known(given: Any, vocabulary: frozenset[C]) -> frozenset[C]:
    """Codes that are all in ``vocabulary``; ValueError for any other."""
    said = _codes(given)
    if not said <= vocabulary:
        raise ValueError(said - vocabulary)
    return frozenset(one for one in vocabulary if one in said)


def _codes(given: Any) -> frozenset[str]:
    """One code, or a list of them."""
    found = frozenset([given] if isinstance(given, str) else given)
    if not all(isinstance(one, str) for one in found):
        raise TypeError(given)
    return found
