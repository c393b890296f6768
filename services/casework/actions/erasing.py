"""Forgetting a household: everything casework has written about it, and the word to intake that it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.casework.actions.files import close_files
from services.casework.tables import Base
from shared.erasure import erase_rows, forget_everything
from shared.events.casework import HouseholdForgotten
from shared.spine import record

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_BARE: Final = {"household"}
"""What :func:`services.casework.actions.projecting.forget` leaves of it: its id, so that nothing late makes it new."""


async def erase_household(session: AsyncSession, household: UUID) -> None:
    """Erase what casework has written about a household, half-written forms too, and what its log says of it."""
    erased = await erase_rows(session, Base.metadata, household, keep=_BARE)
    close_files(session, household)
    await forget_everything(session, household, erased.ids)
    await record(session, HouseholdForgotten(household=household, classes=erased.classes))
