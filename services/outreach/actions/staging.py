"""Rows and rules meet here: a visit's rows become the facts that the rules judge, and what they decide becomes rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from services.outreach.queries.access import load_visit
from services.outreach.rules import visits as rules
from services.outreach.tables import Visit, VisitWorker
from shared.spine import hold

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor


_IN_HAND = "outreach.in_hand"


@dataclass(slots=True)
class _Hand:
    """A visit while its household is held: nobody else changes it or who goes until the commit."""

    visit: Visit
    workers: list[VisitWorker]
    seen_by: set[UUID]
    """Posts that are known to see it in this transaction."""


def _hands(session: AsyncSession) -> dict[UUID, _Hand]:
    hands: dict[UUID, _Hand] = session.info.setdefault(_IN_HAND, {})
    return hands


async def take_visit(session: AsyncSession, actor: Actor, visit_id: UUID, *posts: UUID) -> tuple[Visit, rules.Visit]:
    """Load a visit that ``actor`` sees, take its household's lock, and load it again as it now stands.

    ``posts``: workers whose calendars will be looked at, locked with it. What a transaction has taken before it has
    in hand.
    """
    hand = _hands(session).get(visit_id)
    if hand is not None and actor.post in hand.seen_by:
        await hold(session, *posts)
        return hand.visit, facts_of(hand.visit, hand.workers)
    visit = await load_visit(session, actor, visit_id)
    await hold(session, visit.household, *posts)
    taken = await again(session, visit)
    _hands(session)[visit.id].seen_by.add(actor.post)
    return taken


async def again(session: AsyncSession, visit: Visit) -> tuple[Visit, rules.Visit]:
    """The visit as it stands now that its lock is held, with the facts for the rules."""
    await session.refresh(visit)
    workers = await workers_on(session, visit.id)
    _hands(session)[visit.id] = _Hand(visit, workers, set())
    return visit, facts_of(visit, workers)


def begin_visit(session: AsyncSession, visit: Visit, actor: Actor) -> None:
    """A visit that has just been made: nobody goes yet."""
    _hands(session)[visit.id] = _Hand(visit, [], {actor.post})


async def workers_on(session: AsyncSession, visit_id: UUID) -> list[VisitWorker]:
    """Who goes, in their order."""
    statement = select(VisitWorker).where(VisitWorker.visit == visit_id).order_by(VisitWorker.position)
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return list(rows)


def facts_of(visit: Visit, workers: list[VisitWorker]) -> rules.Visit:
    """The facts of a visit, as the rules know them."""
    return rules.Visit(
        state=rules.VisitState(visit.state),
        workers=tuple(worker.post for worker in workers),
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        persons=visit.persons,
        answers={worker.post: cast("rules.Answer", worker.answer) for worker in workers if worker.answer},
        started_at=visit.started_at,
        check_out_due=visit.check_out_due,
        left_at=visit.left_at,
    )


async def write_back(session: AsyncSession, visit: Visit, decided: rules.Visit, now: datetime) -> None:
    """Save what the rules decided: the state, the times, who goes and what they have answered."""
    visit.state = decided.state
    visit.starts_at, visit.ends_at = decided.starts_at, decided.ends_at
    visit.started_at, visit.check_out_due, visit.left_at = decided.started_at, decided.check_out_due, decided.left_at
    hand = _hands(session).get(visit.id)
    rows = {worker.post: worker for worker in (hand.workers if hand else await workers_on(session, visit.id))}
    gone = rows.keys() - set(decided.workers)
    if gone:
        await session.execute(delete(VisitWorker).where(VisitWorker.visit == visit.id, VisitWorker.post.in_(gone)))
    for position, post in enumerate(decided.workers):
        row = rows.get(post)
        if row is None:
            row = rows[post] = VisitWorker(visit=visit.id, post=post)
            session.add(row)
        row.position = position
        answer = decided.answers.get(post)
        if row.answer != answer:
            row.answer = answer
            row.answered_at = now if answer else None
            row.reason = None
    if hand is None:
        await session.flush()
    else:
        hand.workers = [rows[post] for post in decided.workers]
        hand.seen_by = (hand.seen_by - gone) | set(decided.workers)  # who is sent sees it


@event.listens_for(Session, "after_soft_rollback")
def _let_go(session: Session, _ended: object) -> None:
    """What was done since a savepoint is undone: visits are read again."""
    session.info.pop(_IN_HAND, None)
