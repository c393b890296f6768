"""Writing down that somebody was told something about a household, on which ground, and that it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from services.casework.queries.handling import every_item
from services.casework.rules.sharing import TAKING_PART
from services.casework.tables import Agency, Case, Disclosure, Invitation, VisitRequest
from shared import clock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

_INSIDE = "internal_69_2_2"
_ENDS = {"consent_withdrawn": "consent_withdrawn", "case_closed": "case_closed"}


def disclose(
    session: AsyncSession,
    case: Case,
    way: str,
    about: UUID,
    *,
    basis: str,
    decided_by: UUID,
    items: Iterable[str],
    agencies: Iterable[str] = (),
    posts: Iterable[UUID] = (),
    reason: str | None = None,
    at: datetime | None = None,
) -> Disclosure:
    """One line of "to whom was what told": ``way`` of DISCLOSURE_WAY, ``about`` what was shown."""
    told = Disclosure(
        id=clock.new_id(),
        household=case.household,
        case_id=case.id,
        way=way,
        about=about,
        basis=basis,
        reason=reason,
        items=list(items),
        agencies=sorted(agencies),
        posts=sorted(posts),
        decided_by=decided_by,
        at=at or clock.now(),
    )
    session.add(told)
    return told


def disclose_invitation(session: AsyncSession, case: Case, accepted: Invitation, at: datetime) -> Disclosure:
    """An agency accepted: from now on it sees the household, on the ground on which it was asked."""
    return disclose(
        session,
        case,
        "invitation",
        accepted.id,
        basis=accepted.basis,
        decided_by=accepted.invited_by,
        items=accepted.items,
        agencies=[accepted.agency],
        reason=accepted.reason,
        at=at,
    )


async def disclose_visit(session: AsyncSession, case: Case, wanted: VisitRequest) -> Disclosure:
    """Outreach was asked to go: the teams of the area (all, while it is not known) learn of the household."""
    teams = await session.scalars(select(Agency).where(Agency.kind == "outreach", Agency.active))
    told = [team.code for team in teams if not team.areas or wanted.area is None or wanted.area in team.areas]
    return disclose(
        session, case, "visit_request", wanted.id, basis=_INSIDE, decided_by=wanted.requested_by,
        items=await every_item(session), agencies=told,
    )  # fmt: skip


async def disclose_print(session: AsyncSession, actor: Actor, case: Case) -> None:
    """Somebody took a case out on paper, on the ground on which their agency sees it."""
    basis = await basis_of(session, actor, case)
    disclose(
        session, case, "print", case.id, basis=basis, decided_by=actor.post, items=await every_item(session),
        agencies=[actor.agency], posts=[actor.post],
    )  # fmt: skip


async def basis_of(session: AsyncSession, actor: Actor, case: Case) -> str:
    """The ground on which the actor's agency takes part in a case; where it has no part: use inside the office."""
    part = select(Invitation.basis).where(
        Invitation.case_id == case.id, Invitation.agency == actor.agency, Invitation.state.in_(sorted(TAKING_PART))
    )
    return await session.scalar(part.limit(1)) or _INSIDE


async def end_disclosures(session: AsyncSession, about: Iterable[UUID], reason: str, at: datetime) -> None:
    """What was told by these is told no more; the lines stay. ``reason``: DISCLOSURE_END, or why an agency left."""
    ended = list(about)
    if ended:
        await session.flush()
        await session.execute(
            update(Disclosure)
            .where(Disclosure.about.in_(ended), Disclosure.ended_at.is_(None))
            .values(ended_at=at, end_reason=reason)
        )


def end_of(left: str) -> str:
    """Why a disclosure ended (DISCLOSURE_END) when an agency has left for this reason (AGENCY_LEAVE)."""
    return _ENDS.get(left, "over")
