"""What the planner works from: open requests with their history, workers with their load, the slots to come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.outreach.queries.access import viewer_of, visible_requests
from services.outreach.queries.staff import workers_of
from services.outreach.rules.planning import MOST_AT_ONCE, earliest_day
from services.outreach.rules.plans import Wish, Worker
from services.outreach.rules.slots import Slot, SlotRule, slot_of, slots_between
from services.outreach.tables import ContactRecord, Household, Visit, VisitRequest, VisitWorker
from shared.clock import TOKYO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.identity import Actor

AHEAD = timedelta(days=14)
FURTHEST_AHEAD = timedelta(days=60)
NOTICE = timedelta(hours=1)
"""Workers need this long to get ready."""
_HISTORY = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything ``planning.propose`` takes, and the households whose map cells would help."""

    wishes: list[Wish]
    workers: list[Worker]
    slots: list[Slot]
    today: date
    households: frozenset[UUID]

    def with_cells(self, cells: Mapping[UUID, str]) -> Inputs:
        """The same, with map cells for this run alone."""
        wishes = [replace(wish, cell=cells.get(wish.household)) for wish in self.wishes]
        workers = [
            replace(
                worker,
                busy=tuple(replace(b, cell=cells.get(b.household) if b.household else None) for b in worker.busy),
            )
            for worker in self.workers
        ]
        return replace(self, wishes=wishes, workers=workers)


def slot_rules(codes: Codes) -> list[SlotRule]:
    """The times of day of VISIT_SLOT that are in use."""
    return [SlotRule.of(entry.code, entry.attributes) for entry in codes["VISIT_SLOT"].values() if entry.active]


def persons_for(request: VisitRequest, codes: Codes) -> int:
    """How many must go: what was asked for, two where a flag says so (2人体制)."""
    flags = codes["SAFETY_FLAG"]
    two = any(flags[flag].attributes.get("two_persons") for flag in request.safety_flags if flag in flags)
    return max(request.persons, 2 if two else 1)


def is_for_safety(request: VisitRequest, codes: Codes) -> bool:
    """Whether safety outweighs leaving them in peace."""
    purpose = codes["VISIT_PURPOSE"].get(request.purpose)
    return request.urgency == "A" or bool(purpose and purpose.attributes.get("safety"))


async def planning_inputs(
    session: AsyncSession, actor: Actor, codes: Codes, team: str, *, now: datetime, only: Sequence[UUID] = ()
) -> Inputs:
    """Load a planning run for a team: the open requests that ``actor`` sees (or ``only`` those)."""
    today = now.astimezone(TOKYO).date()
    statement = (
        select(VisitRequest)
        .where(VisitRequest.state == "open", visible_requests(await viewer_of(session, actor)))
        .order_by(VisitRequest.urgency, VisitRequest.due_on, VisitRequest.id)
        .limit(MOST_AT_ONCE)
    )
    if only:
        statement = statement.where(VisitRequest.id.in_(only))
    requests = (await session.scalars(statement)).all()
    households = {request.household for request in requests}
    records = {
        record.household: record
        for record in await session.scalars(select(ContactRecord).where(ContactRecord.household.in_(households)))
    }
    districts = dict(
        (await session.execute(select(Household.id, Household.district).where(Household.id.in_(households)))).all()
    )
    tried, known = await history_of(session, households, codes, now)
    wishes = []
    for request in requests:
        record = records.get(request.household)
        last = record.last_visit_at if record else None
        wishes.append(
            Wish(
                id=request.id,
                household=request.household,
                due_on=request.due_on,
                urgency=request.urgency,
                persons=persons_for(request, codes),
                area=request.area,
                district=districts.get(request.household) or request.district,
                skills=frozenset(request.skills),
                wanted=frozenset(request.slots),
                tried=frozenset(tried.get(request.household, ())),
                not_before=request.next_on,
                last_visit_on=last.astimezone(TOKYO).date() if last else None,
                safety=is_for_safety(request, codes),
                known=frozenset(known.get(request.household, ())),
            )
        )
    workers = await workers_of(session, team, today, now - timedelta(days=7))
    last_day = max([today + AHEAD, *(earliest_day(wish, today) + AHEAD for wish in wishes)])
    slots = slots_between(slot_rules(codes), today, min(last_day, today + FURTHEST_AHEAD), now + NOTICE)
    elsewhere = {busy.household for worker in workers for busy in worker.busy if busy.household is not None}
    return Inputs(wishes, workers, slots, today, frozenset(households | elsewhere))


async def history_of(
    session: AsyncSession, households: set[UUID], codes: Codes, now: datetime
) -> tuple[dict[UUID, set[tuple[int, str]]], dict[UUID, set[UUID]]]:
    """Times tried in vain and workers who have been there, by household, in the last half year."""
    rules, since = slot_rules(codes), now - _HISTORY
    absences = {code for code, entry in codes["VISIT_RESULT"].items() if entry.attributes.get("absence")}
    rows = await session.execute(
        select(Visit.household, Visit.result, Visit.occurred_at, VisitWorker.post)
        .join(VisitWorker, VisitWorker.visit == Visit.id)
        .where(Visit.household.in_(households), Visit.state == "reported", Visit.occurred_at >= since)
    )
    tried: dict[UUID, set[tuple[int, str]]] = {}
    known: dict[UUID, set[UUID]] = {}
    for household, result, occurred_at, post in rows:
        known.setdefault(household, set()).add(post)
        if result in absences and occurred_at is not None:
            code = slot_of(rules, occurred_at)
            if code is not None:
                tried.setdefault(household, set()).add((occurred_at.astimezone(TOKYO).weekday(), code))
    return tried, known
