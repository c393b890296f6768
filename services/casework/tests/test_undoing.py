"""Saving taken back: nothing of the entry stays, nothing it caused stays, no word of it is lost."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.casework.actions import entries, undoing
from services.casework.requests import CorrectEntry, WriteEntry
from services.casework.rules import care
from services.casework.tables import Case, Clock, Entry
from services.casework.tests.sample import JOBS, NOW, Ward, actor_of
from shared import clock
from shared.audit import AuditEntry
from shared.drafts import Draft
from shared.errors import Conflict, Forbidden, Missing, Refused


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
        await undo(ward, entry, at=NOW + care.UNDO + timedelta(seconds=1))
    async with ward.db.read() as session:
        assert (await session.scalars(select(Entry.id))).all() == [entry]
        assert (await session.scalars(select(Draft))).all() == []
