"""Who may see which household: the one condition that every select of intake goes through.

An office sees the households of its areas. Beyond that, a fact opens the door: owning the case, an invitation that
was accepted, a visit, a meeting. Nothing is told about what is not visible: it is simply not there (Missing).

A protected household (支援措置) shows where it is, and who lives there, to its allow-list alone: the owner of its case,
the posts named for a protection, whoever was let in through the glass. That it exists is no secret of an area: any
office may ask by its number, and learns no more than that (ADR 0044).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, false, not_, or_, select, true
from sqlalchemy.orm import aliased

from services.intake.rules.protection import Sight, sight
from services.intake.tables import AccessGrant, Allowance, Apart, Glass, Household, Protection
from shared import clock
from shared.errors import Forbidden, Missing
from shared.i18n import N_
from shared.identity import WITHOUT_CASES
from shared.spine import closed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

AREA_ROLES = frozenset({"caseworker", "coordinator", "manager"})
"""Posts that are responsible for an area, and so see its households."""
WRITING_ROLES = frozenset({"caseworker", "coordinator", "manager", "agency_worker"})
"""Posts that may log a consultation and change what is known about a household they see."""

_LINE, _MEASURE, _LET_IN, _SIDES = aliased(Allowance), aliased(Protection), aliased(Glass), aliased(Apart)
"""Made once: an alias is dear, and these conditions are part of every select."""

NOT_HERE = N_("ここには何もありません。番号が変わったか、見る権限がありません。")


def _granted(actor: Actor) -> ColumnElement[bool]:
    grant = aliased(AccessGrant)
    holder = grant.post == actor.post
    if actor.role != "outreach_worker":
        # an outreach worker goes where they are sent, not wherever their team is asked
        holder = or_(holder, and_(grant.agency == actor.agency, grant.ground != "request"))
    if actor.role == "outreach_lead":
        asked = grant.ground == "request"
        if actor.areas:
            asked = and_(asked, or_(grant.area.in_(sorted(actor.areas)), grant.area.is_(None)))
        holder = or_(holder, asked)
    opens = grant.ground != "council"  # who sits in a meeting learns the name there, and no more (``sits_on``)
    return exists(select(grant.id).where(grant.household_id == Household.id, grant.ended.is_(False), opens, holder))


def sits_on(actor: Actor) -> ColumnElement[bool]:
    """Households whose name ``actor`` may know as a named member of a meeting (支援会議), bound by its secrecy."""
    grant = aliased(AccessGrant)
    seat = select(grant.id).where(
        grant.household_id == Household.id,
        grant.ground == "council",
        grant.post == actor.post,
        grant.ended.is_(False),
    )
    return exists(seat) if actor.role not in WITHOUT_CASES else false()


NOT_YOURS = N_("保護されている世帯です。担当に連絡するか、緊急の開示を頼んでください。")


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The households that ``actor`` may see, as a condition on :class:`Household`."""
    if actor.role in WITHOUT_CASES:
        return false()
    doors: list[ColumnElement[bool]] = [
        _granted(actor),
        _registered(actor),
        and_(Household.protected, or_(_listed(actor, "all", "home"), _let_in(actor))),
    ]
    if actor.role in AREA_ROLES:
        if not actor.areas:
            return true()
        # a protected one opens to every office or to none: else the answer would say in which area it lies
        doors += [Household.area.in_(sorted(actor.areas)), Household.area.is_(None), Household.protected.is_(True)]
    return or_(*doors)


def _registered(actor: Actor) -> ColumnElement[bool]:
    """Registered by this post; of a protected household that counts until somebody owns its case."""
    return and_(Household.registered_by == actor.post, or_(not_(Household.protected), not_(_owned())))


def _owned(by: Actor | None = None) -> ColumnElement[bool]:
    grant = aliased(AccessGrant)
    query = select(grant.id).where(
        grant.household_id == Household.id, grant.ground == "owner", grant.ended.is_(False), grant.post.is_not(None)
    )
    return exists(query if by is None else query.where(grant.post == by.post))


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


async def find_household(session: AsyncSession, actor: Actor, household: UUID, *, change: bool = False) -> Household:
    """The household, read afresh to ``change`` it (hold it first); Missing when ``actor`` may see none.

    Raises Forbidden for a change to a protected household by somebody who has no part in it.
    """
    statement = select(Household).where(Household.id == household, visible_to(actor))
    if change:
        statement = statement.execution_options(populate_existing=True)
    found = await session.scalar(statement)
    if found is None:
        raise Missing(NOT_HERE)
    if change and found.protected and await sight_of(session, actor, household, glass=False) is Sight.NUMBER:
        raise Forbidden(NOT_YOURS)
    return found


async def sight_of(session: AsyncSession, actor: Actor, household: UUID, *, glass: bool = True) -> Sight:
    """How much of a household that is visible ``actor`` sees; without ``glass``, what they see by their own right."""
    row = (
        await session.execute(
            select(
                Household.protected,
                kept_back(),
                allowed_to(actor, glass=glass),
                _listed(actor, "home"),
                _split(),
                or_(_granted(actor), _registered(actor)),
            ).where(Household.id == household)
        )
    ).one_or_none()
    if row is None:
        return Sight.NUMBER
    protected, back, listed, home_only, split, part = row
    return sight(kept_back=back, listed=listed, home_only=home_only, split=split, part=part or not protected)


async def is_allowed(session: AsyncSession, actor: Actor, household: UUID) -> bool:
    """Whether all of it is open to ``actor`` by their own right, to see and to change: not through the glass."""
    return await sight_of(session, actor, household, glass=False) is Sight.ALL


async def visible_ids(session: AsyncSession, actor: Actor, households: Iterable[UUID]) -> set[UUID]:
    """Those of ``households`` that ``actor`` may see."""
    asked = list(households)
    if not asked:
        return set()
    found = await session.scalars(select(Household.id).where(Household.id.in_(asked), visible_to(actor)))
    return set(found)
