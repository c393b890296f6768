"""A result taken back: the visit waits for another one, its counts are put right, its words return to the form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from services.outreach.actions.ending import REPORT_FORM, draft_of
from services.outreach.actions.reporting import keep_counters, ladder_of
from services.outreach.actions.staging import take_visit, write_back
from services.outreach.forms import END, OWN_DAY
from services.outreach.queries.visits import undo_until
from services.outreach.rules import results
from services.outreach.rules import visits as rules
from services.outreach.tables import Case, MemberMeeting, Note, Observation, Visit, VisitRequest
from shared import clock
from shared.audit import note as audit
from shared.drafts import keep_draft
from shared.errors import Conflict
from shared.events.outreach import MemberMeetingUndone, VisitReportUndone
from shared.i18n import N_
from shared.spine import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.identity import Actor


async def undo_report(session: AsyncSession, actor: Actor, codes: Codes, visit_id: UUID) -> Visit:
    """Take the result of a visit back (取り消す), by who recorded it or the team's lead.

    Conflict once somebody has built on it: a later result of the household, the next visit, a request that was called
    off, a closed case. Words go only with who wrote them.
    """
    visit, facts = await take_visit(session, actor, visit_id)
    now = clock.now()
    until = undo_until(actor, visit)
    decided = rules.take_report_back(facts, now, until)
    request = await session.get_one(VisitRequest, visit.request)
    await _demand_nothing_follows(session, visit, request)
    await _return_words(session, actor, visit)
    before = await _results_before(session, visit)
    counters = results.recount([_told(codes, one) for one in before], ladder_of(codes), now)
    await keep_counters(session, visit.household, counters)
    request.state, request.end_reason = "open", None
    request.next_on = next((one.next_on for one in reversed(before) if one.request == request.id), None)
    unmet = await _unmeet(session, visit)
    _blank(visit)
    await write_back(session, visit, decided, now)
    await audit(session, actor, "undo", [visit.household])
    about: dict[str, Any] = {
        "household": visit.household, "case": visit.case, "request": visit.request, "visit": visit.id
    }  # fmt: skip
    undone = VisitReportUndone(
        **about, started=decided.started_at is not None, absences=counters.absences, trust_stage=counters.trust_stage,
        next_on=request.next_on, undone_by=actor.post,
    )  # fmt: skip
    await record(session, undone, actor=actor)
    for member, met_at, last in unmet:
        await record(session, MemberMeetingUndone(**about, member=member, met_at=met_at, last_met_at=last), actor=actor)
    return visit


async def _demand_nothing_follows(session: AsyncSession, visit: Visit, request: VisitRequest) -> None:
    case = await session.get(Case, visit.case)
    if request.state == "cancelled" or (case is not None and case.closed):
        raise Conflict(N_("依頼が取りやめになったか、ケースが終結したので、結果を取り消せません。"))
    later = select(Visit.id).where(
        Visit.household == visit.household, Visit.id != visit.id, Visit.reported_at > visit.reported_at
    )
    if await session.scalar(later.limit(1)):
        raise Conflict(N_("この世帯には、あとの訪問の結果があります。新しいほうから取り消してください。"))
    planned = select(Visit.id).where(
        Visit.request == request.id, Visit.state.not_in([rules.VisitState.REPORTED, rules.VisitState.CANCELLED])
    )
    if await session.scalar(planned.limit(1)):
        raise Conflict(N_("つぎの訪問がもう組まれているので、結果を取り消せません。"))


async def _results_before(session: AsyncSession, visit: Visit) -> Sequence[Visit]:
    """The household's other results, in the order in which they were recorded."""
    query = select(Visit).where(
        Visit.household == visit.household, Visit.id != visit.id, Visit.state == rules.VisitState.REPORTED
    )
    return (await session.scalars(query.order_by(Visit.reported_at))).all()


def _told(codes: Codes, visit: Visit) -> results.Told:
    code = visit.result or ""
    entry = codes["VISIT_RESULT"].get(code)
    return results.Told(
        results.Result.of(code, entry.attributes if entry else {}), visit.occurred_at or visit.starts_at,
        visit.absences, visit.trust_stage or 0,
    )  # fmt: skip


async def _return_words(session: AsyncSession, actor: Actor, visit: Visit) -> None:
    """What was ticked and written becomes the person's draft of the form."""
    written = delete(Note).where(
        Note.visit == visit.id, Note.author == actor.post, Note.recorded_at == visit.reported_at
    )
    words = await session.scalar(written.returning(Note.words))
    seen = await session.scalars(delete(Observation).where(Observation.visit == visit.id).returning(Observation.code))
    met = await session.scalars(select(MemberMeeting.member).where(MemberMeeting.visit == visit.id))
    fields = {
        "result": visit.result,
        "again": END + visit.end_reason if visit.end_reason else OWN_DAY,
        "next_on": visit.next_on.isoformat() if visit.next_on else "",
        "card_left": ["yes"] if visit.card_left else [],
        "observations": sorted(seen),
        "members_met": sorted(str(member) for member in met),
        "words": words or "",
        "at": visit.occurred_at.isoformat() if visit.occurred_at else "",
    }
    id_ = draft_of(REPORT_FORM, visit.id, actor.person)
    await keep_draft(session, actor.person, REPORT_FORM, fields, about=visit.id, household=visit.household, draft=id_)


async def _unmeet(session: AsyncSession, visit: Visit) -> list[tuple[UUID, datetime, datetime | None]]:
    """Members who count as not met on this visit: who, when it would have been, when they were met otherwise."""
    gone = (
        await session.execute(
            delete(MemberMeeting)
            .where(MemberMeeting.visit == visit.id)
            .returning(MemberMeeting.member, MemberMeeting.met_at)
        )
    ).all()
    others = select(MemberMeeting.member, func.max(MemberMeeting.met_at)).where(
        MemberMeeting.member.in_([row.member for row in gone]), MemberMeeting.visit != visit.id
    )
    last = {row[0]: row[1] for row in await session.execute(others.group_by(MemberMeeting.member))} if gone else {}
    return [(row.member, row.met_at, last.get(row.member)) for row in sorted(gone)]


def _blank(visit: Visit) -> None:
    visit.result = visit.occurred_at = visit.reported_at = visit.reported_by = None
    visit.card_left, visit.next_on, visit.end_reason, visit.trust_stage, visit.absences = False, None, None, None, 0
