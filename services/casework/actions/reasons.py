"""Why a manager opens the record of a family: written down first, then good for some hours (domain paper 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.casework.queries.access import demand, find_sight
from shared import clock
from shared.audit import note
from shared.errors import Refused
from shared.events.casework import RecordOpened
from shared.i18n import N_
from shared.rights import OPENED, REASON_HOLDS
from shared.spine import hold, record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.tables import Case
    from shared.identity import Actor


async def give_reason(session: AsyncSession, actor: Actor, case_id: UUID, reason: str) -> Case:
    """Write down why the actor opens a case whose status they see. Raises Missing; Refused without words."""
    if not reason.strip():
        raise Refused(N_("見る理由を書いてください。"), field="reason")
    case, seen = await find_sight(session, actor, case_id)
    case = demand(case, seen, "row")
    await hold(session, case.household)
    await note(session, actor, OPENED, [case.household], reason=reason)
    now = clock.now()
    opened = RecordOpened(household=case.household, case=case.id, post=actor.post, until=now + REASON_HOLDS)
    await record(session, opened, actor=actor, occurred_at=now)
    return case
