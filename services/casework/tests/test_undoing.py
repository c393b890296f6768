"""Saving taken back: nothing of the entry stays, nothing it caused stays, no word of it is lost."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from services.casework.actions import entries, undoing
from services.casework.actions.visits import request_visit
from services.casework.requests import CorrectEntry, RequestVisit, WriteEntry
from services.casework.tables import Case, Clock, Entry, Happening, MemberContact, VisitRequest
from services.casework.tests.sample import JOBS, NOW, Ward, actor_of
from shared import clock
from shared.audit import AuditEntry
from shared.drafts import Draft
from shared.errors import Conflict, Forbidden, Missing, Refused
from shared.events.outreach import MemberMeetingUndone, MemberMet, VisitAssigned, VisitReported, VisitReportUndone
from shared.undoing import UNDO


async def write(ward: Ward, case: UUID, by: str = "caseworker-n", **more: Any) -> UUID:
    fields = {"occurred_at": NOW - timedelta(hours=1), "kind": "phone", "facts": "電話で話した。"} | more
    async with ward.db.transaction() as session:
        return (await entries.write_entry(session, actor_of(by), case, WriteEntry.model_validate(fields))).id


async def undo(ward: Ward, entry: UUID, by: str = "caseworker-n", *, at: datetime = NOW) -> None:
    with clock.at(at):
        async with ward.db.transaction() as session:
            await undoing.undo_entry(session, actor_of(by), entry)


async def clock_of(ward: Ward, case: UUID) -> Clock:
    async with ward.db.read() as session:
        found = await session.scalars(select(Clock).where(Clock.case_id == case, Clock.kind == "first_contact"))
        return found.one()


async def test_an_entry_goes_and_its_words_come_back_into_the_form(ward: Ward) -> None:
    case = await ward.open_case()
    entry = await write(ward, case.id, words="「心配」", with_whom=["agency"], minutes=20, scope="lead", fix=True)
    await undo(ward, entry, at=NOW + timedelta(minutes=9))
    async with ward.db.read() as session:
        assert (await session.scalars(select(Entry))).all() == []
        draft = (await session.scalars(select(Draft))).one()
        assert await session.scalar(select(AuditEntry.household).where(AuditEntry.action == "undo")) == case.household
    assert (draft.form, draft.about, draft.household) == ("entry", case.id, case.household)
    assert draft.person == JOBS["caseworker-n"].person
    assert draft.body == {
        "occurred_at": "2026-06-18T09:14", "kind": "phone", "channel": "", "minutes": "20", "with_whom": ["agency"],
        "facts": "電話で話した。", "words": "「心配」", "judgement": "", "next_step": "", "scope": "lead",
        "fix": ["true"],
    }  # fmt: skip


async def test_the_deadline_that_it_alone_had_met_runs_again_and_readers_hear_it(ward: Ward) -> None:
    case = await ward.open_case()
    entry = await write(ward, case.id, with_whom=["family"])
    assert (await clock_of(ward, case.id)).stopped_at is not None
    await undo(ward, entry)
    running = await clock_of(ward, case.id)
    assert (running.stopped_at, running.outcome) == (None, None)
    async with ward.db.read() as session:
        again = await session.get_one(Case, case.id)
        assert (again.first_contact_at, again.next_due_at) == (None, running.due_at)
    told = await ward.recorded("casework.clock_started")
    assert [row["clock"] for row in told] == [str(running.id)] * 2
    assert await ward.recorded("casework.clock_stopped") != []


async def test_another_contact_still_counts(ward: Ward) -> None:
    case = await ward.open_case()
    first = await write(ward, case.id, with_whom=["family"])
    await write(ward, case.id, with_whom=["person"], occurred_at=NOW - timedelta(minutes=5))
    await undo(ward, first)
    assert (await clock_of(ward, case.id)).stopped_at is not None
    async with ward.db.read() as session:
        assert (await session.get_one(Case, case.id)).first_contact_at == NOW - timedelta(minutes=5)


async def test_a_correction_goes_and_what_stood_before_stands_again(ward: Ward) -> None:
    case = await ward.open_case()
    entry = await write(ward, case.id, fix=True)
    async with ward.db.transaction() as session:
        asked = CorrectEntry(reason="聞きちがい", facts="電話はなかった。")
        correction = (await entries.correct_entry(session, actor_of("caseworker-n"), entry, asked)).id
    with pytest.raises(Conflict):
        await undo(ward, entry)
    await undo(ward, correction)
    async with ward.db.read() as session:
        assert (await session.scalars(select(Entry.state))).all() == ["fixed"]
        draft = (await session.scalars(select(Draft))).one()
    assert (draft.form, draft.about) == ("correct", entry)
    assert (draft.body["reason"], draft.body["facts"]) == ("聞きちがい", "電話はなかった。")


async def test_only_the_writer_and_only_for_ten_minutes(ward: Ward) -> None:
    case = await ward.open_case()
    entry = await write(ward, case.id, fix=True)
    with pytest.raises(Forbidden):
        await undo(ward, entry, "coordinator")
    with pytest.raises(Missing):
        await undo(ward, entry, "shakyo")
    with pytest.raises(Refused, match="10分をすぎた"):
        await undo(ward, entry, at=NOW + UNDO + timedelta(seconds=1))
    async with ward.db.read() as session:
        assert (await session.scalars(select(Entry.id))).all() == [entry]
        assert (await session.scalars(select(Draft))).all() == []


async def test_a_result_that_is_taken_back_leaves_the_case_as_it_was(ward: Ward) -> None:
    case = await ward.open_case(sight_check=True, urgency="A")
    wanted = RequestVisit(aim="会う", purpose="contact", due_on=NOW.date() + timedelta(days=7), persons=2)
    async with ward.db.transaction() as session:
        request = (await request_visit(session, actor_of("coordinator"), case.id, wanted)).id
    worker, member = JOBS["worker"].id, uuid4()
    common: dict[str, Any] = {"household": case.household, "case": case.id, "request": request}
    first, second = common | {"visit": uuid4()}, common | {"visit": uuid4()}
    for visit in (first, second):
        await ward.hear(VisitAssigned(**visit, team="outreach-n", workers=(worker,), starts_at=NOW, ends_at=NOW,
                                      assigned_by=JOBS["lead"].id))  # fmt: skip
    at, met = NOW - timedelta(hours=9), NOW - timedelta(hours=1)
    again = NOW.date() + timedelta(days=7)
    await ward.hear(VisitReported(**first, result="absent", contact="none", absences=1, next_on=again,
                                  workers=(worker,), reported_by=worker), at=at)  # fmt: skip
    before, told = await ward.case_of(case.household), len(await ward.recorded("casework.clock_stopped"))
    await ward.hear(VisitReported(**second, result="met", contact="met", workers=(worker,), trust_stage=4,
                                  reported_by=worker), at=met)  # fmt: skip
    await ward.hear(MemberMet(**second, member=member), at=met)
    stopped = (await ward.recorded("casework.clock_stopped"))[told:]
    assert {row["kind"] for row in stopped} == {"first_contact", "sight_check"}
    running = len(await ward.recorded("casework.clock_started"))

    await ward.hear(
        VisitReportUndone(**second, started=False, absences=1, trust_stage=0, next_on=again, undone_by=worker)
    )
    await ward.hear(MemberMeetingUndone(**second, member=member, met_at=met))
    now = await ward.case_of(case.household)
    kept = ("visits", "absences", "trust_stage", "person_met_at", "last_visit_at", "last_result", "next_visit_on",
            "first_contact_at", "next_due_at")  # fmt: skip
    assert {name: getattr(now, name) for name in kept} == {name: getattr(before, name) for name in kept}
    restarted = (await ward.recorded("casework.clock_started"))[running:]
    assert {row["clock"] for row in restarted} == {row["clock"] for row in stopped}
    async with ward.db.read() as session:
        assert await session.scalar(select(VisitRequest.state).where(VisitRequest.id == request)) == "assigned"
        assert await session.scalar(select(MemberContact.met_at).where(MemberContact.member == member)) is None
        lines = await session.scalars(select(Happening.at).where(Happening.case_id == case.id))
        assert met not in set(lines)
    await ward.hear(VisitReported(**second, result="family", contact="family", next_on=again, workers=(worker,),
                                  trust_stage=1, reported_by=worker), at=met)  # fmt: skip
    after = await ward.case_of(case.household)
    assert (after.visits, after.last_result, after.person_met_at, after.first_contact_at) == (2, "family", None, met)
