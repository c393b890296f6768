"""To whom was what told about a household, and on which ground: one query, the newest first, ended ones kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, or_, select

from services.casework.queries.views import View
from services.casework.tables import Disclosure

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_SHOWN = 200


class DisclosureView(View):
    """To whom what was told, on which ground. Ended ones are kept."""

    id: UUID
    way: str
    about: UUID
    basis: str
    reason: str | None
    items: list[str]
    agencies: list[str]
    posts: list[UUID]
    decided_by: UUID
    at: datetime
    ended_at: datetime | None
    end_reason: str | None


async def disclosures_of(session: AsyncSession, household: UUID) -> list[DisclosureView]:
    """Every disclosure about a household that reached somebody, of all its cases. The caller sees to the rights.

    A material that nobody but its writer has opened yet was told to nobody.
    """
    reached = or_(func.cardinality(Disclosure.agencies) > 0, func.cardinality(Disclosure.posts) > 0)
    rows = await session.scalars(
        select(Disclosure)
        .where(Disclosure.household == household, reached)
        .order_by(Disclosure.at.desc(), Disclosure.id.desc())
        .limit(_SHOWN)
    )
    return [DisclosureView.model_validate(row) for row in rows]
