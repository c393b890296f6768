"""The story's part of outreach over its API: plan, publish, answer, go, report; each once, each under rights."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared import clock

from .conftest import TODAY, People, Ward, make_actor

pytestmark = pytest.mark.integration


async def test_a_visit_from_proposal_to_result(ward: Ward, people: People) -> None:
    wanted = await ward.request(skills=("nurse",), slots=("morning",))
    listed = (await people.ask(ward.lead, "GET", "/requests")).json()
    assert [row["id"] for row in listed] == [str(wanted.request)]
    assert listed[0]["proposal"] is None

    visit = await people.publish(wanted.request)
    assert len(visit["workers"]) == 2
    assert visit["score"] <= 100
    assert {reason["code"] for reason in visit["reasons"]} >= {"area", "load", "missing_skill"}
    (assigned,) = await ward.recorded("outreach.visit_assigned")
    assert assigned["workers"] == [worker["post"] for worker in visit["workers"]]
    assert assigned["assigned_by"] == str(ward.lead.post)

    path = f"/visits/{visit['visit']}"
    for worker in visit["workers"]:
        actor = people.actor_of(worker["post"])
        answered = await people.ask(actor, "POST", f"{path}/answer", json={"answer": "accepted"})
        assert answered.status_code == 200, answered.text
    assert answered.json()["state"] == "accepted"

    first = people.actor_of(visit["workers"][0]["post"])
    assert (await people.ask(first, "POST", f"{path}/arrive", json={})).json()["state"] == "started"
    again = clock.today() + timedelta(days=7)
    told = await people.ask(
        first,
        "POST",
        f"{path}/report",
        json={
            "result": "absent_signs",
            "card_left": True,
            "next_on": again.isoformat(),
            "words": "電気がついていた。",
            "observations": ["mail"],
        },
    )
    assert told.status_code == 200, told.text
    (reported,) = await ward.recorded("outreach.visit_reported")
    assert (reported["result"], reported["contact"], reported["absences"], reported["card_left"]) == (
        "absent_signs",
        "none",
        1,
        True,
    )
    assert "words" not in reported
    assert not await ward.recorded("outreach.absence_repeated"), "once is not repeated"

    (row,) = (await people.ask(ward.lead, "GET", "/requests")).json()
    assert (row["state"], row["next_on"], row["step"]) == ("open", again.isoformat(), "card")
    second = await people.publish(wanted.request)
    assert second["starts_at"][:10] >= again.isoformat()
    path = f"/visits/{second['visit']}"
    going = people.actor_of(second["workers"][0]["post"])
    member = uuid4()
    told = await people.ask(
        going,
        "POST",
        f"{path}/report",
        json={"result": "family", "next_on": (again + timedelta(days=7)).isoformat(), "members_met": [str(member)]},
    )
    assert told.status_code == 200, told.text
    assert [row["member"] for row in await ward.recorded("outreach.member_met")] == [str(member)]
    notes = (await people.ask(first, "GET", f"/visits/{visit['visit']}/notes")).json()
    assert [note["words"] for note in notes] == ["電気がついていた。"]


async def test_the_same_request_sent_twice_is_done_once(ward: Ward, people: People) -> None:
    visit = await people.publish((await ward.request()).request)
    worker = people.actor_of(visit["workers"][0]["post"])
    path = f"/visits/{visit['visit']}/report"
    body = {"result": "met", "next_on": (clock.today() + timedelta(days=7)).isoformat()}
    one = await people.ask(worker, "POST", path, key="k1", json=body)
    two = await people.ask(worker, "POST", path, key="k1", json=body)
    assert (one.json()["repeated"], two.json()["repeated"]) == (False, True)
    assert len(await ward.recorded("outreach.visit_reported")) == 1
    other = await people.ask(worker, "POST", path, key="k1", json=body | {"result": "absent"})
    assert other.status_code == 409
    assert (await people.ask(worker, "POST", path, json=body)).status_code == 409, "a second result is refused"


async def test_nobody_is_at_two_doors(ward: Ward, people: People) -> None:
    first = await people.publish((await ward.request()).request)
    second = await ward.request()
    posts = [worker["post"] for worker in first["workers"]]
    clash = await people.ask(
        ward.lead,
        "POST",
        f"/requests/{second.request}/visits",
        json={"workers": posts, "starts_at": first["starts_at"], "ends_at": first["ends_at"]},
    )
    assert clash.status_code == 409
    assert clash.json()["errors"][0]["field"] == "workers"


async def test_declining_makes_the_lead_staff_it_again(ward: Ward, people: People) -> None:
    visit = await people.publish((await ward.request()).request)
    worker = people.actor_of(visit["workers"][0]["post"])
    path = f"/visits/{visit['visit']}"
    no_reason = await people.ask(worker, "POST", f"{path}/answer", json={"answer": "declined"})
    assert no_reason.status_code == 422
    declined = await people.ask(worker, "POST", f"{path}/answer", json={"answer": "declined", "reason": "health"})
    assert declined.json()["state"] == "declined"
    (answer,) = await ward.recorded("outreach.assignment_answered")
    assert (answer["answer"], answer["reason"]) == ("declined", "health")
    others = [str(a.post) for a in [ward.lead, *ward.workers] if a.post != worker.post][:2]
    changed = await people.ask(
        ward.lead,
        "PATCH",
        path,
        json={"workers": others, "starts_at": visit["starts_at"], "ends_at": visit["ends_at"]},
    )
    assert changed.status_code == 200, changed.text
    assert len(await ward.recorded("outreach.visit_assigned")) == 2
    assert (await people.ask(worker, "POST", f"{path}/answer", json={"answer": "accepted"})).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"result": "met"}, "next_on"),
        ({"result": "nonsense", "next_on": "2026-07-01"}, "result"),
        ({"result": "refused", "next_on": date.max.isoformat()}, "next_on"),
        ({"result": "met", "next_on": "2026-13-45"}, "next_on"),
        ({"result": "met", "words": "\x00"}, "words"),
        ({"result": "met", "observations": ["nothing"]}, "observations"),
        ({"result": "absent", "end_reason": "achieved"}, "end_reason"),
        ({"result": "met", "trust_stage": 9}, "trust_stage"),
    ],
)
async def test_a_wrong_report_names_its_field_and_changes_nothing(
    ward: Ward, people: People, body: dict[str, Any], field: str
) -> None:
    visit = await people.publish((await ward.request()).request)
    worker = people.actor_of(visit["workers"][0]["post"])
    answer = await people.ask(worker, "POST", f"/visits/{visit['visit']}/report", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not await ward.recorded("outreach.visit_reported")


async def test_who_has_no_part_learns_nothing(ward: Ward, people: People) -> None:
    wanted = await ward.request()
    visit = await people.publish(wanted.request)
    stranger = make_actor("agency_worker", "shakyo", "shakyo")
    for actor in (stranger, ward.other_lead):
        assert (await people.ask(actor, "GET", f"/visits/{visit['visit']}")).status_code == 404
        assert (await people.ask(actor, "GET", "/requests")).json() == []
        assert (await people.ask(actor, "GET", "/visits")).json() == []
    assert (await people.ask(stranger, "POST", "/plan", json={"team": "outreach-n"})).status_code == 403
    assert (await people.ask(ward.other_lead, "POST", "/plan", json={"team": "outreach-n"})).status_code == 403
    assert (await people.ask(ward.coordinator, "GET", f"/visits/{visit['visit']}")).status_code == 200, "the owner"
    outsider = next(a for a in ward.workers if str(a.post) not in {w["post"] for w in visit["workers"]})
    refused = await people.ask(outsider, "POST", f"/visits/{visit['visit']}/arrive", json={})
    assert refused.status_code == 404, "a colleague of the team who is not sent"
    assert (await people.ask(outsider, "GET", "/visits")).json() == []
    asked_nothing = make_actor("coordinator", "coordination", "coordination")
    for actor in (outsider, asked_nothing):
        assert (await people.ask(actor, "GET", f"/visits/{visit['visit']}")).status_code == 404
        assert (await people.ask(actor, "GET", "/requests")).json() == []
    assert (await people.client.get("/outreach/api/visits")).status_code == 401


async def test_skills_and_leave_steer_the_planner(ward: Ward, people: People) -> None:
    nurse, away = ward.workers[0], ward.workers[1]
    done = await people.ask(ward.lead, "PUT", f"/team/{nurse.post}", json={"skills": ["nurse"], "weekly_minutes": 300})
    assert done.status_code == 200, done.text
    days = {"since": clock.today().isoformat(), "until": (clock.today() + timedelta(days=60)).isoformat()}
    assert (await people.ask(away, "POST", f"/team/{away.post}/leaves", json=days)).status_code == 201
    visit = await people.publish((await ward.request(skills=("nurse",))).request)
    posts = {worker["post"] for worker in visit["workers"]}
    assert str(nurse.post) in posts
    assert str(away.post) not in posts
    members = (await people.ask(ward.lead, "GET", "/team")).json()
    assert next(m for m in members if m["post"] == str(nurse.post))["skills"] == ["nurse"]
    assert (
        await people.ask(ward.other_lead, "PUT", f"/team/{nurse.post}", json={"skills": [], "weekly_minutes": 1})
    ).status_code == 403


async def test_publishing_is_all_or_nothing(ward: Ward, people: People) -> None:
    requests = [(await ward.request()).request for _ in range(2)]
    plan = (await people.ask(ward.lead, "POST", "/plan", json={})).json()
    visits = [row["proposal"]["visit"] for row in plan]
    assert len(visits) == len(requests)
    mixed = await people.ask(ward.lead, "POST", "/visits/publish", json={"visits": [*visits, str(uuid4())]})
    assert mixed.status_code == 404
    assert not await ward.recorded("outreach.visit_assigned")
    both = await people.ask(ward.lead, "POST", "/visits/publish", json={"visits": visits})
    assert set(both.json()["visits"]) == set(visits)
    assert both.json()["position"].startswith("outreach:")


async def test_pages_follow_one_another_without_gap_or_copy(ward: Ward, people: People) -> None:
    wanted = {str((await ward.request(urgency=urgency)).request) for urgency in "ABBCD"}
    seen: list[str] = []
    while True:
        params: dict[str, Any] = {"limit": 2} | ({"after_id": seen[-1]} if seen else {})
        answer = await people.ask(ward.lead, "GET", "/requests", params=params)
        assert answer.status_code == 200, answer.text
        seen += [row["id"] for row in answer.json()]
        if len(answer.json()) < 2:
            break
    assert set(seen) == wanted
    assert len(seen) == len(wanted)
    assert (await people.ask(ward.lead, "GET", "/requests", params={"after_id": str(uuid4())})).status_code == 404
    visits = [(await people.publish(UUID(request)))["visit"] for request in seen[:3]]
    first = (await people.ask(ward.lead, "GET", "/visits", params={"limit": 2})).json()
    rest = (await people.ask(ward.lead, "GET", "/visits", params={"limit": 2, "after_id": first[-1]["id"]})).json()
    assert {row["id"] for row in first + rest} == set(visits)


def test_the_made_up_monday() -> None:
    assert TODAY.weekday() == 0
