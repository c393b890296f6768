"""Outreach's people on their rounds: visits planned, accepted, made and reported by outreach's own actions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.outreach.actions.planning import assign_visit
from services.outreach.actions.reporting import VisitReport, report_visit
from services.outreach.actions.visiting import answer_assignment, check_in
from services.outreach.tables import Visit
from services.ward.courier import Room
from services.ward.deeds import actor_of
from services.ward.family import Household
from services.ward.staff import POST_BY_CODE, Post
from services.ward.steps import Planned, Visited
from shared import clock

_AT_ONCE = 60
"""Visits that share a transaction."""
_PAIRS = ((1, 2), (3, 4), (2, 3), (4, 1), (1, 3), (2, 4))
_LENGTH = timedelta(minutes=60)

Going = tuple[Visited | Planned, Household]


class Rounds:
    """Who goes where and when; nobody stands at two doors at once."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._busy: dict[UUID, list[datetime]] = defaultdict(list)
        self._turn: dict[str, int] = defaultdict(int)

    async def go(self, visits: Iterable[Going], requests: dict[UUID, UUID]) -> None:
        """Make these visits, the earlier planned first. ``requests``: the open one by household."""
        known = sorted(
            ((step, household) for step, household in visits if household.id in requests),
            key=lambda pair: _planned_at(pair[0]),
        )
        for first in range(0, len(known), _AT_ONCE):
            async with self._room.db.transaction() as session:
                for step, household in known[first : first + _AT_ONCE]:
                    await self._visit(session, requests[household.id], step, household.home.area)

    async def _visit(self, session: AsyncSession, request: UUID, step: Visited | Planned, area: str) -> None:
        """Planned by the lead, answered some hours later; done and reported, if it is over."""
        starts_at = step.at if isinstance(step, Visited) else step.starts_at
        pair = self._pair(area, step.pair, starts_at)
        codes, planned_at = self._room.codes, _planned_at(step)
        with clock.at(planned_at):
            visit = await assign_visit(
                session,
                actor_of(POST_BY_CODE[f"lead-{area}"]),
                codes,
                request,
                team=f"outreach-{area}",
                workers=[post.id for post in pair],
                starts_at=starts_at,
                ends_at=starts_at + _LENGTH,
            )
        going = pair if isinstance(step, Visited) else pair[: step.accepted]
        with clock.at(planned_at + timedelta(hours=1)):
            for post in going:
                await answer_assignment(session, actor_of(post), codes, visit.id, given="accepted", reason=None)
            if isinstance(step, Planned) and step.declined:
                no = actor_of(pair[-1])
                await answer_assignment(session, no, codes, visit.id, given="declined", reason="conflict")
        if isinstance(step, Visited):
            await self._report(session, step, visit, pair[0])

    async def _report(self, session: AsyncSession, step: Visited, visit: Visit, worker: Post) -> None:
        with clock.at(step.at):
            await check_in(session, actor_of(worker), visit.id)
        told = VisitReport(
            result=step.result,
            card_left=step.card_left,
            words=step.note,
            next_on=step.next_on,
            end_reason=None if step.next_on else "achieved",
            trust_stage=step.trust_stage,
        )
        with clock.at(step.at + timedelta(minutes=35)):
            await report_visit(session, actor_of(worker), self._room.codes, visit.id, told)

    def _pair(self, area: str, wanted: tuple[int, int] | None, starts_at: datetime) -> Sequence[Post]:
        """The two who were wanted, else the next in turn who are at no other door then."""
        self._turn[area] += 1
        turn = self._turn[area]
        pairs = [wanted] if wanted else [_PAIRS[(turn + n) % len(_PAIRS)] for n in range(len(_PAIRS))]
        free = [pair for pair in pairs if not any(self._is_busy(area, one, starts_at) for one in pair)]
        chosen = [POST_BY_CODE[f"worker-{area}{one}"] for one in (free or pairs)[0]]
        for post in chosen:
            self._busy[post.id].append(starts_at)
        return chosen

    def _is_busy(self, area: str, worker: int, at: datetime) -> bool:
        return any(abs(other - at) < _LENGTH for other in self._busy[POST_BY_CODE[f"worker-{area}{worker}"].id])


def _planned_at(step: Visited | Planned) -> datetime:
    return step.planned_at if isinstance(step, Visited) else step.at
