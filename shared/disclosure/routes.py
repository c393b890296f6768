"""``GET /api/disclosure/{household}``: what this service holds about a household, and who saw it.

Only intake asks, for the person who handles the request: it alone knows the allow-list of a protected household, and
the request that there must be.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import StringConstraints

from shared.audit.rows import note
from shared.disclosure.logged import list_accesses
from shared.disclosure.parts import BASIS, DISCLOSING, Export
from shared.errors import Forbidden
from shared.i18n import N_, locale_of, speaking
from shared.identity import Actor, CurrentActor, only_for
from shared.service import Here, Service

router = APIRouter(tags=["disclosure"])

ONLY_MANAGERS = N_("開示請求をあつかえるのは、管理職だけです。")

RequestNumber = Annotated[str, StringConstraints(pattern=r"^D-[0-9]{1,12}$")]
"""The number of the request at intake, which the audit keeps as the reason."""


def demand_discloser(actor: Actor) -> None:
    """Raise Forbidden unless the post handles disclosure requests."""
    if actor.role not in DISCLOSING:
        raise Forbidden(ONLY_MANAGERS)


@router.get("/api/disclosure/{household}", dependencies=[Depends(only_for("intake"))])
async def export_for_disclosure(
    request: Request, household: UUID, here: Here, actor: CurrentActor, number: Annotated[RequestNumber, Query()]
) -> Export:
    """Everything about a household for a disclosure request; written down with the request's number."""
    demand_discloser(actor)
    with speaking(locale_of(request)):
        return await collect(here, actor, household, number)


async def collect(here: Service, actor: Actor, household: UUID, number: str) -> Export:
    """The service's parts and its log, in one transaction with the line that says so."""
    async with here.db.transaction() as session:
        found = Export(service=here.name, parts=[], accesses=[])
        if here.disclose is not None:
            found = await here.disclose(session, here, actor, household)
        found.accesses = await list_accesses(session, here.name, household)
        await note(session, actor, "disclose", [household], basis=BASIS, reason=number)
    return found
