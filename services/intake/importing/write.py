"""Writes the households of a ledger: a portion a transaction, each row once, nothing written over.

Ids follow from the rows, so doing it again finds what is there. A changed row is told and left as it is; a new row of
a known household adds a member; a row that was refused and is now good completes its household.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import ValidationError
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions.findings import find_types
from services.intake.actions.members import add_member
from services.intake.actions.registration import NewHousehold, register_many
from services.intake.actions.stating import state_household
from services.intake.importing.columns import BY_FIELD, HOUSEHOLD_NUMBER
from services.intake.importing.households import LedgerHousehold
from services.intake.importing.rows import RefusedRow, Row, Trouble
from services.intake.requests import MemberIn
from services.intake.tables import Household, LedgerRow
from shared import clock
from shared.db import Database
from shared.errors import Refused
from shared.i18n import N_
from shared.identity import Actor
from shared.spine import hold

PORTION = 100
"""Households in one transaction."""

_SPACE = uuid5(NAMESPACE_URL, "kasane:importer")

IMPORTER = Actor(
    post=uuid5(_SPACE, "post"),
    person=uuid5(_SPACE, "person"),
    session=uuid5(_SPACE, "session"),
    agency="coordination",
    agency_kind="coordination",
    role="caseworker",
    areas=frozenset(),
    name="台帳取込",
)
"""Who registers what a ledger brings, and adds whom it names: nobody in person, a caseworker of the whole ward."""


@dataclass(slots=True)
class Written:
    """What came of some households. ``types``: how many have each (code, verdict)."""

    households: int = 0
    known: int = 0
    incomplete: int = 0
    members: int = 0
    consultations: int = 0
    unchanged: int = 0
    changed: list[int] = field(default_factory=list)
    """Row numbers of rows that say something else than when they came in."""
    types: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)

    def add(self, other: Written) -> None:
        """Add what came of further households."""
        for name in ("households", "known", "incomplete", "members", "consultations", "unchanged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.changed += other.changed
        self.types += other.types
        self.refused += other.refused


class _UndoError(Exception):
    """Ends the transaction of a dry run."""


@asynccontextmanager
async def _transaction(db: Database, *, keep: bool) -> AsyncIterator[AsyncSession]:
    with contextlib.suppress(_UndoError):
        async with db.transaction() as session:
            yield session
            if not keep:
                raise _UndoError


async def write_households(
    db: Database, households: Sequence[LedgerHousehold], *, actor: Actor = IMPORTER, keep: bool = True
) -> Written:
    """Write a portion in one transaction; ``keep=False`` judges the same way and rolls back.

    A household that the rules refuse does not keep the others out: then each goes by itself, and its rows are refused.
    """
    try:
        async with _transaction(db, keep=keep) as session:
            return await _write(session, actor, households)
    except (Refused, ValidationError) as error:
        if len(households) == 1:
            return Written(refused=[_refused(row, error) for row in households[0].rows])
    written = Written()
    for household in households:
        written.add(await write_households(db, [household], actor=actor, keep=keep))
    return written


def _refused(row: Row, error: Refused | ValidationError) -> RefusedRow:
    if isinstance(error, Refused):
        name = (error.field or "").rsplit(".", 1)[-1]
        heading = BY_FIELD[name].heading if name in BY_FIELD else BY_FIELD[HOUSEHOLD_NUMBER].heading
        trouble = Trouble(heading, error.text, error.params)
    else:
        name = str(error.errors()[0]["loc"][-1])
        heading = BY_FIELD[name].heading if name in BY_FIELD else BY_FIELD[HOUSEHOLD_NUMBER].heading
        trouble = Trouble(heading, N_("この値は登録できません。"))
    return RefusedRow(row.number, (trouble,), row.id, row.household_id)


async def _write(session: AsyncSession, actor: Actor, households: Sequence[LedgerHousehold]) -> Written:
    ids = [household.id for household in households]
    await hold(session, *ids)
    present = set(await session.scalars(select(Household.id).where(Household.id.in_(ids))))
    written = await _register(session, actor, [household for household in households if household.id not in present])
    known = [household for household in households if household.id in present]
    stored = await _stored_rows(session, [household.id for household in known])
    for household in known:
        await _compare(session, actor, household, stored[household.id], written)
    return written


async def _register(session: AsyncSession, actor: Actor, households: Sequence[LedgerHousehold]) -> Written:
    written = Written(households=len(households))
    made = await register_many(
        session,
        actor,
        [
            NewHousehold(
                household.request(),
                sender=household.sender if household.number else None,
                sender_number=household.number or None,
                id=household.id,
                members=tuple(row.id for row in household.rows),
                consultation=household.consulted,
            )
            for household in households
        ],
    )
    for one in made:
        written.members += len(one.members)
        written.consultations += one.consultation is not None
        written.types.update((result.code, result.verdict) for result in one.results if result.verdict != "no")
    lines = [line for household in households for line in _ledger_rows(household)]
    if lines:
        await session.execute(insert(LedgerRow), lines)
    written.incomplete = sum(household.incomplete for household in households)
    return written


def _ledger_rows(household: LedgerHousehold) -> list[dict[str, object]]:
    good = [_line(row.id, household.id, row.id, row.content) for row in household.rows]
    return good + [_line(bad, household.id, None, "") for bad in dict.fromkeys(household.refused)]


def _line(row: UUID, household: UUID, member: UUID | None, content: str) -> dict[str, object]:
    return {
        "id": row, "household_id": household, "member_id": member, "content": content, "imported_at": clock.now(),
    }  # fmt: skip


async def _stored_rows(session: AsyncSession, households: Sequence[UUID]) -> dict[UUID, dict[UUID, LedgerRow]]:
    found: dict[UUID, dict[UUID, LedgerRow]] = {household: {} for household in households}
    if households:
        for row in await session.scalars(select(LedgerRow).where(LedgerRow.household_id.in_(households))):
            found[row.household_id][row.id] = row
    return found


async def _compare(
    session: AsyncSession, actor: Actor, household: LedgerHousehold, stored: dict[UUID, LedgerRow], written: Written
) -> None:
    """A household that is there: what is the same, what has changed, what is new."""
    written.known += 1
    here = {row.id for row in household.rows}
    waiting = {line.id for line in stored.values() if line.member_id is None}
    vanished = any(line.member_id is not None and line.id not in here for line in stored.values())
    for row in household.rows:
        line = stored.get(row.id)
        if line is not None and line.member_id is not None:
            if line.content == row.content:
                written.unchanged += 1
            else:
                written.changed.append(row.number)
        elif vanished and not row.member_number:
            # without a number of its own, a new row beside one that is gone is most likely that one, changed
            written.changed.append(row.number)
        else:
            await _add(session, actor, household.id, row, line)
            written.members += 1
    # a person who is known is not missing because their row is bad now
    missing = {row for row in household.refused if row not in stored or row in waiting}
    await _settle(session, actor, household.id, missing, waiting, more=household.more_people)
    written.incomplete += bool(missing) or household.more_people


async def _add(session: AsyncSession, actor: Actor, household: UUID, row: Row, line: LedgerRow | None) -> None:
    member = await add_member(session, actor, household, MemberIn(**row.member))
    if line is None:
        await session.execute(insert(LedgerRow), [_line(row.id, household, member.id, row.content)])
    else:
        line.member_id, line.content, line.imported_at = member.id, row.content, clock.now()
        await session.flush()


async def _settle(
    session: AsyncSession, actor: Actor, household: UUID, missing: set[UUID], before: set[UUID], *, more: bool
) -> None:
    """Bring "incomplete" up to date. ``before``: rows refused earlier; ``missing``: rows refused now."""
    if before == missing:
        return
    if gone := before - missing:
        await session.execute(delete(LedgerRow).where(LedgerRow.id.in_(gone), LedgerRow.member_id.is_(None)))
    if fresh := missing - before:
        await session.execute(insert(LedgerRow), [_line(row, household, None, "") for row in fresh])
    incomplete = bool(missing) or more
    home = await session.get(Household, household, populate_existing=True)
    if home is None or home.incomplete == incomplete:
        return
    home.incomplete = incomplete
    home.version += 1
    await state_household(session, actor, home)
    await find_types(session, actor, home)
