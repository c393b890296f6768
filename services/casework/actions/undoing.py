"""Saving taken back within ten minutes: the entry goes, what it caused goes back, its words return to the form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.casework.actions.entries import is_contact, take_entry
from services.casework.actions.files import invitations_of, running_clocks
from services.casework.actions.keeping import refresh_case, take_case
from services.casework.rules import care
from services.casework.tables import Clock, Entry, Visit
from shared import clock
from shared.audit import note
from shared.clock import TOKYO
from shared.codes import code_list
from shared.drafts import keep_draft
from shared.events.casework import ClockStarted
from shared.spine import record

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.tables import Case
    from shared.identity import Actor


async def undo_entry(session: AsyncSession, actor: Actor, entry_id: UUID) -> Entry:
    """Take an entry or a correction back. A deadline that it alone had met runs again, and readers are told so."""
    entry = await take_entry(session, actor, entry_id)
    case = await take_case(session, actor, entry.case_id)
    now = clock.now()
    care.undo_entry(entry.state, entry.recorded_at, now, own=entry.author == actor.post)
    form, about = ("entry", case.id) if entry.corrects is None else ("correct", entry.corrects)
    await keep_draft(session, actor.person, form, _fields(entry), about=about, household=case.household)
    await note(session, actor, "undo", [case.household])
    if entry.corrects is not None:
        (await session.get_one(Entry, entry.corrects)).state = "fixed"
    await session.delete(entry)
    await session.flush()
    if entry.corrects is None:
        for invitation in await invitations_of(session, case):
            if invitation.agency == actor.agency and invitation.acting_at == entry.recorded_at:
                invitation.state, invitation.acting_at = "accepted", None
        if case.first_contact_at == entry.occurred_at and await is_contact(session, entry.with_whom):
            await _await_contact(session, actor, case, entry.occurred_at, now)
        await refresh_case(session, case)
    return entry


async def _await_contact(session: AsyncSession, actor: Actor, case: Case, at: datetime, now: datetime) -> None:
    """The contact is gone: the earliest other one counts; without any, the first contact is waited for again."""
    entries = await session.execute(select(Entry.occurred_at, Entry.with_whom).where(Entry.case_id == case.id))
    seen = [when for when, whom in entries.all() if await is_contact(session, whom)]
    results = await code_list(session, "VISIT_RESULT")
    two_way = [code for code, one in results.items() if one.attributes.get("two_way")]
    seen += await session.scalars(
        select(Visit.occurred_at).where(
            Visit.case_id == case.id, Visit.result.in_(two_way), Visit.occurred_at.is_not(None)
        )
    )
    case.first_contact_at = min(seen, default=None)
    if seen:
        return
    stopped = select(Clock).where(Clock.case_id == case.id, Clock.kind == "first_contact", Clock.stopped_at == at)
    for one in await session.scalars(stopped):
        one.stopped_at = one.outcome = None
        (await running_clocks(session, case)).append(one)
        again = ClockStarted(
            household=case.household,
            case=case.id,
            clock=one.id,
            kind=one.kind,
            due_at=one.due_at,
            owner=one.owner,
            agency=one.agency,
        )
        await record(session, again, actor=actor, occurred_at=now)


def _fields(entry: Entry) -> dict[str, Any]:
    """An entry as the fields of its form, as a browser would save them."""
    boxes = {"facts": entry.facts, "words": entry.words, "judgement": entry.judgement}
    if entry.corrects is not None:
        return {"reason": entry.correction_reason, **boxes}
    return {
        "occurred_at": entry.occurred_at.astimezone(TOKYO).strftime("%Y-%m-%dT%H:%M"),
        "kind": entry.kind,
        "channel": entry.channel or "",
        "minutes": "" if entry.minutes is None else str(entry.minutes),
        "with_whom": list(entry.with_whom),
        **boxes,
        "next_step": entry.next_step,
        "scope": entry.scope,
        "fix": ["true"] if entry.state == "fixed" else [],
    }
