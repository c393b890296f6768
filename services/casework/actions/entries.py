"""支援経過: what was seen, what was said, what we think; append-only once it is fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.casework.actions.keeping import begin_if_accepted, refresh_case, sight_in_hand, stop_clocks, take_case
from services.casework.queries.access import NOT_HERE
from services.casework.rules import care
from services.casework.rules.rights import reads
from services.casework.tables import Entry
from shared import clock
from shared.clock import TOKYO
from shared.codes import code_list, find_code
from shared.errors import Forbidden, Missing, Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.requests import CorrectEntry, WriteEntry
    from shared.identity import Actor


async def write_entry(session: AsyncSession, actor: Actor, case_id: UUID, request: WriteEntry) -> Entry:
    """Write down what happened; a two-way contact with the family stops the clock of the first contact.

    Closed cases take entries too: what is learnt afterwards belongs to them.
    """
    case = await take_case(session, actor, case_id)
    if not sight_in_hand(session, actor, case).lets("write"):
        raise Forbidden(N_("この役割では経過を書けません。"))
    await _demand_code(session, "ENTRY_KIND", request.kind, "kind")
    care.write_entry(
        request.facts,
        request.words,
        request.judgement,
        request.occurred_at.astimezone(TOKYO).date(),
        clock.today(),
    )
    now = clock.now()
    entry = Entry(
        id=clock.new_id(),
        case_id=case.id,
        occurred_at=request.occurred_at,
        recorded_at=now,
        minutes=request.minutes,
        kind=request.kind,
        channel=request.channel,
        with_whom=request.with_whom,
        facts=request.facts,
        words=request.words,
        judgement=request.judgement,
        next_step=request.next_step,
        scope=request.scope,
        author=actor.post,
        state="draft",
    )
    if request.fix:
        entry.state, entry.fixed_at = care.fix_entry(entry.state, own=True), now
    session.add(entry)
    await begin_if_accepted(session, case, actor.agency, now)
    if await is_contact(session, request.with_whom) and case.state == "open":
        case.first_contact_at = case.first_contact_at or request.occurred_at
        await stop_clocks(session, case, actor=actor, at=request.occurred_at, kinds=("first_contact",))
        await refresh_case(session, case)
    return entry


async def fix_entry(session: AsyncSession, actor: Actor, entry_id: UUID) -> Entry:
    """確定: the writer stands by it."""
    entry = await take_entry(session, actor, entry_id)
    entry.state = care.fix_entry(entry.state, own=entry.author == actor.post)
    entry.fixed_at = clock.now()
    return entry


async def correct_entry(session: AsyncSession, actor: Actor, entry_id: UUID, request: CorrectEntry) -> Entry:
    """Put a new version beside a fixed entry; the earlier one stays and is shown below it."""
    before = await take_entry(session, actor, entry_id)
    if before.author != actor.post and actor.role not in {"coordinator", "manager"}:
        raise Forbidden(N_("直せるのは、書いた人と調整役だけです。"))
    now = clock.now()
    care.write_entry(
        request.facts,
        request.words,
        request.judgement,
        before.occurred_at.astimezone(TOKYO).date(),
        clock.today(),
    )
    before.state = care.correct_entry(before.state, request.reason)
    after = Entry(
        id=clock.new_id(),
        case_id=before.case_id,
        number=before.number + 1,
        corrects=before.id,
        correction_reason=request.reason,
        occurred_at=before.occurred_at,
        recorded_at=now,
        minutes=before.minutes,
        kind=before.kind,
        channel=before.channel,
        with_whom=before.with_whom,
        facts=request.facts,
        words=request.words,
        judgement=request.judgement,
        next_step=before.next_step,
        scope=before.scope,
        author=actor.post,
        state="fixed",
        fixed_at=now,
    )
    session.add(after)
    return after


async def take_entry(session: AsyncSession, actor: Actor, entry_id: UUID) -> Entry:
    """Lock the case of an entry that the actor may read, and load the entry as it is now. Raises Missing."""
    case_id = await session.scalar(select(Entry.case_id).where(Entry.id == entry_id))
    if case_id is None:
        raise Missing(NOT_HERE)
    case = await take_case(session, actor, case_id)
    entry = await session.get_one(Entry, entry_id, populate_existing=True)
    if not reads(sight_in_hand(session, actor, case), entry.scope, own=entry.author == actor.post):
        raise Missing(NOT_HERE)
    return entry


async def is_contact(session: AsyncSession, with_whom: list[str]) -> bool:
    """Whether it was a two-way contact with the family (the list WITH_WHOM says so)."""
    if not with_whom:
        return False
    known = await code_list(session, "WITH_WHOM")
    return any(known[code].attributes.get("contact") is True for code in with_whom if code in known)


async def _demand_code(session: AsyncSession, name: str, code: str, field: str) -> None:
    row = await find_code(session, name, code)
    if row is None or not row.active:
        raise Refused(N_("一覧から選んでください。"), field=field)
