"""How soon sharing stops everywhere once somebody takes their consent back (同意の撤回).

An agency has accepted its part on a consent; the consent is withdrawn at intake. From the moment on which casework
knows of it the case is shut to the agency; then casework ends the part, and intake shuts the household. Moments are
those at which PostgreSQL committed, counted from the sending of the request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.story.stage import Person, arrival
from services.ward.staff import head_of
from shared.spine.rebuilding import plain
from tests.bench.story.town import Town

SAMPLES: Final = 30
STEPS: Final = ("withdrawn", "case_shut", "part_ended", "household_shut")
_WHO, _COORDINATOR, _AGENCY = "caseworker-n1", "coordinator-1", "shakyo"
_PATIENCE: Final = 60.0
_ITEMS: Final = ["identity", "family", "health", "care", "economy", "work", "words"]
_ROWS: Final = {
    "withdrawn": ("intake", "consent WHERE id = $1 AND withdrawn_at IS NOT NULL"),
    "case_shut": ("casework", "consent WHERE id = $1 AND withdrawn_at IS NOT NULL"),
    "part_ended": ("casework", "invitation WHERE id = $1 AND ended_at IS NOT NULL"),
    "household_shut": ("intake", "access_grant WHERE source_id = $1 AND ground = 'agency' AND ended"),
}
"""Where the row of each step stands, and by what it is known that it was done."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A household of which an agency sees as much as a consent allows."""

    consent: UUID
    part: UUID

    def row(self, step: str) -> UUID:
        """Whose commit tells when the step was done."""
        return self.consent if step in {"withdrawn", "case_shut"} else self.part


async def measure(
    there: Town, next_body: Callable[[], dict[str, Any]], samples: int = SAMPLES
) -> dict[str, list[float]]:
    """Milliseconds from the request to each step, one household after the other."""
    caseworker, coordinator = await there.person(_WHO), await there.person(_COORDINATOR)
    partner = await there.person(head_of(_AGENCY).code)
    databases = {
        service: await asyncpg.connect(plain(there.settings[service].database_url))
        for service in ("intake", "casework")
    }
    try:
        ready = [await _share(caseworker, coordinator, partner, next_body()) for _ in range(samples)]
        spent: dict[str, list[float]] = {step: [] for step in STEPS}
        for one in ready:
            sent = time.time()
            await caseworker.post_to(f"/intake/api/consents/{one.consent}/withdrawal", {"reason": "本人の申し出"})
            for step, (service, rows) in _ROWS.items():
                done = await _moment(databases[service], rows, one.row(step))
                spent[step].append((done - sent) * 1000)
        return spent
    finally:
        for database in databases.values():
            await database.close()


async def _share(caseworker: Person, coordinator: Person, partner: Person, body: dict[str, Any]) -> Shared:
    made = await caseworker.post_to("/intake/api/consultations", body)
    household = made["household"]
    home = await caseworker.get(f"/intake/api/households/{household}")

    async def opened() -> Any:
        return (await caseworker.get(f"/casework/api/cases?household={household}"))["cases"]

    case = (await arrival(opened, "the case", _PATIENCE))[0]["id"]
    given = {
        "member": home["members"][0]["id"], "state": "signed", "purpose": "support", "recipients": [_AGENCY],
        "items": _ITEMS,
    }  # fmt: skip
    consent = await caseworker.post_to(f"/intake/api/households/{household}/consents", given)
    asking = {"agency": _AGENCY, "question": "居場所を探せますか。", "basis": "consent_69_2_1"}

    async def asked() -> Any:
        answer = await coordinator.send("POST", f"/casework/api/cases/{case}/invitations", asking)
        return answer.json() if answer.is_success else None  # the consent is on its way

    part = (await arrival(asked, "the request", _PATIENCE))["id"]
    await partner.post_to(f"/casework/api/invitations/{part}/answer", {"answer": "accepted"})

    async def sees() -> bool:
        return (await partner.send("GET", f"/intake/api/households/{household}")).is_success

    await arrival(sees, "the household", _PATIENCE)
    return Shared(UUID(consent["id"]), UUID(part))


async def _moment(database: asyncpg.Connection, rows: str, row: UUID) -> float:
    at = f"SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM {rows}"  # noqa: S608 - our own words

    async def committed() -> Any:
        return await database.fetchval(at, row)

    return float(await arrival(committed, "the end of sharing", _PATIENCE))
