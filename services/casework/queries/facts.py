"""Facts that the rules ask for: consents as they stand, agencies that are asked or take part."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.casework.rules import sharing
from services.casework.tables import Consent, Invitation
from shared.codes import Code

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def live_agencies(session: AsyncSession, case_id: UUID) -> frozenset[str]:
    """The agencies that are asked or take part."""
    return frozenset(
        await session.scalars(
            select(Invitation.agency).where(Invitation.case_id == case_id, Invitation.state.in_(sorted(sharing.LIVE)))
        )
    )


async def consents_of(session: AsyncSession, household: UUID) -> list[sharing.ConsentFacts]:
    """The household's consents as the rules see them."""
    allows = select(Code.code).where(Code.list == "CONSENT_STATE", Code.attributes["allows"].as_boolean().is_(True))
    yes = set(await session.scalars(allows))
    rows = await session.scalars(select(Consent).where(Consent.household == household))
    return [
        sharing.ConsentFacts(
            allows=row.state in yes,
            recipients=frozenset(row.recipients),
            withdrawn=row.withdrawn_at is not None,
            ends_on=row.ends_on,
        )
        for row in rows
    ]
