"""Requests to agencies: those that wait for an answer, one of them, and whom else to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.casework.queries.access import (
    find_sight,
    invitation_visible_to,
    load_case,
    load_invitation,
    showing,
    viewer_of,
)
from services.casework.queries.cases import invitation_view, types_of, without_words
from services.casework.queries.facts import consents_of, live_agencies
from services.casework.queries.views import InvitationView, ProposalView, View
from services.casework.rules import proposals, sharing
from services.casework.tables import Agency, Case, Household, Invitation
from shared import clock
from shared.identity import WITHOUT_CASES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.identity import Actor

_WAITING_SHOWN = 100


class GroundView(View):
    """A ground for asking an agency. ``off``: why it can't be used (a message id with ``params``), or nothing."""

    code: str
    off: str
    params: dict[str, str]
    needs: str


async def list_invitations(
    session: AsyncSession, actor: Actor, *, states: frozenset[str] = sharing.WAITING
) -> list[InvitationView]:
    """Requests to the actor's own agency, the most pressing first; those asked only show question and area."""
    viewer = await viewer_of(session, actor)
    query = (
        select(Invitation, Case)
        .outerjoin(Case, (Case.id == Invitation.case_id) & showing(viewer, "listed"))
        .where(Invitation.agency == actor.agency, Invitation.state.in_(sorted(states)))
        .order_by(Invitation.urgency, Invitation.answer_due, Invitation.id)
        .limit(_WAITING_SHOWN)
    )
    if actor.role in WITHOUT_CASES | {"outreach_worker"}:
        return []
    return [invitation_view(part, case=case) for part, case in (await session.execute(query)).all()]


async def read_invitation(session: AsyncSession, actor: Actor, invitation_id: UUID) -> InvitationView:
    """One request. The case stays hidden until the reader may see it. Raises Missing."""
    part = await load_invitation(session, actor, invitation_id)
    case, seen = await find_sight(session, actor, part.case_id)
    view = invitation_view(part, case=case if seen.shows("listed") else None)
    own = actor.agency == part.agency or actor.post == part.invited_by
    return view if own or seen.shows("asked.notes") else without_words(view)


async def waiting_request(session: AsyncSession, actor: Actor, case_id: UUID) -> UUID | None:
    """The request about this case that waits for the actor's agency, where they may not see the case itself yet."""
    viewer = await viewer_of(session, actor)
    query = select(Invitation.id).where(
        Invitation.case_id == case_id,
        Invitation.agency == actor.agency,
        Invitation.state.in_(sorted(sharing.WAITING)),
        Invitation.case_id.not_in(select(Case.id).where(showing(viewer, "file"))),
    )
    return await session.scalar(query.where(invitation_visible_to(viewer)).limit(1))


async def propose_agencies(session: AsyncSession, actor: Actor, codes: Codes, case_id: UUID) -> list[ProposalView]:
    """Whom to ask, best first, each with its reasons and the grounds that could hold."""
    case = await load_case(session, actor, case_id)
    household = await session.get_one(Household, case.household)
    types = (await types_of(session, [household.id])).get(household.id, [])
    agencies = {row.code: row for row in await session.scalars(select(Agency).where(Agency.active))}
    found = proposals.propose(
        proposals.HouseholdFacts(
            area=household.area,
            types={one.code: one.verdict for one in types},
            worries=frozenset(household.worries),
            flags=frozenset(household.safety_flags),
        ),
        [proposals.AgencyFacts(row.code, row.kind, frozenset(row.areas)) for row in agencies.values()],
        [
            proposals.AgencyRule.read(entry.code, entry.attributes)
            for entry in codes["AGENCY_RULE"].values()
            if entry.active
        ],
        await live_agencies(session, case.id),
    )
    consents = await consents_of(session, household.id)
    return [
        ProposalView(
            agency=one.agency,
            score=one.score,
            reasons=list(one.reasons),
            bases=grounds(codes, one.agency, agencies[one.agency].kind, consents),
        )
        for one in found
    ]


def grounds(codes: Codes, agency: str, kind: str, consents: list[sharing.ConsentFacts]) -> list[str]:
    """The grounds that could hold today for an agency; what needs words or a reason still needs them."""
    wanted = wanted_of(codes, agency, kind, [sharing.IDENTITY])
    today, bases = clock.today(), [entry for entry in codes["BASIS"].values() if entry.active]
    return [
        entry.code
        for entry in bases
        if sharing.refuse_basis(sharing.Basis.read(entry.code, entry.attributes), wanted, today, consents) is None
    ]


def wanted_of(codes: Codes, agency: str, kind: str, items: Iterable[str]) -> sharing.Wanted:
    """What acceptance would tell an agency."""
    handling = str(codes["AGENCY_KIND"][kind].attributes.get("handling", "private"))
    return sharing.Wanted(agency, kind, sharing.BY_INVITATION, frozenset(items), handling)


async def ground_choices(
    session: AsyncSession, actor: Actor, codes: Codes, case_id: UUID, *, agency: str, items: Iterable[str]
) -> list[GroundView]:
    """Every ground for asking this agency, each with the sentence that says why it is off, or with none."""
    case = await load_case(session, actor, case_id)
    asked = await session.get(Agency, agency)
    if asked is None or not asked.active:
        return []
    consents = await consents_of(session, case.household)
    wanted = wanted_of(codes, asked.code, asked.kind, {*items, sharing.IDENTITY})
    shown = []
    for entry in codes["BASIS"].values():
        if not entry.active:
            continue
        off = sharing.refuse_basis(sharing.Basis.read(entry.code, entry.attributes), wanted, clock.today(), consents)
        shown.append(
            GroundView(
                code=entry.code,
                off=off.text if off else "",
                params={name: str(value) for name, value in off.params.items()} if off else {},
                needs=str(entry.attributes.get("needs", "")),
            )
        )
    return shown
