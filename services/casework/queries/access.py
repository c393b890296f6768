"""Who may see which case and which request: the conditions that every select goes through.

``rules/rights.py`` says which relation to a case gives which level; here each relation is a condition on
:class:`Case`. A select asks for the part it is about: ``showing(viewer, "row")``. What no relation shows is not there
(Missing). A household that is protected is its area's no more, but for those of the area who stand on its allow-list;
one about which an event could not be applied is nobody's by its area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import (
    ColumnElement,
    and_,
    any_,
    exists,
    false,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from services.casework.queries.grounds import ground_holds, seated
from services.casework.rules.rights import LEVELS, NOTHING, Deed, Part, on_screen_alone
from services.casework.rules.sharing import TAKING_PART
from services.casework.tables import Case, Consultation, Household, Invitation, Meeting, Plan, Post, Visit, VisitRequest
from shared import clock, viewers
from shared.audit import AuditEntry
from shared.errors import Forbidden, Missing
from shared.i18n import N_
from shared.identity import WITHOUT_CASES
from shared.rights import BY_CONSENT, OPENED, REASON_HOLDS
from shared.spine.parked import closed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.rules.rights import Sight
    from shared.identity import Actor

_PART, _SENT, _HOME, _CALL = aliased(Invitation), aliased(Visit), aliased(Household), aliased(Consultation)
_ASKED, _ASKS, _MET = aliased(VisitRequest), aliased(Invitation), aliased(Meeting)
_CALLS, _DRAFTS, _WANTS = aliased(Meeting), aliased(Plan), aliased(VisitRequest)
_LEADS, _OWNS = aliased(Invitation), aliased(Post)
"""Made once: an alias is dear, and these conditions are part of every select."""

Viewer = viewers.Viewer[Part, Deed]

NOT_HERE = N_("ここには何もありません。番号が変わったか、見る権限がありません。")
SAY_WHY = N_("世帯の記録を開くには、見る理由を残してください。")


def _takes_part(actor: Actor, basis: str | None = None) -> ColumnElement[bool]:
    accepted = [_PART.case_id == Case.id, _PART.agency == actor.agency, _PART.state.in_(sorted(TAKING_PART))]
    accepted.append(ground_holds(_PART))  # consent may have gone before casework has ended the part
    return exists().where(*accepted, *([_PART.basis == basis] if basis else []))


def _leads(actor: Actor) -> ColumnElement[bool]:
    """The lead takes part (until the case was closed), or is the owner's own office; who had to leave leads no more."""
    stays = and_(or_(_LEADS.state.in_(sorted(TAKING_PART)), _LEADS.end_reason == "case_closed"), ground_holds(_LEADS))
    own = exists().where(_OWNS.id == Case.owner, _OWNS.agency == actor.agency)
    part = exists().where(_LEADS.case_id == Case.id, _LEADS.agency == actor.agency, stays)
    return and_(Case.lead.is_not(None), Case.lead == actor.agency, or_(part, own))


def _listed(actor: Actor) -> ColumnElement[bool]:
    """On the allow-list, and of its area."""
    return literal(actor.post) == any_(_HOME.listed)


def _of_own_area(actor: Actor) -> ColumnElement[bool]:
    """An unknown area is everybody's, unless it is unknown because somebody is protected."""
    where = or_(_HOME.area.in_(sorted(actor.areas)), _HOME.area.is_(None)) if actor.areas else _HOME.id.is_not(None)
    shown = or_(_HOME.protected.is_(False), _listed(actor))
    return exists().where(_HOME.id == Case.household, shown, where, ~closed(cast("ColumnElement[UUID]", _HOME.id)))


def _guarded(*but: ColumnElement[bool]) -> ColumnElement[bool]:
    """Somebody is protected there; so is everybody of whom an event could not be applied (it fails closed)."""
    shut = or_(and_(_HOME.protected, *but), closed(cast("ColumnElement[UUID]", _HOME.id)))
    return exists().where(_HOME.id == Case.household, shut)


def _kept(actor: Actor) -> ColumnElement[bool]:
    return _guarded(~_listed(actor))


def _asked_to_visit(actor: Actor) -> ColumnElement[bool]:
    """A visit of an unknown area is asked of everybody, unless it is unknown because somebody is protected."""
    asked = (_ASKED.case_id == Case.id, _ASKED.state != "cancelled")
    if not actor.areas:
        return exists().where(*asked)
    open_home = exists().where(
        _HOME.id == Case.household, _HOME.protected.is_(False), ~closed(cast("ColumnElement[UUID]", _HOME.id))
    )
    own = exists().where(*asked, _ASKED.area.in_(sorted(actor.areas)))
    return or_(own, and_(exists().where(*asked, _ASKED.area.is_(None)), open_home))


def _works_on(actor: Actor) -> ColumnElement[bool]:
    """They have asked somebody in, called a meeting, drafted a plan, asked for a visit; or they must name the lead."""
    return or_(
        Case.lead_undecided,
        exists().where(_ASKS.case_id == Case.id, _ASKS.invited_by == actor.post),
        exists().where(_CALLS.case_id == Case.id, _CALLS.called_by == actor.post),
        exists().where(_DRAFTS.case_id == Case.id, _DRAFTS.drafted_by == actor.post),
        exists().where(_WANTS.case_id == Case.id, _WANTS.requested_by == actor.post),
    )


