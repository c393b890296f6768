"""Saving taken back: an entry goes, or a visit's result; what it caused goes back, words return to their form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from services.casework.actions.entries import is_contact, take_entry
from services.casework.actions.files import invitations_of
from services.casework.actions.keeping import refresh_case, restart_clocks, take_case
from services.casework.rules import care
from services.casework.tables import Case, Entry, Happening, Visit, VisitRequest
from shared import clock
from shared.audit import note
from shared.clock import TOKYO
from shared.codes import code_list
from shared.drafts import keep_draft

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.events.outreach import VisitReportUndone
    from shared.identity import Actor
    from shared.spine import Received


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
            await _await_contact(session, actor, case, entry.occurred_at, now, without=None)
        await refresh_case(session, case)
    return entry


async def undo_visit(session: AsyncSession, received: Received[VisitReportUndone]) -> None:
    """Outreach took a result back: the case stands as its other visits left it, and what waited for it waits again.

    Before the result itself is forgotten; hearing it again changes nothing.
    """
    event, actor = received.event, received.envelope.actor
    case = await session.get(Case, event.case)
    gone = await session.get(Visit, event.visit, populate_existing=True)
    if case is None or gone is None or gone.state != "reported" or gone.occurred_at is None:
        return
    at, now = gone.occurred_at, received.envelope.occurred_at
    others = await session.scalars(
        select(Visit)
        .where(Visit.case_id == case.id, Visit.state == "reported", Visit.id != gone.id)
        .order_by(Visit.occurred_at)
    )
    left = others.all()
    case.absences, case.trust_stage, case.next_visit_on = event.absences, event.trust_stage, event.next_on
    case.visits -= gone.contact != "called_off"
    case.last_visit_at, case.last_result = (left[-1].occurred_at, left[-1].result) if left else (None, None)
    case.person_met_at = max(
        (one.occurred_at for one in left if one.contact == "met" and one.occurred_at), default=None
    )
    if case.state == "open":
        await session.execute(
            update(VisitRequest)
            .where(VisitRequest.id == event.request, VisitRequest.state.in_(["visited", "ended"]))
            .values(state="assigned")
        )
    await session.execute(delete(Happening).where(Happening.case_id == case.id, Happening.at == at, _OF_A_VISIT))
    for invitation in await invitations_of(session, case):
        if invitation.agency == gone.team and invitation.acting_at == at:
            invitation.state, invitation.acting_at = "accepted", None
    if case.first_contact_at == at:
        await _await_contact(session, actor, case, at, now, without=gone.id)
    if not await _results_that("seen", session, left):
        await restart_clocks(session, case, actor=actor, stopped_at=at, at=now, kinds=("sight_check",))
    await restart_clocks(session, case, actor=actor, stopped_at=at, at=now, about=event.request)
    await refresh_case(session, case)


_OF_A_VISIT = Happening.what.in_(["visit", "member_met", "absence_repeated"])
"""Lines of the timeline that a result has left at its moment."""


async def _results_that(mean: str, session: AsyncSession, visits: Iterable[Visit]) -> list[Visit]:
    codes = {code for code, one in (await code_list(session, "VISIT_RESULT")).items() if one.attributes.get(mean)}
    return [visit for visit in visits if visit.result in codes]


async def _await_contact(
    session: AsyncSession, actor: Actor | str | None, case: Case, at: datetime, now: datetime, *, without: UUID | None
) -> None:
    """The contact is gone: the earliest other one counts; without any, the first contact is waited for again."""
    entries = await session.execute(select(Entry.occurred_at, Entry.with_whom).where(Entry.case_id == case.id))
    seen = [when for when, whom in entries.all() if await is_contact(session, whom)]
    visits = await session.scalars(
        select(Visit).where(
            Visit.case_id == case.id, Visit.occurred_at.is_not(None), Visit.id.is_distinct_from(without)
        )
    )
    seen += [visit.occurred_at for visit in await _results_that("two_way", session, visits) if visit.occurred_at]
    case.first_contact_at = min(seen, default=None)
    if not seen:
        await restart_clocks(session, case, actor=actor, stopped_at=at, at=now, kinds=("first_contact",))


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
