"""Why a manager opens the record of a household: written down first, then good for some hours (domain paper 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.queries.access import NOT_HERE, find_household, stand_to
from services.intake.rules.protection import Sight
from shared.audit import note
from shared.errors import Missing, Refused
from shared.i18n import N_
from shared.rights import OPENED

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import ReasonIn
    from services.intake.tables import Household
    from shared.identity import Actor


async def give_reason(session: AsyncSession, actor: Actor, household: UUID, request: ReasonIn) -> Household:
    """Write down why the actor opens a household that they find in lists. Raises Missing; Refused without words."""
    home = await find_household(session, actor, household)
    stand = await stand_to(session, actor, household)
    if not stand.must_say_why:
        if stand.sight is Sight.NUMBER:
            raise Missing(NOT_HERE)  # a reason alone opens no protected household
        return home
    if not request.reason:
        raise Refused(N_("見る理由を書いてください。"), field="reason")
    await note(session, actor, OPENED, [household], reason=request.reason)
    return home
