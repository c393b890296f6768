"""On the way and at the door: accept or decline, 着いた, 出た."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import update

from services.outreach.actions.staging import take_visit, write_back
from services.outreach.rules import visits as rules
from services.outreach.tables import VisitWorker
from shared import clock
from shared.errors import Refused
from shared.events.outreach import AssignmentAnswered, VisitStarted
from shared.i18n import N_
from shared.spine import record

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.outreach.tables import Visit
    from shared.codes import Codes
    from shared.identity import Actor


async def answer_assignment(
    session: AsyncSession, actor: Actor, codes: Codes, visit_id: UUID, *, given: rules.Answer, reason: str | None
) -> Visit:
    """A worker says whether they go; ``reason`` is a code of DECLINE_REASON."""
    if reason is not None and not codes.is_choice("DECLINE_REASON", reason):
        raise Refused(N_("選べない理由です。"), field="reason")
    visit, facts = await take_visit(session, actor, visit_id)
    decided = rules.answer(facts, actor.post, given, reason)
    if facts.answers.get(actor.post) == given:
        return visit
    await write_back(session, visit, decided, clock.now())
    if given == "declined":
        await session.execute(
            update(VisitWorker)
            .where(VisitWorker.visit == visit.id, VisitWorker.post == actor.post)
            .values(reason=reason)
        )
    await record(
        session,
        AssignmentAnswered(
            household=visit.household,
            case=visit.case,
            request=visit.request,
            visit=visit.id,
            worker=actor.post,
            answer=given,
            reason=reason if given == "declined" else None,
        ),
        actor=actor,
    )
    return visit


async def check_in(session: AsyncSession, actor: Actor, visit_id: UUID, at: datetime | None = None) -> Visit:
    """着いた. ``at``: when it was, where it could not be sent at once."""
    visit, facts = await take_visit(session, actor, visit_id)
    moment = _past(at)
    decided = rules.check_in(facts, actor.post, moment)
    await write_back(session, visit, decided, moment)
    await record(
        session,
        VisitStarted(
            household=visit.household,
            case=visit.case,
            request=visit.request,
            visit=visit.id,
            worker=actor.post,
            check_out_due=moment + rules.CHECK_OUT_AFTER,
        ),
        actor=actor,
        occurred_at=moment,
    )
    return visit


async def check_out(session: AsyncSession, actor: Actor, visit_id: UUID, at: datetime | None = None) -> Visit:
    """出た: nobody need worry. The result may follow later."""
    visit, facts = await take_visit(session, actor, visit_id)
    await write_back(session, visit, rules.check_out(facts, actor.post, _past(at)), clock.now())
    return visit


def _past(at: datetime | None) -> datetime:
    """A moment that was told late; never in the future, whatever a tablet's clock says."""
    now = clock.now()
    return now if at is None else min(at, now)
