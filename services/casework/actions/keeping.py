"""What every action on a case needs: its lock, its clocks, its timeline, and the figures that lists are sorted by."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.casework.queries.access import load_case
from services.casework.rules import clocks as clock_rules
from services.casework.rules.sharing import TAKING_PART, WAITING
from services.casework.tables import Case, Clock, Happening, Household, Invitation
from shared import clock
from shared.events.casework import ClockStarted, ClockStopped
from shared.spine import hold, record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor


async def take_case(session: AsyncSession, actor: Actor, case_id: UUID) -> Case:
    """Lock a case that the actor sees, and load it as it is now. Raises Missing."""
    seen = await load_case(session, actor, case_id)
    await hold(session, seen.household)
    await session.refresh(seen)
    return seen


async def household_of(session: AsyncSession, case: Case) -> Household:
    """The household of a case, as casework knows it."""
    return await session.get_one(Household, case.household)


async def is_taking_part(session: AsyncSession, case_id: UUID, agency: str) -> bool:
    """Whether an agency has accepted its part in the case."""
    states = sorted(TAKING_PART)
    query = select(Invitation.id).where(
        Invitation.case_id == case_id, Invitation.agency == agency, Invitation.state.in_(states)
    )
    return await session.scalar(query.limit(1)) is not None


def add_happening(
    session: AsyncSession,
    case_id: UUID,
    what: str,
    at: datetime,
    *,
    agency: str | None = None,
    post: UUID | None = None,
    code: str | None = None,
) -> None:
    """Add a line to the case's timeline; codes and ids only."""
    line = Happening(
        id=clock.new_id(), case_id=case_id, at=at, what=what, agency=agency, post=post, code=code, detail={}
    )
    session.add(line)


async def note_happening(
    session: AsyncSession, case_id: UUID, what: str, at: datetime, *, id_: UUID, **more: object
) -> None:
    """Add a line because of an event: with an id derived from it, so that hearing it again adds nothing."""
    row = {"id": id_, "case_id": case_id, "at": at, "what": what, "detail": {}, **more}
    await session.execute(insert(Happening).values(row).on_conflict_do_nothing())


async def begin_if_accepted(session: AsyncSession, case_id: UUID, agency: str, at: datetime) -> None:
    """An agency that does something is at work (対応中), without having to say so."""
    await session.execute(
        update(Invitation)
        .where(Invitation.case_id == case_id, Invitation.agency == agency, Invitation.state == "accepted")
        .values(state="acting", acting_at=at)
    )


async def start_clock(
    session: AsyncSession,
    case: Case,
    kind: str,
    due_at: datetime,
    *,
    actor: Actor | str | None,
    started_at: datetime,
    about: UUID | None = None,
    agency: str | None = None,
    owner: UUID | None = None,
    id_: UUID | None = None,
) -> Clock:
    """Let a deadline run, from what happened."""
    running = Clock(
        id=id_ or clock.new_id(),
        case_id=case.id,
        household=case.household,
        kind=kind,
        about=about,
        owner=owner or case.owner,
        agency=agency,
        started_at=started_at,
        due_at=due_at,
    )
    session.add(running)
    await record(
        session,
        ClockStarted(
            household=case.household,
            case=case.id,
            clock=running.id,
            kind=kind,
            due_at=due_at,
            owner=running.owner,
            agency=agency,
        ),
        actor=actor,
        occurred_at=started_at,
    )
    return running


async def stop_clocks(
    session: AsyncSession,
    case: Case,
    *,
    actor: Actor | str | None,
    at: datetime,
    kinds: tuple[str, ...] = (),
    about: UUID | None = None,
    dropped: bool = False,
) -> int:
    """Stop the running clocks of these kinds, or about this thing; how many there were."""
    query = select(Clock).where(Clock.case_id == case.id, Clock.stopped_at.is_(None)).order_by(Clock.id)
    if kinds:
        query = query.where(Clock.kind.in_(kinds))
    if about is not None:
        query = query.where(Clock.about == about)
    running = (await session.scalars(query)).all()
    for one in running:
        one.outcome = clock_rules.stop(facts_of(one), at, dropped=dropped)
        one.stopped_at = at
        await record(
            session,
            ClockStopped(household=case.household, case=case.id, clock=one.id, kind=one.kind, outcome=one.outcome),
            actor=actor,
            occurred_at=at,
        )
    return len(running)


def facts_of(one: Clock) -> clock_rules.ClockFacts:
    """A clock as the rules see it."""
    return clock_rules.ClockFacts(one.kind, one.started_at, one.due_at, one.missed_at, one.stopped_at)


async def refresh_case(session: AsyncSession, case_id: UUID) -> None:
    """Bring ``waiting_since`` and ``next_due_at`` up to date; the last step of whatever changed them."""
    await session.flush()
    waiting = (
        select(func.min(Invitation.asked_on))
        .where(Invitation.case_id == case_id, Invitation.state.in_(sorted(WAITING)))
        .scalar_subquery()
    )
    due = select(func.min(Clock.due_at)).where(Clock.case_id == case_id, Clock.stopped_at.is_(None)).scalar_subquery()
    await session.execute(
        update(Case)
        .where(Case.id == case_id)
        .values(waiting_since=waiting, next_due_at=due, version=Case.version + 1)
        .execution_options(synchronize_session=False)
    )
    case = await session.get(Case, case_id)
    if case is not None:
        await session.refresh(case)
