"""The file of a case while its household is held: what the rules ask about it, read once and kept in hand.

Whoever changes a case, its invitations or its clocks holds the household until the commit, so nothing in an open file
changes under the hands of who opened it. Deeds change the objects in it, and the session saves them. A part is read
when it is first asked for, of all open files at once: a transaction of many deeds makes few statements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from services.casework.queries.facts import consents_by_household
from services.casework.rules.cases import COUNCIL
from services.casework.rules.rights import Sight
from services.casework.rules.sharing import LIVE, TAKING_PART, ConsentFacts
from services.casework.tables import Case, Clock, Household, Invitation, Meeting
from shared.spine import closed_subjects

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_OPEN = "casework.files"


@dataclass(slots=True)
class CaseFile:
    """A case and what has been read of it; None: not yet asked for."""

    case: Case
    seen_by: dict[UUID, Sight] = field(default_factory=dict)
    """What the posts that act in this transaction have of the case."""
    household: Household | None = None
    invitations: list[Invitation] | None = None
    """All that were ever made, the oldest first."""
    clocks: list[Clock] | None = None
    """Those that run."""
    consents: list[ConsentFacts] | None = None
    councils: list[Meeting] | None = None
    """Meetings of the support council, also those that were cancelled."""
    parked: bool | None = None


def files_of(session: AsyncSession) -> dict[UUID, CaseFile]:
    """The open files by case."""
    files: dict[UUID, CaseFile] = session.info.setdefault(_OPEN, {})
    return files


async def open_files(session: AsyncSession, cases: Collection[UUID]) -> list[CaseFile]:
    """The files of these cases, whose households are held; those that are not open are read as they stand now."""
    files = files_of(session)
    unread = [case for case in cases if case not in files]
    if unread:
        query = select(Case).where(Case.id.in_(unread)).execution_options(populate_existing=True)
        files.update({case.id: CaseFile(case) for case in await session.scalars(query)})
    return [files[case] for case in cases if case in files]


def begin_file(session: AsyncSession, case: Case) -> None:
    """The file of a case that has just begun: nothing was ever written about it."""
    files_of(session)[case.id] = CaseFile(case, invitations=[], clocks=[], councils=[])


def close_files(session: AsyncSession, household: UUID) -> None:
    """Forget the files about a household that is erased."""
    files = files_of(session)
    for case in [case for case, file in files.items() if file.case.household == household]:
        del files[case]


async def household_in(session: AsyncSession, case: Case) -> Household:
    """The household of a case, as casework knows it."""
    file = await _file(session, case)
    if file.household is None:
        wanted = [one for one in files_of(session).values() if one.household is None]
        query = select(Household).where(Household.id.in_({one.case.household for one in wanted}))
        found = {row.id: row for row in await session.scalars(query)}
        for one in wanted:
            one.household = found[one.case.household]
    household = file.household
    if household is None:
        return await session.get_one(Household, case.household)
    if inspect(household).expired_attributes:  # a fact was heard about it since
        await session.refresh(household)
    return household


async def invitations_of(session: AsyncSession, case: Case) -> list[Invitation]:
    """All requests to agencies, the oldest first; whoever makes one appends it."""
    file = await _file(session, case)
    if file.invitations is None:
        wanted = [one for one in files_of(session).values() if one.invitations is None]
        query = select(Invitation).where(Invitation.case_id.in_([one.case.id for one in wanted]))
        query = query.order_by(Invitation.asked_at, Invitation.id).execution_options(populate_existing=True)
        found = (await session.scalars(query)).all()
        for one in wanted:
            one.invitations = [row for row in found if row.case_id == one.case.id]
    return file.invitations if file.invitations is not None else []


async def running_clocks(session: AsyncSession, case: Case) -> list[Clock]:
    """The clocks that run; whoever starts or stops one keeps the list."""
    file = await _file(session, case)
    if file.clocks is None:
        wanted = [one for one in files_of(session).values() if one.clocks is None]
        query = select(Clock).where(Clock.case_id.in_([one.case.id for one in wanted]), Clock.stopped_at.is_(None))
        query = query.order_by(Clock.id).execution_options(populate_existing=True)
        found = (await session.scalars(query)).all()
        for one in wanted:
            one.clocks = [row for row in found if row.case_id == one.case.id]
    return file.clocks if file.clocks is not None else []


async def councils_of(session: AsyncSession, case: Case) -> list[Meeting]:
    """All meetings of the support council about it; whoever calls one appends it."""
    file = await _file(session, case)
    if file.councils is None:
        wanted = [one for one in files_of(session).values() if one.councils is None]
        query = select(Meeting).where(Meeting.case_id.in_([one.case.id for one in wanted]), Meeting.basis == COUNCIL)
        found = (await session.scalars(query.execution_options(populate_existing=True))).all()
        for one in wanted:
            one.councils = [row for row in found if row.case_id == one.case.id]
    return file.councils if file.councils is not None else []


async def consents_in(session: AsyncSession, case: Case) -> list[ConsentFacts]:
    """The household's consents as the rules see them."""
    file = await _file(session, case)
    if file.consents is None:
        wanted = [one for one in files_of(session).values() if one.consents is None]
        found = await consents_by_household(session, {one.case.household for one in wanted})
        for one in wanted:
            one.consents = found.get(one.case.household, [])
    return file.consents or []


def forget_consents(session: AsyncSession, case: Case) -> None:
    """A consent was changed: it is read again when next asked for."""
    if case.id in files_of(session):
        files_of(session)[case.id].consents = None


async def is_parked(session: AsyncSession, case: Case) -> bool:
    """Whether an event about the household could not be applied."""
    file = await _file(session, case)
    if file.parked is None:
        wanted = [one for one in files_of(session).values() if one.parked is None]
        parked = await closed_subjects(session)
        for one in wanted:
            one.parked = str(one.case.household) in parked
    return bool(file.parked)


async def live_agencies_in(session: AsyncSession, case: Case) -> frozenset[str]:
    """The agencies that are asked or take part."""
    return _agencies(await invitations_of(session, case), LIVE)


async def agencies_taking_part(session: AsyncSession, case: Case) -> frozenset[str]:
    """The agencies that have accepted their part in the case."""
    return _agencies(await invitations_of(session, case), TAKING_PART)


def _agencies(invitations: Iterable[Invitation], states: frozenset[str]) -> frozenset[str]:
    return frozenset(one.agency for one in invitations if one.state in states)


async def _file(session: AsyncSession, case: Case) -> CaseFile:
    file = files_of(session).get(case.id)
    return file or (await open_files(session, [case.id]))[0]


@event.listens_for(Session, "after_soft_rollback")
def _shut(session: Session, _ended: object) -> None:
    """What was done since a savepoint is undone: files are read again."""
    session.info.pop(_OPEN, None)
