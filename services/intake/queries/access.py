"""Who may see which household: the conditions that every select of intake goes through.

``rules/rights.py`` says which relation to a household gives which level; here each relation is a condition on
:class:`Household`. Nothing is told about what is not visible: it is simply not there (Missing).

A protected household (支援措置) shows where it is, and who lives there, to its allow-list alone: the owner of its case,
the posts named for a protection, whoever was let in through the glass. That it exists is no secret of an area: any
office may ask by its number, and learns no more than that (ADR 0044).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, exists, false, not_, or_, select, true
from sqlalchemy.orm import aliased

from services.intake.rules.protection import Sight, sight
from services.intake.rules.rights import LEVELS, Deed, Part
from services.intake.tables import AccessGrant, Allowance, Apart, Glass, Household, Protection
from shared import clock, viewers
from shared.audit import AuditEntry
from shared.errors import Forbidden, Missing
from shared.grants import granted
from shared.i18n import N_
from shared.identity import WITHOUT_CASES
from shared.rights import BY_CONSENT, OPENED, REASON_HOLDS, Relation
from shared.spine import closed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.grants import Ground
    from shared.identity import Actor

AREA_ROLES = frozenset({"caseworker", "coordinator", "manager"})
"""Posts that are responsible for an area."""
WRITING_ROLES = frozenset({"caseworker", "coordinator", "manager", "agency_worker"})
"""Posts that may log a consultation."""
COUNCIL: Final = "support_council_106_6"

_GRANT = aliased(AccessGrant)
_LINE, _MEASURE, _LET_IN, _SIDES = aliased(Allowance), aliased(Protection), aliased(Glass), aliased(Apart)
"""Made once: an alias is dear, and these conditions are part of every select."""
_TAKING_PART: Final[frozenset[Relation]] = frozenset({"owner", "lead", "part", "sent", "asked", "sender"})
"""Relations by which somebody works for a household, whether or not they may know where it is."""
_PAGE: Final[tuple[Part, ...]] = ("listed", "contact", "told", "receipt")
"""Parts of which any opens the household's page, were it only to its number."""

Viewer = viewers.Viewer[Part, Deed]

NOT_HERE = N_("ここには何もありません。番号が変わったか、見る権限がありません。")
NOT_YOURS = N_("保護されている世帯です。担当に連絡するか、緊急の開示を頼んでください。")
NOT_YOUR_DEED: Final[dict[Deed, str]] = {
    "tell": N_("この世帯の相談は、あなたの職では書けません。新しい相談として受けてください。"),
    "consent": N_("この世帯の同意は、あなたの職では記録できません。"),
    "correct": N_("この世帯の記録は、担当・圏域の相談支援員・動いている調整役が直します。"),
    "protect": N_("この世帯の保護は、あなたの職では登録できません。担当に知らせてください。"),
}


def _granted(ground: Ground, *who: ColumnElement[bool]) -> ColumnElement[bool]:
    return granted(_GRANT, Household.id, ground, *who)


def _takes_part(actor: Actor, basis: str | None = None) -> ColumnElement[bool]:
    return _granted("agency", _GRANT.agency == actor.agency, *([_GRANT.basis == basis] if basis else []))


def _of_own_area(actor: Actor) -> ColumnElement[bool]:
    """An unknown area is everybody's; a protected household is every office's or none's.

    Else the answer would say in which area it lies.
    """
    if not actor.areas:
        return true()
    return or_(Household.area.in_(sorted(actor.areas)), Household.area.is_(None), Household.protected.is_(True))


def _registered(actor: Actor) -> ColumnElement[bool]:
    """Registered by this post; of a protected household that counts until somebody owns its case."""
    return and_(Household.registered_by == actor.post, or_(not_(Household.protected), not_(_owned())))


def _asked_to_visit(actor: Actor) -> ColumnElement[bool]:
    where = [or_(_GRANT.area.in_(sorted(actor.areas)), _GRANT.area.is_(None))] if actor.areas else []
    return _granted("request", *where)


