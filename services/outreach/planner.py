"""One run of the planner: load, ask intake for map cells, think in a thread, keep the proposals.

Map cells live in intake alone. They are asked for at this moment, with the right of the lead who plans, used for
distances and forgotten; while intake is down the district must do.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.outreach.actions import planning as actions
from services.outreach.asking import ask_cells
from services.outreach.queries.planning import planning_inputs
from services.outreach.queries.requests import team_for
from services.outreach.rules import planning as rules
from shared import clock
from shared.errors import Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.outreach.rules.plans import Plan
    from shared.identity import Actor
    from shared.service import Done, Service


async def plan_visits(
    service: Service,
    actor: Actor,
    token: str | None,
    *,
    team: str | None = None,
    requests: Sequence[UUID] = (),
    key: str | None = None,
) -> tuple[Done, Plan]:
    """Propose visits for a team and keep the proposals; answers the receipt and the plan."""
    async with service.db.read() as session:
        chosen = team or await team_for(session, actor, actor.areas)
        if chosen is None:
            raise Refused(N_("どのチームの計画か選んでください。"), field="team")
        actions.demand_team(actor, chosen)
        inputs = await planning_inputs(session, actor, service.codes, chosen, now=clock.now(), only=requests)
    inputs = inputs.with_cells(await ask_cells(service, token, inputs.households))
    plan = await asyncio.to_thread(rules.propose, inputs.wishes, inputs.workers, inputs.slots, inputs.today)

    async def keep(session: Any) -> dict[str, Any]:
        made = await actions.keep_proposals(session, actor, service.codes, chosen, plan)
        return {"visits": [str(visit) for visit in made]}

    body = {"team": team, "requests": sorted(str(request) for request in requests)}
    done = await service.perform(actor, keep, key=key, what="plan", body=body)
    return done, plan
