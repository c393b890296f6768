"""What outreach keeps of others' facts, written into its projections (marked in ``services/outreach/tables.py``).

Nothing here records, looks at the clock or at outreach's own tables and columns: the same facts make the same rows,
whenever they are heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.outreach.tables import AccessGrant, Case, ErasedHousehold, Household, Protection, VisitRequest
from shared.projections import forget_loaded, put_many, run_many, table_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.events.casework import CaseOpened, VisitRequested
    from shared.events.intake import HouseholdChanged, HouseholdRegistered
    from shared.spine import Received

_PLACE = ("area", "district")


async def erased_among(session: AsyncSession, households: Iterable[UUID]) -> set[UUID]:
    """Which of these were erased: what still comes about them is dropped."""
    return set(await session.scalars(select(ErasedHousehold.id).where(ErasedHousehold.id.in_(set(households)))))


async def keep_households(session: AsyncSession, rows: Sequence[dict[str, Any]], also: Any = None) -> None:
    """Facts about households; ``id`` and the same further columns in each row."""
    gone = await erased_among(session, (row["id"] for row in rows))
    await put_many(session, Household, [row for row in rows if row["id"] not in gone], also=also)


async def place(
    session: AsyncSession, run: Sequence[Received[HouseholdRegistered]] | Sequence[Received[HouseholdChanged]]
) -> None:
    """Where they are, and so their cases and what was asked for.

    While somebody is protected the area stays forgotten, whatever an older fact still says.
    """
    rows = [{"id": heard.event.household, "area": heard.event.area, "district": heard.event.district} for heard in run]
    await keep_households(
        session, rows, lambda new: {name: case((Household.protected, None), else_=new[name]) for name in _PLACE}
    )
    protected = select(Household.id).where(Household.protected)
    for table, names in ((table_of(VisitRequest), _PLACE), (table_of(Case), ("area",))):
        concerned = set(
            await session.scalars(select(table.c.household).where(table.c.household.in_([row["id"] for row in rows])))
        )
        statement = (
            update(table)
            .where(table.c.household == bindparam("moved"), table.c.household.not_in(protected))
            .values({name: bindparam(f"to_{name}") for name in names})
        )
        moves = [
            {"moved": row["id"], **{f"to_{name}": row[name] for name in names}}
            for row in rows
            if row["id"] in concerned and row["area"] is not None
        ]
        await run_many(session, statement, moves)


async def _known_places(
    session: AsyncSession, households: Iterable[UUID]
) -> dict[UUID, tuple[str | None, str | None, bool]]:
    """Area, district and whether protected. The rows are held: whoever protects one comes before us or after us."""
    table = table_of(Household)
    query = (
        select(table.c.id, table.c.area, table.c.district, table.c.protected)
        .where(table.c.id.in_(set(households)))
        .order_by(table.c.id)
        .with_for_update(read=True)
    )
    return {row.id: (row.area, row.district, row.protected) for row in await session.execute(query)}


async def keep_cases(session: AsyncSession, run: Sequence[Received[CaseOpened]]) -> None:
    """The cases that visits are made for. Where intake has said more of the place than the case, that counts."""
    households = {heard.event.household for heard in run}
    gone, known = await erased_among(session, households), await _known_places(session, households)
    rows = []
    for event in (heard.event for heard in run if heard.event.household not in gone):
        area, _, protected = known.get(event.household, (None, None, False))
        rows.append({
            "id": event.case,
            "household": event.household,
            "number": event.number,
            "owner": event.owner,
            "area": None if protected else area or event.area,
            "urgency": event.urgency,
            "closed": False,
        })  # fmt: skip
    await put_many(session, Case, rows)


async def keep_requests(session: AsyncSession, run: Sequence[Received[VisitRequested]]) -> None:
    """Visits that are wanted. Hearing one again changes nothing that outreach has decided since."""
    households = {heard.event.household for heard in run}
    gone, known = await erased_among(session, households), await _known_places(session, households)
    rows = []
    for heard in run:
        event = heard.event
        if event.household in gone:
            continue
        area, district, protected = known.get(event.household, (None, None, False))
        if protected:
            area = district = None
        elif area is None:
            area, district = event.area, event.district
        rows.append({
            "id": event.request,
            "case": event.case,
            "household": event.household,
            "number": event.number,
            "purpose": event.purpose,
            "due_on": event.due_on,
            "persons": event.persons,
            "area": area,
            "district": district,
            "urgency": event.urgency,
            "safety_flags": list(event.safety_flags),
            "skills": list(event.skills),
            "slots": list(event.slots),
            "requested_by": event.requested_by,
            "requested_at": heard.envelope.occurred_at,
        })  # fmt: skip
    await put_many(session, VisitRequest, rows)


async def set_protection(session: AsyncSession, household: UUID, protection: UUID, *, ended: bool) -> None:
    """Note a protection, or its end. One that was ended already stays ended; while one runs no place is kept."""
    if await erased_among(session, [household]):
        return
    row = {"id": protection, "household": household, "ended": ended}
    await put_many(session, Protection, [row], also=lambda new: {"ended": Protection.ended | new.ended})
    runs = select(Protection.id).where(Protection.household == household, Protection.ended.is_(False)).exists()
    protected = bool(await session.scalar(select(runs)))
    places: dict[str, Any] = {"area": None, "district": None}
    facts = {"protected": protected, **(places if protected else {"listed": []})}
    await session.execute(
        insert(Household).values(id=household, **facts).on_conflict_do_update(index_elements=[Household.id], set_=facts)
    )
    if protected:  # after the household's row, which whoever writes these has held
        await session.execute(update(VisitRequest).where(VisitRequest.household == household).values(**places))
        await session.execute(update(Case).where(Case.household == household).values(area=None))
    forget_loaded(session, table_of(Household))


async def forget(session: AsyncSession, household: UUID, at: datetime) -> None:
    """Keep nothing of a household but its bare id, so that what comes late brings nothing back."""
    for table in (VisitRequest, Case, Protection):
        await session.execute(delete(table).where(table.household == household))
    await session.execute(delete(AccessGrant).where(AccessGrant.household_id == household))
    await session.execute(delete(Household).where(Household.id == household))
    await session.execute(insert(ErasedHousehold).values(id=household, erased_at=at).on_conflict_do_nothing())
