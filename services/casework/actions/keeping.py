"""What every action on a case needs: its lock, its clocks, its timeline, and the figures that lists are sorted by."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm.attributes import flag_modified

from services.casework.actions.files import files_of, household_in, invitations_of, open_files, running_clocks
from services.casework.queries.access import sights_of
from services.casework.rules import clocks as clock_rules
from services.casework.rules.rights import NOTHING, Sight
from services.casework.rules.sharing import WAITING
from services.casework.tables import Case, Clock, Happening, Household
from shared import clock
from shared.events.casework import ClockStarted, ClockStopped
from shared.spine import hold, record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor


async def take_case(session: AsyncSession, actor: Actor, case_id: UUID) -> Case:
    """Lock a case that the actor sees, and load it as it is now. Raises Missing."""
    return (await take_cases(session, actor, [case_id]))[0]


async def take_cases(session: AsyncSession, actor: Actor, case_ids: Collection[UUID]) -> list[Case]:
    """Lock cases that the actor sees, and load them as they are now. Raises Missing when one of them is not there.

    For many deeds in one transaction: each then finds its case in hand.
    """
    files = files_of(session)
    unseen = {case for case in case_ids if case not in files or actor.post not in files[case].seen_by}
    if unseen:
        sights = await sights_of(session, actor, unseen)
        await hold(session, *(household for household, _ in sights.values()))
        for file in await open_files(session, unseen):
            file.seen_by[actor.post] = sights[file.case.id][1]
    return [files[case].case for case in case_ids]


def sight_in_hand(session: AsyncSession, actor: Actor, case: Case) -> Sight:
    """What the actor, who took the case, has of it."""
    return files_of(session)[case.id].seen_by.get(actor.post, NOTHING)


async def household_of(session: AsyncSession, case: Case) -> Household:
    """The household of a case, as casework knows it."""
    return await household_in(session, case)


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


async def begin_if_accepted(session: AsyncSession, case: Case, agency: str, at: datetime) -> None:
    """An agency that does something is at work (対応中), without having to say so."""
    for invitation in await invitations_of(session, case):
        if invitation.agency == agency and invitation.state == "accepted":
            invitation.state, invitation.acting_at = "acting", at


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
    clocks = await running_clocks(session, case)
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
    clocks.append(running)
    await _state_running(session, running, actor=actor, at=started_at)
    return running


async def _state_running(session: AsyncSession, one: Clock, *, actor: Actor | str | None, at: datetime) -> None:
    started = ClockStarted(
        household=one.household,
        case=one.case_id,
        clock=one.id,
        kind=one.kind,
        due_at=one.due_at,
        owner=one.owner,
        agency=one.agency,
    )
    await record(session, started, actor=actor, occurred_at=at)


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
    clocks = await running_clocks(session, case)
    running = [one for one in clocks if (not kinds or one.kind in kinds) and (about is None or one.about == about)]
    for one in running:
        one.outcome = clock_rules.stop(facts_of(one), at, dropped=dropped)
        one.stopped_at = at
        clocks.remove(one)
        await record(
            session,
            ClockStopped(household=case.household, case=case.id, clock=one.id, kind=one.kind, outcome=one.outcome),
            actor=actor,
            occurred_at=at,
        )
    return len(running)


async def restart_clocks(
    session: AsyncSession,
    case: Case,
    *,
    actor: Actor | str | None,
    stopped_at: datetime,
    at: datetime,
    kinds: tuple[str, ...] = (),
    about: UUID | None = None,
) -> None:
    """Let clocks of an open case that stopped then run again, with their deadlines: what stopped them is taken back."""
    if case.state != "open":
        return
    stopped = select(Clock).where(Clock.case_id == case.id, Clock.stopped_at == stopped_at)
    wanted = stopped.where(Clock.kind.in_(kinds)) if kinds else stopped
    for one in await session.scalars(wanted if about is None else wanted.where(Clock.about == about)):
        one.stopped_at = one.outcome = None
        (await running_clocks(session, case)).append(one)
        await _state_running(session, one, actor=actor, at=at)


def facts_of(one: Clock) -> clock_rules.ClockFacts:
    """A clock as the rules see it."""
    return clock_rules.ClockFacts(one.kind, one.started_at, one.due_at, one.missed_at, one.stopped_at)


async def refresh_case(session: AsyncSession, case: Case) -> None:
    """Bring ``waiting_since`` and ``next_due_at`` up to date; the last step of whatever changed them.

    The case gets a new version, also when only something that belongs to it has changed.
    """
    waiting = [one.asked_on for one in await invitations_of(session, case) if one.state in WAITING]
    due = [one.due_at for one in await running_clocks(session, case)]
    case.waiting_since, case.next_due_at = min(waiting, default=None), min(due, default=None)
    flag_modified(case, "next_due_at")
