"""What casework keeps of others' facts, written into its projections (``services/casework/projections.py``).

Nothing here records, looks at the clock or at casework's own tables: the same facts make the same rows, whenever they
are heard. Of a household that was erased nothing is kept but its id; what still comes about it is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from services.casework.projections import (
    Consent,
    Consultation,
    Household,
    HouseholdLink,
    HouseholdType,
    MemberContact,
    Notice,
    Protection,
    Visit,
)
from shared.projections import forget_loaded, merged, put_many, run_many, table_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.events.intake import (
        ConsentRecorded,
        ConsultationReceived,
        ConsultationScreened,
        HouseholdChanged,
        HouseholdRegistered,
        TypeMatched,
    )
    from shared.events.outreach import VisitAssigned, VisitReported
    from shared.spine import Received

    Placed = Sequence[Received[HouseholdRegistered]] | Sequence[Received[HouseholdChanged]]


async def erased_among(session: AsyncSession, households: Iterable[UUID]) -> set[UUID]:
    """Which of these were erased."""
    query = select(Household.id).where(Household.id.in_(set(households)), Household.erased_at.is_not(None))
    return set(await session.scalars(query))


async def is_erased(session: AsyncSession, household: UUID) -> bool:
    """Whether a household was erased."""
    return household in await erased_among(session, [household])


async def know(session: AsyncSession, *households: UUID) -> None:
    """Keep a bare row of a household of which a fact came before ``household_registered``."""
    await put_many(session, Household, [{"id": household} for household in households])


async def place(session: AsyncSession, run: Placed) -> None:
    """Where households are. While somebody is protected the area stays forgotten, whatever an older fact says."""
    rows = [
        {
            "id": heard.event.household,
            "number": heard.event.number,
            "incomplete": heard.event.incomplete,
            "area": heard.event.area,
            "district": heard.event.district,
        }
        for heard in run
    ]
    await put_many(
        session,
        Household,
        rows,
        also=lambda new: {name: case((Household.protected, None), else_=new[name]) for name in ("area", "district")},
        where=Household.erased_at.is_(None),
    )


async def keep_consultations(session: AsyncSession, run: Sequence[Received[ConsultationReceived]]) -> None:
    """Contacts. Worries and safety flags add up; none is dropped because a later call did not mention it."""
    gone = await erased_among(session, (heard.event.household for heard in run))
    run = [heard for heard in run if heard.event.household not in gone]
    sums = [
        {
            "id": heard.event.household,
            "worries": sorted(set(heard.event.worries)),
            "safety_flags": sorted(set(heard.event.safety_flags)),
        }
        for heard in run
    ]
    await put_many(
        session,
        Household,
        sums,
        also=lambda _new: {name: merged(Household, name) for name in ("worries", "safety_flags")},
    )
    rows = [
        {
            "id": heard.event.consultation,
            "household": heard.event.household,
            "occurred_at": heard.envelope.occurred_at,
            "channel": heard.event.channel,
            "route": heard.event.route,
            "referrer": heard.event.referrer,
            "worries": list(heard.event.worries),
            "main_worry": heard.event.main_worry,
            "safety_flags": list(heard.event.safety_flags),
            "received_by": heard.event.received_by,
            "agency": heard.event.agency,
        }
        for heard in run
    ]
    await put_many(session, Consultation, rows)


async def keep_types(session: AsyncSession, run: Sequence[Received[TypeMatched]]) -> None:
    """The last verdict on each type; a worker's answer stays."""
    gone = await erased_among(session, (heard.event.household for heard in run))
    rows = [
        {
            "household": heard.event.household,
            "code": heard.event.code,
            "verdict": heard.event.verdict,
            "rule_version": heard.event.rule_version,
            "tags": list(heard.event.tags),
            "matched_at": heard.envelope.occurred_at,
        }
        for heard in run
        if heard.event.household not in gone
    ]
    await know(session, *{heard.event.household for heard in run} - gone)
    await put_many(session, HouseholdType, rows)


async def keep_consents(session: AsyncSession, run: Sequence[Received[ConsentRecorded]]) -> None:
    """Consents by their codes. One that was withdrawn stays so, in whatever order the two facts come."""
    gone = await erased_among(session, (heard.event.household for heard in run))
    rows = [
        {
            "id": heard.event.consent,
            "household": heard.event.household,
            "member": heard.event.member,
            "state": heard.event.state,
            "purposes": list(heard.event.purposes or filter(None, [heard.event.purpose])),
            "recipients": list(heard.event.recipients),
            "items": list(heard.event.items),
            "limited": heard.event.limited,
            "confirm_by": heard.event.confirm_by,
            "ends_on": heard.event.ends_on,
            "recorded_at": heard.envelope.occurred_at,
        }
        for heard in run
        if heard.event.household not in gone
    ]
    await know(session, *{heard.event.household for heard in run} - gone)
    await put_many(
        session,
        Consent,
        rows,
        also=lambda new: {"recorded_at": func.least(Consent.recorded_at, new.recorded_at)},
    )


async def withdraw(session: AsyncSession, household: UUID, consent: UUID, member: UUID, at: datetime) -> None:
    """A consent no longer stands; the first withdrawal counts."""
    row = {"household": household, "member": member, "state": "withdrawn", "recorded_at": at, "withdrawn_at": at}
    statement = insert(Consent).values(id=consent, **row)
    first = func.coalesce(Consent.withdrawn_at, statement.excluded.withdrawn_at)
    await session.execute(statement.on_conflict_do_update(index_elements=[Consent.id], set_={"withdrawn_at": first}))
    forget_loaded(session, table_of(Consent))