def _gave_reason(actor: Actor) -> ColumnElement[bool]:
    """Written down here, or in casework."""
    here = exists().where(
        AuditEntry.post == actor.post,
        AuditEntry.household == Household.id,
        AuditEntry.action == OPENED,
        AuditEntry.at > clock.now() - REASON_HOLDS,
    )
    return or_(here, _granted("reason", _GRANT.post == actor.post, _GRANT.until > clock.now()))


_DOORS: Final[viewers.Doors] = {
    "owner": lambda actor: _granted("owner", _GRANT.post == actor.post),
    "lead": lambda actor: _granted("lead", _GRANT.agency == actor.agency),
    "part": _takes_part,
    "consented": lambda actor: _takes_part(actor, BY_CONSENT),
    "ordinance": lambda actor: _takes_part(actor, "ordinance"),
    "disaster": lambda actor: _takes_part(actor, "disaster"),
    "council": lambda actor: or_(
        _granted("council", _GRANT.post == actor.post), _granted("meeting", _GRANT.agency == actor.agency)
    ),
    "assigned": lambda actor: _granted("assigned", _GRANT.post == actor.post),
    "area": _of_own_area,
    "ward": lambda actor: false() if actor.areas else true(),
    "sender": _registered,
    "sent": lambda actor: _granted("worker", _GRANT.post == actor.post),
    "asked": _asked_to_visit,
    "reason": _gave_reason,
}
"""Each relation as a condition on :class:`Household`."""
_ACCESS: Final = viewers.Access(LEVELS, _DOORS)
_DOWNLOAD: Final = viewers.Access(
    LEVELS,
    {
        **_DOORS,
        "part": lambda actor: _granted("agency", _GRANT.agency == actor.agency, _GRANT.basis.is_distinct_from(COUNCIL)),
    },
)
viewer_of = _ACCESS.viewer_of


def showing(viewer: Viewer, *parts: Part) -> ColumnElement[bool]:
    """The households of which the viewer sees any of these parts; of protected ones see also :func:`allowed_to`."""
    if viewer.actor.role in WITHOUT_CASES:
        return false()
    return or_(_ACCESS.showing(viewer, *parts), _of_a_list(viewer.actor))


