"""Who may see which case and which request: the conditions that every select goes through.

Coordinators and managers see the ward; caseworkers the cases of their areas; an agency what it has accepted, never
what it is only asked about; outreach what it was asked to visit. A protected household, or one about which an event
could not be applied, is seen by those who take part and by the ward-wide roles alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import ColumnElement, and_, any_, exists, false, literal, or_, select
from sqlalchemy.orm import aliased

from services.casework.rules.sharing import TAKING_PART
from services.casework.tables import Case, Consultation, Household, Invitation, Visit, VisitRequest
from shared.errors import Missing
from shared.i18n import N_
from shared.identity import COORDINATING, WITHOUT_CASES
from shared.spine.parked import closed

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

_PART, _SENT, _HOME = aliased(Invitation), aliased(Visit), aliased(Household)
_CALL, _ASKED = aliased(Consultation), aliased(VisitRequest)
"""Made once: an alias is dear, and these conditions are part of every select."""

NOT_HERE = N_("ここには何もありません。番号が変わったか、見る権限がありません。")


WRITERS = frozenset({"caseworker", "coordinator", "manager", "agency_worker", "outreach_lead", "outreach_worker"})
"""Roles that write progress entries."""


def takes_part(actor: Actor) -> ColumnElement[bool]:
    """Cases in which the actor's agency has accepted its part."""
    return exists().where(_PART.case_id == Case.id, _PART.agency == actor.agency, _PART.state.in_(sorted(TAKING_PART)))


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The cases that ``actor`` may see, as a condition on :class:`Case`."""
    if actor.role in WITHOUT_CASES:
        return false()
    own = Case.owner == actor.post
    if actor.role == "outreach_worker":
        return or_(own, exists().where(_SENT.case_id == Case.id, literal(actor.post) == any_(_SENT.workers)))
    doors = [own, takes_part(actor), Case.lead == actor.agency]
    if actor.role in COORDINATING and not actor.areas:
        doors.append(Case.id.is_not(None))
    elif actor.role in COORDINATING or actor.role == "caseworker":
        doors += [_of_own_area(actor), _received(actor)]
    if actor.role == "outreach_lead":
        doors.append(_asked_to_visit(actor))
    return or_(*doors)


def _of_own_area(actor: Actor) -> ColumnElement[bool]:
    """An unknown area is everybody's, unless it is unknown because somebody is protected."""
    where = or_(_HOME.area.in_(sorted(actor.areas)), _HOME.area.is_(None)) if actor.areas else _HOME.id.is_not(None)
    return exists().where(
        _HOME.id == Case.household, _HOME.protected.is_(False), where, ~closed(cast("ColumnElement[UUID]", _HOME.id))
    )


def _received(actor: Actor) -> ColumnElement[bool]:
    return exists().where(_CALL.household == Case.household, _CALL.received_by == actor.post)


def _asked_to_visit(actor: Actor) -> ColumnElement[bool]:
    area = or_(_ASKED.area.in_(sorted(actor.areas)), _ASKED.area.is_(None)) if actor.areas else _ASKED.id.is_not(None)
    return exists().where(and_(_ASKED.case_id == Case.id, _ASKED.state != "cancelled", area))


def invitation_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Requests to the actor's own agency (the question, never the household) and those of the cases they see."""
    if actor.role in WITHOUT_CASES:
        return false()
    seen = select(Case.id).where(visible_to(actor))
    if actor.role == "outreach_worker":
        return Invitation.case_id.in_(seen)
    return or_(Invitation.agency == actor.agency, Invitation.case_id.in_(seen))


async def load_case(session: AsyncSession, actor: Actor, case_id: UUID) -> Case:
    """The case, if this actor may see it; Missing otherwise, whether it exists or not."""
    case = await session.scalar(select(Case).where(Case.id == case_id, visible_to(actor)))
    if case is None:
        raise Missing(NOT_HERE)
    return case


async def seen_households(session: AsyncSession, actor: Actor, case_ids: Collection[UUID]) -> list[UUID]:
    """The households of cases, if this actor may see them all; Missing otherwise."""
    query = select(Case.household).where(Case.id.in_(case_ids), visible_to(actor))
    found = list(await session.scalars(query))
    if len(found) < len(set(case_ids)):
        raise Missing(NOT_HERE)
    return found


async def load_invitation(session: AsyncSession, actor: Actor, invitation_id: UUID) -> Invitation:
    """The request, if this actor may see it; Missing otherwise."""
    found = await session.scalar(select(Invitation).where(Invitation.id == invitation_id, invitation_visible_to(actor)))
    if found is None:
        raise Missing(NOT_HERE)
    return found


def reads_scope(actor: Actor, case: Case, scope: str, author: UUID) -> bool:
    """Whether an entry kept for owner and lead is for this reader's eyes."""
    return (
        scope == "all"
        or actor.role in {"coordinator", "manager"}
        or actor.post in {case.owner, author}
        or (case.lead is not None and case.lead == actor.agency)
    )