def _gave_reason(actor: Actor) -> ColumnElement[bool]:
    return exists().where(
        AuditEntry.post == actor.post,
        AuditEntry.household == Case.household,
        AuditEntry.action == OPENED,
        AuditEntry.at > clock.now() - REASON_HOLDS,
    )


def _named(actor: Actor) -> ColumnElement[bool]:
    """Named in a meeting that sits on the case; or of an agency called to one that has no named members."""
    called = exists().where(
        _MET.case_id == Case.id,
        _MET.named.is_(False),
        _MET.state != "cancelled",
        literal(actor.agency) == any_(_MET.agencies),
    )
    return or_(seated(actor), called)


_DOORS: Final[viewers.Doors] = {
    "owner": lambda actor: Case.owner == actor.post,
    "lead": _leads,
    "part": _takes_part,
    "consented": lambda actor: _takes_part(actor, BY_CONSENT),
    "ordinance": lambda actor: _takes_part(actor, "ordinance"),
    "disaster": lambda actor: _takes_part(actor, "disaster"),
    "council": _named,
    "assigned": _works_on,
    "area": _of_own_area,
    "ward": lambda actor: false() if actor.areas else ~_kept(actor),
    "sender": lambda actor: exists().where(_CALL.household == Case.household, _CALL.received_by == actor.post),
    "sent": lambda actor: exists().where(_SENT.case_id == Case.id, literal(actor.post) == any_(_SENT.workers)),
    "asked": _asked_to_visit,
    "reason": _gave_reason,
    "kept": _kept,
}
_ACCESS: Final = viewers.Access(LEVELS, _DOORS)
viewer_of = _ACCESS.viewer_of
showing = _ACCESS.showing
standing = _ACCESS.standing


def invitation_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Requests to the viewer's own agency (the question, never the household), and of cases they see or asked in."""
    if viewer.actor.role in WITHOUT_CASES:
        return false()
    seen = Invitation.case_id.in_(select(Case.id).where(showing(viewer, "file"), showing(viewer, "agencies")))
    if viewer.actor.role == "outreach_worker":  # goes where they are sent, not wherever their team is asked
        return seen
    own = and_(Invitation.agency == viewer.actor.agency, ~_fell_with_consent())
    return or_(own, Invitation.invited_by == viewer.actor.post, seen)


def _fell_with_consent() -> ColumnElement[bool]:
    """A request that was answered on a consent which is gone: sharing stops, its question with it."""
    over = or_(Invitation.state.in_(sorted(TAKING_PART)), Invitation.end_reason == "consent_withdrawn")
    return and_(Invitation.basis == BY_CONSENT, over, ~ground_holds(Invitation))


async def find_sight(session: AsyncSession, actor: Actor, case_id: UUID) -> tuple[Case | None, Sight]:
    """A case and what the actor has of it; nothing at all for one that is not there."""
    viewer = await viewer_of(session, actor)
    row = (await session.execute(select(Case, standing(viewer), _guarded()).where(Case.id == case_id))).one_or_none()
    if row is None:
        return None, NOTHING
    case, held, guarded = row
    seen = viewer.sight(held)
    return case, on_screen_alone(seen) if guarded else seen


async def load_case(session: AsyncSession, actor: Actor, case_id: UUID, part: Part = "file") -> Case:
    """The case, if this actor sees ``part`` of it; Missing otherwise, whether it exists or not.

    Forbidden for a manager who sees its row on the board and has not written down why they open it.
    """
    case, seen = await find_sight(session, actor, case_id)
    return demand(case, seen, part)


def demand(case: Case | None, seen: Sight, part: Part) -> Case:
    """The case, if ``part`` is in sight. Raises Missing, or Forbidden where a reason would open it."""
    if case is None or not seen.shows(part):
        raise Forbidden(SAY_WHY) if must_say_why(seen) else Missing(NOT_HERE)
    return case


def must_say_why(seen: Sight) -> bool:
    """Whether a reason opens the case: its status is in sight, its record is not."""
    return "A" in seen.levels and not seen.shows("file")


async def sights_of(session: AsyncSession, actor: Actor, case_ids: Collection[UUID]) -> dict[UUID, tuple[UUID, Sight]]:
    """Household and sight of cases on which the actor is about to act. Raises Missing, or Forbidden (say why)."""
    viewer = await viewer_of(session, actor)
    query = select(Case.id, Case.household, standing(viewer)).where(Case.id.in_(case_ids))
    found = {row[0]: (row[1], viewer.sight(row[2])) for row in await session.execute(query)}
    _demand_all(found.get(case) for case in case_ids)
    return found


def _demand_all(found: Iterable[tuple[UUID, Sight] | None]) -> None:
    for one in found:
        if one is None or not one[1].shows("file"):
            raise Forbidden(SAY_WHY) if one is not None and must_say_why(one[1]) else Missing(NOT_HERE)


async def load_invitation(session: AsyncSession, actor: Actor, invitation_id: UUID) -> Invitation:
    """The request, if this actor may see it; Missing otherwise."""
    visible = invitation_visible_to(await viewer_of(session, actor))
    found = await session.scalar(select(Invitation).where(Invitation.id == invitation_id, visible))
    if found is None:
        raise Missing(NOT_HERE)
    return found
