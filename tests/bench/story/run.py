"""``./kasane bench story``: from saving a consultation to the notification in the inbox, and what its parts cost.

The head of an agency takes calls; each opens a case that somebody else owns, who is notified: intake saves, casework
opens the case, notify writes the notification. Moments are those at which PostgreSQL committed
(``track_commit_timestamp``); the call itself begins at the client's clock, which is the same machine's. One hop, for
comparison, is the way of the same facts into outreach's projection of the household: nothing acts on them there.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.story import households
from shared import clock
from shared.spine.rebuilding import plain
from tests.bench.story import withdrawal
from tests.bench.story.town import Town, town

RATES = (1.0, 5.0)
SECONDS = 60.0
SATURATED = 30.0
_WARM_UP = 5
_SAVERS = 8
_PATIENCE = 120.0
CALLER = "head-hokatsu-n"  # owns no cases: somebody else does, and is told
_YOUNGEST, _BIRTHDAYS = (81 * 366, 51 * 366), 2500
"""In days: a mother of 81 to 88 and a son of 51 to 58, and that few share a birthday."""
_PARTS = ("chain", "save", "intake_commit", "hop_casework", "hop_notify", "one_hop")


@dataclass(frozen=True, slots=True)
class Call:
    """One consultation as the client saw it; seconds since the epoch."""

    household: UUID
    sent: float
    answered: float


async def measure(
    *,
    rates: Sequence[float] = RATES,
    seconds: float = SECONDS,
    saturated: float = SATURATED,
    withdrawals: int = withdrawal.SAMPLES,
) -> dict[str, Any]:
    """Play calls at each rate, then as many as go through for ``saturated`` seconds, then withdraw consents.

    Milliseconds, and households a second.
    """
    async with town() as there:
        await there.person(CALLER)  # signed in before the first call
        said = Calls(there)
        await asyncio.gather(*(said.make() for _ in range(_WARM_UP)))
        found: dict[str, Any] = {"rates": {}}
        for rate in rates:
            _tell(f"{rate:g} households a second for {seconds:g} s")
            calls = await said.paced(rate, seconds)
            found["rates"][f"{rate:g}"] = _figures(calls, await moments_of(there, calls))
        _tell(f"as many as go through for {saturated:g} s")
        calls = await said.unpaced(saturated)
        moments = await moments_of(there, calls)
        ended = max(one["notify"] for one in moments.values())
        found["saturation_per_second"] = round(len(calls) / (ended - min(call.sent for call in calls)), 2)
        _tell("consents withdrawn one after the other")
        stopped = await withdrawal.measure(there, said.next_body, withdrawals)
        found["withdrawal"] = {"samples": withdrawals, **{step: _both(own) for step, own in stopped.items()}}
    return found


class Calls:
    """The head of an agency who takes one call after the other."""

    def __init__(self, there: Town) -> None:
        self._town, self._count = there, 0

    async def make(self) -> Call:
        """Save one consultation about a household that is like no other."""
        body = self.next_body()
        person = await self._town.person(CALLER)
        sent = time.time()
        made = await person.post_to("/intake/api/consultations", body)
        return Call(UUID(made["household"]), sent, time.time())

    def next_body(self) -> dict[str, Any]:
        """What is typed during the next call."""
        self._count += 1
        mark = f"{self._count:06d}"
        body = households.eighty_fifty(clock.today()) | {"address": f"試験町 {mark}", "room": mark, "phone": ""}
        for place, member in enumerate(body["members"]):
            days = _YOUNGEST[place] + self._count * (37 + place) % _BIRTHDAYS
            born = clock.today() - timedelta(days=days)
            member |= {"name": f"試験 {mark} {place}", "kana": "", "birth": born.isoformat()}
        return body

    async def paced(self, rate: float, seconds: float) -> list[Call]:
        """So many a second, whether the one before has been answered or not."""
        tasks, began = [], clock.monotonic()
        for number in range(max(1, round(rate * seconds))):
            await asyncio.sleep(max(0.0, began + number / rate - clock.monotonic()))
            tasks.append(asyncio.create_task(self.make()))
        return list(await asyncio.gather(*tasks))

    async def unpaced(self, seconds: float) -> list[Call]:
        """A few people who call again as soon as they are answered."""
        calls: list[Call] = []
        ends = clock.monotonic() + seconds

        async def save() -> None:
            while clock.monotonic() < ends:
                calls.append(await self.make())

        await asyncio.gather(*(save() for _ in range(_SAVERS)))
        return calls


async def moments_of(there: Town, calls: Sequence[Call]) -> dict[UUID, dict[str, float]]:
    """When each service committed its part for each household; waits until all are there."""
    wanted = {call.household for call in calls}
    found: dict[UUID, dict[str, float]] = {household: {} for household in wanted}
    ends = clock.monotonic() + _PATIENCE
    for service, query in _COMMITS.items():
        connection = await asyncpg.connect(plain(there.settings[service].database_url))
        try:
            while True:
                rows = await connection.fetch(query, list(wanted))
                if {row["household"] for row in rows} >= wanted:
                    break
                if clock.monotonic() > ends:
                    msg = f"{len(wanted) - len(rows)} of {len(wanted)} households have not come to {service}"
                    raise TimeoutError(msg)
                await asyncio.sleep(0.2)
        finally:
            await connection.close()
        for row in rows:
            found[row["household"]][service] = float(row["at"])
    return found


def _figures(calls: Sequence[Call], moments: dict[UUID, dict[str, float]]) -> dict[str, Any]:
    samples: dict[str, list[float]] = {part: [] for part in _PARTS}
    for call in calls:
        at = moments[call.household]
        values = (
            at["notify"] - call.sent,
            call.answered - call.sent,
            at["intake"] - call.sent,
            at["casework"] - at["intake"],
            at["notify"] - at["casework"],
            at["outreach"] - at["intake"],
        )
        for part, value in zip(_PARTS, values, strict=True):
            samples[part].append(value * 1000)
    told: dict[str, Any] = {part: _both(own) for part, own in samples.items()}
    ratio = told["chain"]["p50_ms"] / max(told["one_hop"]["p50_ms"], 0.1)
    return {"samples": len(calls), **told, "chain_to_one_hop": round(ratio, 2)}


def _both(values: Sequence[float]) -> dict[str, float]:
    return {"p50_ms": round(statistics.median(values), 1), "p99_ms": round(_p99(values), 1)}


def _p99(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def _tell(text: str) -> None:
    sys.stderr.write(f"kasane: {text}\n")


_AT = "extract(epoch FROM pg_xact_commit_timestamp(xmin))"
_COMMITS = {
    "intake": f"SELECT household_id AS household, min({_AT}) AS at FROM consultation"  # noqa: S608 - constants
    " WHERE household_id = ANY($1) GROUP BY 1",
    "casework": "SELECT c.household, min(extract(epoch FROM pg_xact_commit_timestamp(h.xmin))) AS at"
    " FROM happening AS h JOIN support_case AS c ON c.id = h.case_id WHERE c.household = ANY($1) GROUP BY 1",
    "notify": f"SELECT household, min({_AT}) AS at FROM notification"  # noqa: S608 - as above
    " WHERE household = ANY($1) AND cause_type = 'casework.case_opened' GROUP BY 1",
    "outreach": f"SELECT id AS household, min({_AT}) AS at FROM household WHERE id = ANY($1) GROUP BY 1",  # noqa: S608
}
