"""Who looks, and what the list ACCESS opens to them: the levels of ``shared/rights.py`` as conditions of selects.

A service gives its levels and, for each relation, the condition on its rows: :class:`Access`. A select asks for the
part it is about, ``showing(viewer, "row")``; what no relation shows is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic

from sqlalchemy import ARRAY, ColumnElement, Text, and_, case, cast, false, literal, null, or_, true
from sqlalchemy.dialects.postgresql import array

from shared import clock
from shared.codes import code_list
from shared.identity import WITHOUT_CASES, Actor
from shared.rights import D, Grant, Levels, P, Relation, Sight, grants_for, together

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

Doors = Mapping[Relation, Callable[[Actor], ColumnElement[bool]]]
"""Each relation that a service knows as a condition on its rows."""
LIST: Final = "ACCESS"
KEPT: Final[Relation] = "kept"
_WHEREVER: Final[frozenset[frozenset[Relation]]] = frozenset({frozenset({"ward"}), frozenset({KEPT})})
_BY_PLACE: Final[frozenset[Relation]] = frozenset({"area", "ward"})
_VIEWERS: Final = "viewers"
_NAMES: Final[Any] = ARRAY(Text)


@dataclass(frozen=True, slots=True)
class Viewer(Generic[P, D]):
    """Somebody who looks: the post, and what the list ACCESS gives such a post today."""

    actor: Actor
    grants: tuple[Grant[P, D], ...]

    @property
    def _always(self) -> tuple[Relation, ...]:
        """A post without areas answers for the whole ward."""
        return () if self.actor.areas else ("ward",)

    def sight(self, held: Iterable[str | None]) -> Sight[P, D]:
        """What they have of a row to which they stand as :meth:`Access.standing` says."""
        stands = {one for one in (*held, *self._always) if one}
        return together(self.grants, stands - _BY_PLACE if KEPT in stands else stands)


class Access(Generic[P, D]):
    """The levels of one service and its doors."""

    def __init__(self, levels: Levels[P, D], doors: Doors) -> None:
        self._levels = levels
        self._doors = doors

    async def viewer_of(self, session: AsyncSession, actor: Actor) -> Viewer[P, D]:
        """Who is looking; the list is read once a session."""
        known: dict[UUID, Viewer[P, D]] = session.info.setdefault(_VIEWERS, {})
        if actor.post not in known:
            known[actor.post] = Viewer(actor, await self._grants_of(session, actor))
        return known[actor.post]

    async def _grants_of(self, session: AsyncSession, actor: Actor) -> tuple[Grant[P, D], ...]:
        if actor.role in WITHOUT_CASES:
            return ()
        rows = (await code_list(session, LIST)).values()
        read = [self._levels.read(row.attributes) for row in rows if row.active]
        grants = grants_for(
            [grant for grant in read if grant is not None], actor.role, actor.agency_kind, clock.today()
        )
        always = together(grants, () if actor.areas else ("ward",))
        return tuple(
            grant
            for grant in grants
            if grant.relations in _WHEREVER
            or (KEPT in self._doors and grant.relations.isdisjoint(_BY_PLACE))  # the ward is not what holds there
            or not (grant.parts <= always.parts and grant.deeds <= always.deeds and grant.level in always.levels)
        )

    def showing(self, viewer: Viewer[P, D], *parts: P) -> ColumnElement[bool]:
        """The rows of which the viewer sees any of these parts."""
        ways = {grant.relations for grant in viewer.grants if not grant.parts.isdisjoint(parts)}
        everywhere = frozenset({"ward"}) in ways and not viewer.actor.areas
        if everywhere and (KEPT not in self._doors or frozenset({KEPT}) in ways):
            return true()
        through = [and_(*(self._doors[one](viewer.actor) for one in sorted(way))) for way in sorted(ways, key=sorted)]
        return or_(false(), *through)

    def standing(self, viewer: Viewer[P, D], *parts: P) -> ColumnElement[list[str | None]]:
        """A column with the viewer's relations to a row, None for each that does not hold.

        With ``parts``, those alone that tell whether these are in sight.
        """
        told = [grant for grant in viewer.grants if not parts or not grant.parts.isdisjoint(parts)]
        if parts:
            always = Viewer(viewer.actor, tuple(told)).sight(()).parts
            told = [grant for grant in told if not grant.parts & set(parts) <= always]
        wanted = sorted({one for grant in told for one in grant.relations} | ({KEPT} & self._doors.keys()))
        held = [case((self._doors[one](viewer.actor), literal(one)), else_=null()) for one in wanted]
        column: ColumnElement[list[str | None]] = cast(array(held), _NAMES)
        return column
