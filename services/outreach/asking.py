"""What outreach asks intake for while somebody looks: map cells and members' ids, with that person's own rights.

Nothing of it is kept. When intake is down or slow, the page does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.asking import AwayError, ask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.service import Service

PATIENCE = 2.0
"""Seconds. A plan by district now is better than one by distance later."""
_MOST_CELLS = 500


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
    try:
        return await ask(service, token, "intake", path, method=method, patience=PATIENCE, **more)
    except AwayError:
        return {}
