"""Who may see which visit and which request: the conditions that every select of outreach goes through.

A worker sees the visits they are sent to, a lead those of the team and the requests of the areas; a manager, who plans
too, those they cover; the owner of a case all of it, and whoever asked for a visit that visit. Nobody else sees any.
While somebody is protected (支援措置) only those with a part are left: the owner, the workers sent, who sent them, who
asked. What is not visible is simply not there (Missing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

from sqlalchemy import and_, exists, or_, select, true
from sqlalchemy.orm import aliased

from services.outreach.tables import Case, Household, Visit, VisitRequest, VisitWorker
from shared.errors import Forbidden, Missing
from shared.i18n import N_
from shared.spine import closed

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, SQLColumnExpression
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

FIELD = frozenset({"outreach_lead", "outreach_worker"})
PLANNING = frozenset({"outreach_lead", "manager"})
"""Roles that propose, publish and change visits."""

_KNOWN, _OWNED = aliased(Household), aliased(Case)
_GOING, _REQUEST, _WANTED = aliased(VisitWorker), aliased(VisitRequest), aliased(VisitRequest)
_MADE, _SENDER = aliased(Visit), aliased(Visit)
"""Made once: an alias is dear, and these conditions are part of every select."""

NOT_HERE = N_("ここには何もありません。番号が変わったか、見る権限がありません。")
ONLY_LEADS = N_("訪問を決められるのは、アウトリーチチームの係長と管理職です。")


def is_protected(household: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """Whether somebody in the household is protected; one with parked events counts as protected (it fails closed)."""
    held = exists(select(_KNOWN.id).where(_KNOWN.id == household, _KNOWN.protected))
    return or_(held, closed(cast("ColumnElement[UUID]", household)))


def _owns(actor: Actor, case: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    return exists(select(_OWNED.id).where(_OWNED.id == case, _OWNED.owner == actor.post))


def _covers(actor: Actor, area: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    if not actor.areas:
        return true()
    return or_(area.is_(None), area.in_(sorted(actor.areas)))


def visible_visits(actor: Actor) -> ColumnElement[bool]:
    """A condition on :class:`Visit`."""
    sent = exists(select(_GOING.visit).where(_GOING.visit == Visit.id, _GOING.post == actor.post))
    asked = exists(select(_WANTED.id).where(_WANTED.id == Visit.request, _WANTED.requested_by == actor.post))
    part = or_(sent, asked, Visit.published_by == actor.post, _owns(actor, Visit.case))
    if actor.role == "outreach_lead":
        wide: ColumnElement[bool] = Visit.team == actor.agency
    elif actor.role == "manager":
        wide = exists(select(_REQUEST.id).where(_REQUEST.id == Visit.request, _covers(actor, _REQUEST.area)))
    else:
        return part
    return or_(part, and_(~is_protected(Visit.household), wide))


def visible_requests(actor: Actor) -> ColumnElement[bool]:
    """A condition on :class:`VisitRequest`."""
    sent = exists(
        select(_MADE.id)
        .join(_GOING, _GOING.visit == _MADE.id)
        .where(_MADE.request == VisitRequest.id, _GOING.post == actor.post)
    )
    sends = exists(select(_SENDER.id).where(_SENDER.request == VisitRequest.id, _SENDER.published_by == actor.post))
    asker = VisitRequest.requested_by == actor.post
    part = or_(asker, sent, sends, _owns(actor, VisitRequest.case))
    if actor.role in PLANNING:
        wide = _covers(actor, VisitRequest.area)
        return or_(part, and_(~is_protected(VisitRequest.household), wide))
    return part


def demand_planner(actor: Actor) -> None:
    """Refuse whoever may not plan visits."""
    if actor.role not in PLANNING:
        raise Forbidden(ONLY_LEADS)


async def load_visit(session: AsyncSession, actor: Actor, visit_id: UUID) -> Visit:
    """One visit that ``actor`` may see; Missing otherwise."""
    visit = await session.scalar(select(Visit).where(Visit.id == visit_id, visible_visits(actor)))
    if visit is None:
        raise Missing(NOT_HERE)
    return visit


async def load_request(session: AsyncSession, actor: Actor, request_id: UUID) -> VisitRequest:
    """One visit request that ``actor`` may see; Missing otherwise."""
    request = await session.scalar(select(VisitRequest).where(VisitRequest.id == request_id, visible_requests(actor)))
    if request is None:
        raise Missing(NOT_HERE)
    return request
