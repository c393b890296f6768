"""Facts that the rules ask for: consents as they stand, agencies that are asked or take part."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.casework.rules import sharing
from services.casework.tables import Agency, Consent, Invitation
from shared.codes import Code, code_list

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_AGENCIES = "casework.agencies"


async def find_agency(session: AsyncSession, code: str) -> Agency | None:
    """An agency; all are read once a session."""
    known: dict[str, Agency] | None = session.info.get(_AGENCIES)
    if known is None:
        known = session.info[_AGENCIES] = {row.code: row for row in await session.scalars(select(Agency))}
    return known.get(code)


async def live_agencies(session: AsyncSession, case_id: UUID) -> frozenset[str]:
    """The agencies that are asked or take part."""
    return frozenset(
        await session.scalars(
            select(Invitation.agency).where(Invitation.case_id == case_id, Invitation.state.in_(sorted(sharing.LIVE)))
        )
    )


async def consents_of(session: AsyncSession, household: UUID) -> list[sharing.ConsentFacts]:
    """The household's consents as the rules see them."""
    return (await consents_by_household(session, {household})).get(household, [])


async def consents_by_household(
    session: AsyncSession, households: Collection[UUID]
) -> dict[UUID, list[sharing.ConsentFacts]]:
    """The consents of many households as the rules see them; without those that have none."""
    states, purposes = await code_list(session, "CONSENT_STATE"), await code_list(session, "CONSENT_PURPOSE")
    found: dict[UUID, list[sharing.ConsentFacts]] = {}
    for row in await session.scalars(select(Consent).where(Consent.household.in_(households)).order_by(Consent.id)):
        state = states.get(row.state)
        found.setdefault(row.household, []).append(
            sharing.ConsentFacts(
                allows=bool(state and state.attributes.get("allows")),
                recipients=frozenset(row.recipients),
                ways=frozenset(way for code in row.purposes if code in purposes for way in _ways(purposes[code])),
                items=frozenset(row.items),
                withdrawn=row.withdrawn_at is not None,
                ends_on=row.ends_on,
                confirm_by=row.confirm_by,
            )
        )
    return found


def _ways(purpose: Code) -> list[str]:
    """In which ways a purpose of consent lets one tell (DISCLOSURE_WAY)."""
    return list(purpose.attributes.get("ways", ()))
