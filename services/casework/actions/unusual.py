"""The weekly look at unusual access: an auditor writes down what they made of a line; where staff live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert

from services.casework.actions.accounts import demand_administrator
from services.casework.tables import Person, UnusualLook
from shared import clock
from shared.audit import note
from shared.audit.unusual import week_of
from shared.codes import find_code
from shared.errors import Missing, Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.requests import LiveIn, LookedAt
    from shared.identity import Actor


async def mark_looked_at(session: AsyncSession, actor: Actor, body: LookedAt) -> None:
    """Keep that an auditor has looked at a line of a week, with a note; a later note takes the place of an earlier."""
    if await find_code(session, "UNUSUAL", body.rule) is None:
        raise Refused(N_("選べない値です。"), field="rule")
    if not body.words:
        raise Refused(N_("確かめたことを書いてください。"), field="words")
    row = {
        "id": clock.new_id(),
        "week": week_of(body.day)[0],
        "rule": body.rule,
        "post": body.post,
        "household": body.household,
        "words": body.words,
        "looked_by": actor.post,
        "looked_at": clock.now(),
    }
    change = {name: row[name] for name in ("words", "looked_by", "looked_at")}
    statement = insert(UnusualLook).values(row)
    await session.execute(statement.on_conflict_do_update(constraint="uq_unusual_look_line", set_=change))
    await note(session, actor, "unusual_looked_at", [body.household], basis=body.rule)


async def say_where_staff_live(session: AsyncSession, actor: Actor, person_id: UUID, body: LiveIn) -> Person:
    """Keep the district somebody lives in, or forget it: for the weekly look alone, shown to administrators alone."""
    demand_administrator(actor)
    if body.district and await find_code(session, "DISTRICT", body.district) is None:
        raise Refused(N_("選べない値です。"), field="district")
    person = await session.get(Person, person_id)
    if person is None:
        raise Missing(N_("その人は登録されていません。"))
    person.home_district = body.district
    await note(session, actor, "home_district", basis=f"person:{person_id}")
    return person
