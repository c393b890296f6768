"""What outreach asks intake for while somebody looks: map cells and members' ids, with that person's own rights.

Nothing of it is kept. When intake is down or slow, the page does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import structlog

from shared.audit.origin import current_origin
from shared.credentials import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.service import Service

PATIENCE = 2.0
"""Seconds. A plan by district now is better than one by distance later."""
_MOST_CELLS = 500
log = structlog.get_logger()


async def ask_cells(service: Service, token: str | None, households: Iterable[UUID]) -> dict[UUID, str]:
    """Map cells (JIS X 0410) of households that the viewer may see: ``{household: cell}``; protected ones have none."""
    wanted = sorted(str(household) for household in households)[:_MOST_CELLS]
    if not wanted:
        return {}
    found = await _ask(service, token, "POST", "/api/cells", json={"households": wanted})
    try:
        return {UUID(household): str(cell["mesh"]) for household, cell in found.items() if cell and cell.get("mesh")}
    except (AttributeError, TypeError, ValueError):
        return {}


async def ask_members(service: Service, token: str | None, household: UUID) -> list[UUID]:
    """Ids of the members of a household, for ticking whom the workers have met; never their names."""
    found = await _ask(service, token, "GET", f"/api/households/{household}")
    try:
        return [UUID(member["id"]) for member in found.get("members", ())]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []


async def _ask(service: Service, token: str | None, method: str, path: str, **more: Any) -> Any:
    url = service.settings.urls.get("intake")
    if not url or not token:
        return {}
    try:
        headers = {
            "authorization": f"Bearer {token}",
            HEADER: service.spine.credentials.show("intake", "behalf", viewer=token, origin=current_origin()),
        }
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            answer = await client.request(method, url + path, headers=headers, **more)
            answer.raise_for_status()
            return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        log.info("intake could not be asked", path=path.split("/")[2], error=type(error).__name__)
        return {}