def downloadable(viewer: Viewer) -> ColumnElement[bool]:
    """The listed households that may be taken out as a file: not what a support council (支援会議) was told."""
    return _DOWNLOAD.showing(viewer, "listed")


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The households that the viewer may see, be it by their number alone."""
    return showing(viewer, *_PAGE)


def _of_a_list(actor: Actor) -> ColumnElement[bool]:
    """Protected ones of which the allow-list speaks of this post, or into which it was let."""
    return and_(Household.protected, or_(_listed(actor, "all", "home"), _let_in(actor)))


def _owned(by: Actor | None = None) -> ColumnElement[bool]:
    return _granted("owner", _GRANT.post.is_not(None) if by is None else _GRANT.post == by.post)


def _listed(actor: Actor, *sides: str) -> ColumnElement[bool]:
    """On the allow-list of a protection that runs."""
    return exists(
        select(_LINE.id)
        .join(_MEASURE, _MEASURE.id == _LINE.protection_id)
        .where(
            _LINE.household_id == Household.id,
            _LINE.post == actor.post,
            _LINE.removed_at.is_(None),
            _LINE.side.in_(sides),
            _MEASURE.ended_at.is_(None),
        )
    )


def _let_in(actor: Actor) -> ColumnElement[bool]:
    """A second person has approved, and the time is not over."""
    return exists(
        select(_LET_IN.id).where(
            _LET_IN.household_id == Household.id,
            _LET_IN.post == actor.post,
            _LET_IN.person == actor.person,
            _LET_IN.ends_at > clock.now(),
            _LET_IN.shut_at.is_(None),
        )
    )


def _split() -> ColumnElement[bool]:
    return exists(select(_SIDES.household_id).where(_SIDES.household_id == Household.id, _SIDES.ended_at.is_(None)))


def kept_back() -> ColumnElement[bool]:
    """Households with a protected person; one with parked events counts as protected too (it fails closed)."""
    return or_(Household.protected, closed(Household.__table__.c.id))


def allowed_to(actor: Actor, *, glass: bool = True) -> ColumnElement[bool]:
    """Households without protection, or whose allow-list has the post, for all that is known of them.

    ``glass``: also those into which the post was let by a second person. That is for looking, never for changing.
    """
    return or_(
        not_(kept_back()),
        and_(Household.registered_by == actor.post, not_(_owned())),
        _owned(actor),
        _listed(actor, "all"),
        _let_in(actor) if glass else false(),
    )


def home_side_to(actor: Actor) -> ColumnElement[bool]:
    """Households split for view, whose allow-list has the post for the side that is not kept apart."""
    return and_(Household.protected, _split(), _listed(actor, "home"))


@dataclass(frozen=True, slots=True)
class Stand:
    """How one viewer stands to one household: how much of it they see, what they may do about it."""

    sight: Sight
    deeds: frozenset[Deed]
    must_say_why: bool = False
    """It opens with a written reason (管理職)."""


async def stand_to(session: AsyncSession, actor: Actor, household: UUID, *, glass: bool = True) -> Stand:
    """How ``actor`` stands to a household that is visible to them; without ``glass``, by their own right alone."""
    viewer = await viewer_of(session, actor)
    row = (
        await session.execute(
            select(
                _ACCESS.standing(viewer),
                Household.protected,
                kept_back(),
                allowed_to(actor, glass=False),
                _let_in(actor) if glass else false(),
                _listed(actor, "home"),
                _split(),
            ).where(Household.id == household)
        )
    ).one_or_none()
    if row is None:
        return Stand(Sight.NUMBER, frozenset())
    held: Collection[str | None]
    held, protected, back, listed, let_in, home_only, split = row
    part = not _TAKING_PART.isdisjoint(held)
    given = viewer.sight(held)
    seen = sight(given.parts, kept_back=back, listed=listed, let_in=let_in, home_only=home_only, split=split, part=part)
    if protected and not (listed or home_only):  # only who works for it changes anything
        held = _TAKING_PART.intersection(held)
    deeds = viewer.sight(held).deeds if seen is not Sight.NUMBER else frozenset()
    # what is masked would be written over by what was shown in its place
    deeds = deeds if seen in {Sight.ALL, Sight.HOME} else deeds - {"correct"}
    return Stand(seen, deeds, must_say_why="A" in given.levels and seen is Sight.NUMBER and not back)


async def find_household(
    session: AsyncSession, actor: Actor, household: UUID, *, deed: Deed | None = None
) -> Household:
    """The household; read afresh for a ``deed`` (hold it first). Missing when ``actor`` may see none.

    Raises Forbidden for a deed that the actor's relations to it do not let them do.
    """
    viewer = await viewer_of(session, actor)
    statement = select(Household).where(Household.id == household, visible_to(viewer))
    if deed is not None:
        statement = statement.execution_options(populate_existing=True)
    found = await session.scalar(statement)
    if found is None:
        raise Missing(NOT_HERE)
    if deed is not None:
        stand = await stand_to(session, actor, household, glass=False)
        if deed not in stand.deeds:
            raise Forbidden(NOT_YOURS if found.protected and stand.sight is Sight.NUMBER else NOT_YOUR_DEED[deed])
    return found


async def sight_of(session: AsyncSession, actor: Actor, household: UUID) -> Sight:
    """How much of a household that is visible ``actor`` sees."""
    return (await stand_to(session, actor, household)).sight


async def is_allowed(session: AsyncSession, actor: Actor, household: UUID) -> bool:
    """Whether no protection keeps it back from ``actor``: by their own right, not through the glass."""
    return bool(await session.scalar(select(allowed_to(actor, glass=False)).where(Household.id == household)))


async def visible_ids(session: AsyncSession, actor: Actor, households: Iterable[UUID]) -> set[UUID]:
    """Those of ``households`` that ``actor`` may see."""
    asked = list(households)
    if not asked:
        return set()
    visible = visible_to(await viewer_of(session, actor))
    return set(await session.scalars(select(Household.id).where(Household.id.in_(asked), visible)))
