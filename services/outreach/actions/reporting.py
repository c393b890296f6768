"""What came of a visit: the result, what was seen, the words, when they will be seen again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.outreach.actions.staging import take_visit, write_back
from services.outreach.queries.access import is_lead_of
from services.outreach.queries.planning import is_for_safety
from services.outreach.rules import results as rules
from services.outreach.rules import visits
from services.outreach.tables import ContactRecord, MemberMeeting, Note, Observation, Visit, VisitRequest
from shared import clock
from shared.errors import Forbidden, Refused
from shared.events.outreach import AbsenceRepeated, MemberMet, VisitReported
from shared.i18n import N_
from shared.spine import record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.identity import Actor


@dataclass(frozen=True, slots=True)
class VisitReport:
    """What the workers say. ``result``: VISIT_RESULT; ``observations``: OBSERVATION; ``end_reason``: VISIT_END."""

    result: str
    occurred_at: datetime | None = None
    next_on: date | None = None
    end_reason: str | None = None
    trust_stage: int | None = None
    card_left: bool = False
    observations: tuple[str, ...] = ()
    members_met: tuple[UUID, ...] = ()
    words: str = ""


def ladder_of(codes: Codes) -> list[rules.Step]:
    """The steps after absence that are in use."""
    return [
        rules.Step(entry.code, int(entry.attributes.get("absences", 99)), entry.attributes.get("days"))
        for entry in codes["LADDER"].values()
        if entry.active
    ]


async def report_visit(
    session: AsyncSession, actor: Actor, codes: Codes, visit_id: UUID, told: VisitReport
) -> rules.Reported:
    """Record the result; count; say what comes next. Workers of the visit and leads of its team may."""
    _demand_codes(codes, told)
    visit, facts = await take_visit(session, actor, visit_id)
    leads = is_lead_of(actor, visit)
    now = clock.now()
    at = told.occurred_at or visit.started_at or now
    decided = visits.close_with_report(facts, actor.post, now, leads=leads)
    request = await session.get_one(VisitRequest, visit.request)
    entry = codes["VISIT_RESULT"][told.result]
    before = await session.get(ContactRecord, visit.household, populate_existing=True)
    reported = rules.report(
        rules.Report(
            result=rules.Result.of(entry.code, entry.attributes),
            occurred_at=at,
            next_on=told.next_on,
            end_reason=told.end_reason,
            trust_stage=told.trust_stage,
            card_left=told.card_left,
        ),
        counters_of(before),
        ladder_of(codes),
        now=now,
        safety=is_for_safety(request, codes),
    )
    visit.result, visit.occurred_at, visit.reported_at, visit.reported_by = told.result, at, now, actor.post
    visit.card_left, visit.next_on, visit.end_reason = reported.card_left, reported.next_on, told.end_reason
    visit.trust_stage, visit.absences = reported.counters.trust_stage, reported.counters.absences
    await write_back(session, visit, decided, now)
    await keep_counters(session, visit.household, reported.counters)
    await _keep_details(session, actor, visit, told, at=at, now=now)
    request.state = "ended" if reported.request_ends else "open"
    request.next_on, request.end_reason = reported.next_on, told.end_reason
    await _state(session, actor, visit, workers=facts.workers, reported=reported, told=told, at=at)
    return reported


async def add_note(session: AsyncSession, actor: Actor, visit_id: UUID, words: str) -> Note:
    """Words that come after the result (ひとこと, あとでもよい); by the workers of the visit and leads of its team."""
    if not words.strip():
        raise Refused(N_("何か書いてから記録してください。"), field="words")
    visit, facts = await take_visit(session, actor, visit_id)
    if not is_lead_of(actor, visit) and actor.post not in facts.workers:
        raise Forbidden(N_("この訪問に行く人だけができます。"))
    now = clock.now()
    note = Note(
        id=clock.new_id(),
        visit=visit.id,
        household=visit.household,
        author=actor.post,
        occurred_at=visit.occurred_at or now,
        recorded_at=now,
        words=words.strip(),
    )
    session.add(note)
    await session.flush()
    return note


def counters_of(row: ContactRecord | None) -> rules.Counters:
    """The counters of a household as the rules know them."""
    if row is None:
        return rules.Counters()
    return rules.Counters(
        visits=row.visits,
        absences=row.absences,
        trust_stage=row.trust_stage,
        first_visit_at=row.first_visit_at,
        last_visit_at=row.last_visit_at,
        last_seen_at=row.last_seen_at,
        last_reaction_at=row.last_reaction_at,
        step=row.step,
    )


def _demand_codes(codes: Codes, told: VisitReport) -> None:
    if not codes.is_choice("VISIT_RESULT", told.result):
        raise Refused(N_("結果をひとつ選んでください。"), field="result")
    if told.end_reason is not None and not codes.is_choice("VISIT_END", told.end_reason):
        raise Refused(N_("選べない理由です。"), field="end_reason")
    if not all(codes.is_choice("OBSERVATION", code) for code in told.observations):
        raise Refused(N_("選べない観察の項目があります。"), field="observations")


async def keep_counters(session: AsyncSession, household: UUID, counters: rules.Counters) -> None:
    """What the household's visits add up to, from now on."""
    row = asdict(counters)
    await session.execute(
        insert(ContactRecord)
        .values(household=household, **row)
        .on_conflict_do_update(index_elements=[ContactRecord.household], set_=row)
    )


async def _keep_details(
    session: AsyncSession, actor: Actor, visit: Visit, told: VisitReport, *, at: datetime, now: datetime
) -> None:
    session.add_all(Observation(visit=visit.id, code=code) for code in dict.fromkeys(told.observations))
    session.add_all(
        MemberMeeting(visit=visit.id, member=member, household=visit.household, met_at=at)
        for member in dict.fromkeys(told.members_met)
    )
    if told.words.strip():
        session.add(
            Note(
                id=clock.new_id(),
                visit=visit.id,
                household=visit.household,
                author=actor.post,
                occurred_at=at,
                recorded_at=now,
                words=told.words.strip(),
            )
        )


async def _state(
    session: AsyncSession,
    actor: Actor,
    visit: Visit,
    *,
    workers: tuple[UUID, ...],
    reported: rules.Reported,
    told: VisitReport,
    at: datetime,
) -> None:
    about: dict[str, Any] = {
        "household": visit.household,
        "case": visit.case,
        "request": visit.request,
        "visit": visit.id,
    }
    await record(
        session,
        VisitReported(
            **about,
            result=told.result,
            contact=reported.contact,
            card_left=reported.card_left,
            next_on=reported.next_on,
            absences=reported.counters.absences,
            trust_stage=reported.counters.trust_stage,
            workers=workers,
            reported_by=actor.post,
        ),
        actor=actor,
        occurred_at=at,
    )
    for member in dict.fromkeys(told.members_met):
        await record(session, MemberMet(**about, member=member), actor=actor, occurred_at=at)
    if reported.repeated and reported.counters.step:
        await record(
            session,
            AbsenceRepeated(**about, absences=reported.counters.absences, step=reported.counters.step),
            actor=actor,
            occurred_at=at,
        )
