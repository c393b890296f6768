"""A result taken back: nothing that it caused stays, no word of it is lost, and others hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from services.outreach.actions.ending import draft_of
from services.outreach.tables import ContactRecord, MemberMeeting, Note, Observation, Visit, VisitRequest
from shared import clock
from shared.audit import AuditEntry
from shared.drafts import Draft
from shared.events.casework import CaseClosed
from shared.undoing import UNDO

from .conftest import People, Ward

pytestmark = pytest.mark.integration


def report(**more: Any) -> dict[str, Any]:
    return {"result": "met", "next_on": (clock.today() + timedelta(days=7)).isoformat()} | more


async def test_the_result_goes_and_its_words_come_back_into_the_form(ward: Ward, people: People) -> None:
    wanted, member = await ward.request(), uuid4()
    first = await people.publish(wanted.request)
    worker = people.actor_of(first["workers"][0]["post"])
    absent = report(result="absent", members_met=[str(member)])
    assert (await people.ask(worker, "POST", f"/visits/{first['visit']}/report", json=absent)).status_code == 200
    async with ward.db.read() as session:
        before = await session.get_one(ContactRecord, wanted.household)
        met_at = await session.scalar(select(MemberMeeting.met_at))
    second = await people.publish(wanted.request)
    worker = people.actor_of(second["workers"][0]["post"])
    path = f"/visits/{second['visit']}"
    await people.ask(worker, "POST", f"{path}/arrive", json={})
    body = {"result": "met", "end_reason": "achieved", "observations": ["mail"], "words": "「また来て」",
            "members_met": [str(member)], "card_left": True, "trust_stage": 4}  # fmt: skip
    told = await people.ask(worker, "POST", f"{path}/report", json=body)
    assert told.status_code == 200, told.text
    await people.ask(worker, "POST", f"{path}/notes", json={"words": "あとから書いた。"})

    undone = await people.ask(worker, "POST", f"{path}/undo", key="u1")
    assert undone.json()["state"] == "started", undone.text
    assert (await people.ask(worker, "POST", f"{path}/undo", key="u1")).json()["repeated"] is True
    async with ward.db.read() as session:
        visit = await session.get_one(Visit, UUID(second["visit"]))
        assert (visit.result, visit.reported_at, visit.end_reason, visit.absences) == (None, None, None, 0)
        request = await session.get_one(VisitRequest, wanted.request)
        assert (request.state, request.end_reason, str(request.next_on)) == ("open", None, absent["next_on"])
        now = await session.get_one(ContactRecord, wanted.household)
        names = [column.name for column in ContactRecord.__table__.columns]
        assert [getattr(now, name) for name in names] == [getattr(before, name) for name in names]
        assert (await session.scalars(select(Observation.code))).all() == []
        assert (await session.scalars(select(MemberMeeting.visit))).all() == [UUID(first["visit"])]
        assert (await session.scalars(select(Note.words))).all() == ["あとから書いた。"], "what came later stays"
        draft = await session.get_one(Draft, draft_of("visit-report", visit.id, worker.person))
        assert await session.scalar(select(AuditEntry.household).where(AuditEntry.action == "undo")) == wanted.household
    assert (draft.form, draft.person, draft.household) == ("visit-report", worker.person, wanted.household)
    assert draft.body | {"at": ""} == {
        "result": "met", "again": "end:achieved", "next_on": "", "card_left": ["yes"], "observations": ["mail"],
        "members_met": [str(member)], "words": "「また来て」", "at": "",
    }  # fmt: skip
    (fact,) = await ward.recorded("outreach.visit_report_undone")
    assert (fact["absences"], fact["trust_stage"], fact["next_on"]) == (1, before.trust_stage, absent["next_on"])
    (unmet,) = await ward.recorded("outreach.member_meeting_undone")
    assert met_at is not None
    assert unmet["last_met_at"] == met_at.isoformat().replace("+00:00", "Z")
    assert (await people.ask(worker, "POST", f"{path}/report", json=report(result="family"))).status_code == 200


async def test_the_reporter_for_ten_minutes_the_lead_for_a_month_nobody_else(ward: Ward, people: People) -> None:
    visit = await people.publish((await ward.request()).request)
    one, other = (people.actor_of(worker["post"]) for worker in visit["workers"])
    path = f"/visits/{visit['visit']}"
    assert (await people.ask(one, "POST", f"{path}/undo")).status_code == 409, "there is nothing to take back"
    body = report(words="「帰って」")
    assert (await people.ask(one, "POST", f"{path}/report", json=body)).status_code == 200
    assert (await people.ask(other, "POST", f"{path}/undo")).status_code == 403
    assert (await people.ask(ward.manager, "POST", f"{path}/undo")).status_code in {403, 404}
    assert (await people.ask(ward.other_lead, "POST", f"{path}/undo")).status_code == 404
    now = clock.now()
    with clock.at(now + UNDO + timedelta(seconds=30)):
        assert (await people.ask(one, "POST", f"{path}/undo")).status_code == 422
    with clock.at(now + timedelta(days=32)):
        assert (await people.ask(ward.lead, "POST", f"{path}/undo")).status_code == 422
    with clock.at(now + timedelta(days=2)):
        undone = await people.ask(ward.lead, "POST", f"{path}/undo")
    assert undone.json()["state"] == "published", undone.text
    async with ward.db.read() as session:
        assert (await session.scalars(select(Note.words))).all() == ["「帰って」"], "words go with who wrote them alone"
        draft = await session.get_one(Draft, draft_of("visit-report", UUID(visit["visit"]), ward.lead.person))
    assert draft.body["words"] == ""


async def test_what_others_have_built_on_stays(ward: Ward, people: People) -> None:
    wanted = await ward.request()
    first = await people.publish(wanted.request)
    worker = people.actor_of(first["workers"][0]["post"])
    path = f"/visits/{first['visit']}"
    assert (await people.ask(worker, "POST", f"{path}/report", json=report())).status_code == 200
    second = await people.publish(wanted.request)
    planned = await people.ask(worker, "POST", f"{path}/undo")
    assert planned.status_code == 409, "the next visit is planned"
    going = people.actor_of(second["workers"][0]["post"])
    later = await people.ask(going, "POST", f"/visits/{second['visit']}/report", json=report())
    assert later.status_code == 200
    assert (await people.ask(worker, "POST", f"{path}/undo")).status_code == 409, "there is a later result"
    closed = CaseClosed(
        household=wanted.household, case=wanted.case, reason="achieved", closed_by=ward.coordinator.post
    )
    await ward.hear(closed)
    ended = await people.ask(ward.lead, "POST", f"/visits/{second['visit']}/undo")
    assert ended.status_code == 409, "the case is closed"
    assert not await ward.recorded("outreach.visit_report_undone")
