"""Erasing a household: out of intake's tables and log at once, and by ``household_erased`` out of the others'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.intake.tables import AccessGrant, Base, CaseOfHousehold
from services.intake.tables.retention import Disposal, DisposalReceipt
from shared.erasure import erase_rows, forget_everything
from shared.events.intake import HouseholdErased
from shared.spine import record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

_STAYS: Final = {"disposal", "disposal_receipt"}
"""The certificate."""
_KEYS_OF_THE_SEARCH: Final = "search_key"


async def erase_household(session: AsyncSession, actor: Actor, household: UUID) -> tuple[str, ...]:
    """Erase it from every table of intake, drafts, stored answers and the log; the others learn of it by event.

    Answers which classes of record there were (RECORD_CLASS). The caller holds the household.
    """
    erased = await erase_rows(session, Base.metadata, household, keep=_STAYS)
    await session.execute(
        update(Disposal).where(Disposal.household == household).values(asked_words="", answer_words="")
    )
    await forget_everything(session, household, erased.ids)
    await record(session, HouseholdErased(household=household), actor=actor)
    return tuple(name for name in erased.classes if name != _KEYS_OF_THE_SEARCH)


async def forget_what_others_said(session: AsyncSession, household: UUID) -> None:
    """Who owns its cases and may see it; what still comes about it before the others have forgotten goes again."""
    for table in (AccessGrant, CaseOfHousehold):
        await session.execute(delete(table).where(table.household_id == household))


async def confirm(session: AsyncSession, household: UUID, service: str, classes: Iterable[str], at: datetime) -> None:
    """Note a service's word that it has forgotten a household. Hearing it again changes nothing."""
    disposal = await session.scalar(
        select(Disposal.id).where(Disposal.household == household, Disposal.state == "erased")
    )
    if disposal is not None:
        row = {"disposal": disposal, "service": service, "confirmed_at": at, "classes": sorted(classes)}
        await session.execute(insert(DisposalReceipt).values(row).on_conflict_do_nothing())
