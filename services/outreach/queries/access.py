"""Who may see which visit and which request: the conditions that every select of outreach goes through.

``rules/rights.py`` says which level shows what, the list ACCESS which relation gives which level; here each relation is
a condition on :class:`VisitRequest`, and so on its visits. What is not visible is simply not there (Missing).

While somebody is protected (支援措置) only those are left who have to do with the visit itself: the owner, the workers
sent, who sent them, who asked, coordinators who act in the case; and those of its area who stand on the allow-list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import and_, any_, exists, false, literal, or_, select, true
from sqlalchemy.orm import aliased

from services.outreach.rules.rights import LEVELS, Part
from services.outreach.tables import AccessGrant, Case, Household, Visit, VisitRequest, VisitWorker
from shared import viewers
from shared.errors import Forbidden, Missing
from shared.grants import granted
from shared.i18n import N_
from shared.identity import WITHOUT_CASES
from shared.rights import BY_CONSENT
from shared.spine import closed

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement, SQLColumnExpression
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.grants import Ground
    from shared.identity import Actor

FIELD = frozenset({"outreach_lead", "outreach_worker"})
PLANNING = frozenset({"outreach_lead", "manager"})
"""Roles that propose, publish and change visits."""

_KNOWN, _OWNED, _GRANT, _WANTED = aliased(Household), aliased(Case), aliased(AccessGrant), aliased(VisitRequest)
_GOING, _MADE, _SENDER, _TEAMS = aliased(VisitWorker), aliased(Visit), aliased(Visit), aliased(Visit)
"""Made once: an alias is dear, and these conditions are part of every select."""

Viewer = viewers.Viewer[Part, str]

NOT_HERE = N_("ここには何もありません。番号が変わったか、見る権限がありません。")
ONLY_LEADS = N_("訪問を決められるのは、アウトリーチチームの係長と管理職です。")


def is_lead_of(actor: Actor, visit: Visit) -> bool:
    """Whether ``actor`` leads the team that goes."""
    return actor.role == "outreach_lead" and visit.team == actor.agency


def is_protected(household: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """Whether somebody in the household is protected; one with parked events counts as protected (it fails closed)."""
    held = exists(select(_KNOWN.id).where(_KNOWN.id == household, _KNOWN.protected))
    return or_(held, closed(cast("ColumnElement[UUID]", household)))


def _kept_from(actor: Actor, household: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """Protected, and ``actor`` is none of those of its area who stand on the allow-list."""
    listed = literal(actor.post) == any_(_KNOWN.listed)
    held = exists(select(_KNOWN.id).where(_KNOWN.id == household, _KNOWN.protected, ~listed))
    return or_(held, closed(cast("ColumnElement[UUID]", household)))


def _covers(actor: Actor, area: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """An unknown area is everybody's."""
    if not actor.areas:
        return true()
    return or_(area.is_(None), area.in_(sorted(actor.areas)))


def _doors(request: Any) -> viewers.Doors:
    """Each relation as a condition on ``request``: :class:`VisitRequest`, or an alias of it."""

    def taking_part(ground: Ground, *who: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(granted(_GRANT, request.household, ground, *who), ~is_protected(request.household))

    def sent(actor: Actor) -> ColumnElement[bool]:
        goes = (
            select(_MADE.id)
            .join(_GOING, _GOING.visit == _MADE.id)
            .where(_MADE.request == request.id, _GOING.post == actor.post)
        )
        sends = select(_SENDER.id).where(_SENDER.request == request.id, _SENDER.published_by == actor.post)
        return or_(exists(goes), exists(sends))

    def asked(actor: Actor) -> ColumnElement[bool]:
        team = exists(select(_TEAMS.id).where(_TEAMS.request == request.id, _TEAMS.team == actor.agency))
        return and_(or_(_covers(actor, request.area), team), ~is_protected(request.household))

    return {
        "owner": lambda actor: exists(select(_OWNED.id).where(_OWNED.id == request.case, _OWNED.owner == actor.post)),
        "lead": lambda actor: taking_part("lead", _GRANT.agency == actor.agency),
        "part": lambda actor: taking_part("agency", _GRANT.agency == actor.agency),
        "consented": lambda actor: taking_part("agency", _GRANT.agency == actor.agency, _GRANT.basis == BY_CONSENT),
        "assigned": lambda actor: granted(_GRANT, request.household, "assigned", _GRANT.post == actor.post),
        "area": lambda actor: and_(_covers(actor, request.area), ~_kept_from(actor, request.household)),
        "ward": lambda actor: false() if actor.areas else ~_kept_from(actor, request.household),
        "sender": lambda actor: request.requested_by == actor.post,
        "sent": sent,
        "asked": asked,
        viewers.KEPT: lambda actor: _kept_from(actor, request.household),
    }


_REQUESTS: Final = viewers.Access(LEVELS, _doors(VisitRequest))
_VISITS: Final = viewers.Access(LEVELS, _doors(_WANTED))
viewer_of = _REQUESTS.viewer_of


def visible_requests(viewer: Viewer) -> ColumnElement[bool]:
    """A condition on :class:`VisitRequest`."""
    if viewer.actor.role in WITHOUT_CASES:
        return false()
    return _REQUESTS.showing(viewer, "visit")


def visible_visits(viewer: Viewer, part: Part = "visit") -> ColumnElement[bool]:
    """A condition on :class:`Visit`: those of which the viewer sees this part."""
    if viewer.actor.role in WITHOUT_CASES:
        return false()
    return exists(select(_WANTED.id).where(_WANTED.id == Visit.request, _VISITS.showing(viewer, part)))


def demand_planner(actor: Actor) -> None:
    """Refuse whoever may not plan visits."""
    if actor.role not in PLANNING:
        raise Forbidden(ONLY_LEADS)


async def load_visit(session: AsyncSession, actor: Actor, visit_id: UUID) -> Visit:
    """One visit that ``actor`` may see; Missing otherwise."""
    visible = visible_visits(await viewer_of(session, actor))
    visit = await session.scalar(select(Visit).where(Visit.id == visit_id, visible))
    if visit is None:
        raise Missing(NOT_HERE)
    return visit


async def load_request(session: AsyncSession, actor: Actor, request_id: UUID) -> VisitRequest:
    """One visit request that ``actor`` may see; Missing otherwise."""
    visible = visible_requests(await viewer_of(session, actor))
    request = await session.scalar(select(VisitRequest).where(VisitRequest.id == request_id, visible))
    if request is None:
        raise Missing(NOT_HERE)
    return request