async def set_protection(session: AsyncSession, household: UUID, protection: UUID, *, ended: bool) -> None:
    """Note a protection, or its end; while one runs neither area nor district is kept, and no link.

    intake ends its links without a fact that would name both sides, so they go by this one.
    """
    await know(session, household)
    over = Protection.ended | literal(ended)  # one that has ended stays so, in whatever order the two facts come
    row = {"id": protection, "household": household, "ended": ended}
    await put_many(session, Protection, [row], also=lambda _new: {"ended": over})
    runs = select(Protection.id).where(Protection.household == household, Protection.ended.is_(False)).exists()
    protected = bool(await session.scalar(select(runs)))
    forgotten: dict[str, Any] = {"area": None, "district": None} if protected else {"listed": []}
    await session.execute(update(Household).where(Household.id == household).values(protected=protected, **forgotten))
    if protected:
        await session.execute(
            delete(HouseholdLink).where((HouseholdLink.one == household) | (HouseholdLink.other == household))
        )


async def keep_allow_list(session: AsyncSession, household: UUID, posts: Sequence[UUID]) -> None:
    """Who answers for its area and stands on its allow-list."""
    await know(session, household)
    await session.execute(update(Household).where(Household.id == household).values(listed=list(posts)))


async def keep_link(session: AsyncSession, household: UUID, other: UUID, kind: str) -> None:
    """Two households belong together; the smaller id stands first. Nothing is kept while either side is protected."""
    if await erased_among(session, [household, other]):
        return
    guarded = select(Household.id).where(Household.id.in_([household, other]), Household.protected)
    if (await session.scalars(guarded)).first() is not None:
        return
    one, two = sorted((household, other))
    await know(session, one, two)
    await put_many(session, HouseholdLink, [{"one": one, "other": two, "kind": kind}])


async def keep_members(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """When people were last met, or left; rows of ``member``, ``household`` and the same facts."""
    households = {row["household"] for row in rows}
    gone = await erased_among(session, households)
    await know(session, *households - gone)
    await put_many(session, MemberContact, [row for row in rows if row["household"] not in gone])


async def keep_assignments(session: AsyncSession, run: Sequence[Received[VisitAssigned]]) -> None:
    """Visits were published, or published again: how far one has come stays."""
    gone = await erased_among(session, (heard.event.household for heard in run))
    rows = [
        {
            "id": heard.event.visit,
            "state": "assigned",
            "request": heard.event.request,
            "case_id": heard.event.case,
            "household": heard.event.household,
            "team": heard.event.team,
            "workers": list(heard.event.workers),
            "starts_at": heard.event.starts_at,
        }
        for heard in run
        if heard.event.household not in gone
    ]
    await put_many(session, Visit, rows, also=lambda _new: {"state": Visit.state})


async def keep_result(session: AsyncSession, event: VisitReported, at: datetime) -> None:
    """What came of a visit."""
    row: dict[str, Any] = {
        "state": "reported",
        "workers": list(event.workers),
        "result": event.result,
        "contact": event.contact,
        "card_left": event.card_left,
        "occurred_at": at,
        "next_on": event.next_on,
    }
    names = {"request": event.request, "case_id": event.case, "household": event.household}
    await session.execute(
        insert(Visit).values(id=event.visit, **names, **row).on_conflict_do_update(index_elements=[Visit.id], set_=row)
    )
    forget_loaded(session, table_of(Visit))


async def forget_result(session: AsyncSession, visit: UUID, state: str) -> None:
    """Nothing came of a visit yet: its result was taken back."""
    bare: dict[str, Any] = {
        "state": state, "result": None, "contact": None, "card_left": False, "occurred_at": None, "next_on": None
    }  # fmt: skip
    await session.execute(update(Visit).where(Visit.id == visit).values(bare))
    forget_loaded(session, table_of(Visit))


async def keep_notices(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Notifications and their receipts, by id; those about an erased household are dropped."""
    households = {row["household"] for row in rows if row["household"] is not None}
    gone = await erased_among(session, households) if households else set()
    await know(session, *households - gone)
    await put_many(session, Notice, [row for row in rows if row["household"] not in gone])


async def screen(session: AsyncSession, run: Sequence[Received[ConsultationScreened]]) -> None:
    """How urgent consultations are and what becomes of them."""
    table = table_of(Consultation)
    statement = (
        update(table)
        .where(table.c.id == bindparam("consultation"))
        .values(urgency=bindparam("to_urgency"), result=bindparam("to_result"))
    )
    rows = [
        {"consultation": heard.event.consultation, "to_urgency": heard.event.urgency, "to_result": heard.event.result}
        for heard in run
    ]
    await run_many(session, statement, rows)


async def forget(session: AsyncSession, household: UUID, at: datetime) -> None:
    """Keep nothing of a household but its bare id, so that a late fact makes nothing new."""
    await know(session, household)
    for table in (Protection, Consent, HouseholdType, Consultation, Visit, MemberContact, Notice):
        await session.execute(delete(table).where(table.household == household))
    await session.execute(
        delete(HouseholdLink).where((HouseholdLink.one == household) | (HouseholdLink.other == household))
    )
    bare: dict[str, Any] = {
        "number": "",
        "area": None,
        "district": None,
        "incomplete": False,
        "protected": False,
        "listed": [],
        "worries": [],
        "safety_flags": [],
        "erased_at": at,
    }
    await session.execute(update(Household).where(Household.id == household).values(**bare))
