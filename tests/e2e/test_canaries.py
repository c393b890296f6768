"""Marked words typed into every field of every form are found where docs/privacy.md says, and nowhere else."""

import base64
import contextlib
import io
import logging
import secrets
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.story.stage import Person, arrival
from services.ward.staff import POST_BY_CODE, POSTS, head_of
from shared import clock
from shared.calendar import add_working_days
from shared.telemetry import configure_logging
from tests.e2e import canaries
from tests.e2e.canaries import BIRTH, MARK, MESH, Marks
from tests.e2e.conftest import StartStack
from tests.e2e.managing import administer, disclose_and_look, keep_and_erase
from tests.e2e.routes import routes_of

pytestmark = pytest.mark.e2e

NEEDS_NO_WORDS = {
    ("intake", "household", "traits"),
    ("intake", "member", "traits"),
    ("intake", "member", "birth_said"),
}
"""Listed, and can't hold a marked word: codes, and birth dates, which are looked for by themselves."""


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    lines = io.StringIO()
    configure_logging(level=logging.DEBUG, stream=lines)
    yield lines
    configure_logging(level=logging.WARNING, stream=sys.stderr)


class Office:
    """Everybody who types, and every answer that they saw."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._people: dict[str, Person] = {}
        self.pages: list[str] = []
        self.addresses: list[str] = []

    async def person(self, code: str) -> Person:
        if code not in self._people:
            person = Person(POST_BY_CODE[code], self._base_url)
            person.http.event_hooks["response"].append(self._see)
            await person.sign_in()
            self._people[code] = person
        return self._people[code]

    async def _see(self, answer: Any) -> None:
        self.addresses += [str(answer.request.url), answer.headers.get("location", "")]
        if "html" in answer.headers.get("content-type", ""):
            self.pages.append((await answer.aread()).decode())

    async def aclose(self) -> None:
        for person in self._people.values():
            await person.http.aclose()


async def test_marked_words_stay_where_they_belong(
    start_stack: StartStack, redis_url: str, log_lines: io.StringIO
) -> None:
    marks = Marks()
    key = {"account_key": base64.b64encode(secrets.token_bytes(32)).decode()}
    async with start_stack(overrides=key) as running, contextlib.aclosing(Office(running.base_url)) as office:
        await administer(office, marks)
        ids = await log_households(office, marks)
        await share_and_care(office, marks, ids)
        await go_there(office, marks, ids)
        await write_drafts(office, marks, ids)
        await close(office, marks, ids)
        await disclose_and_look(office, marks, ids)
        await keep_and_erase(office, marks, ids)
        manager = await office.person("manager-1")
        for service, app in running.apps.items():
            await canaries.try_every_body(manager, service, app.openapi(), marks, ids)
        await post_every_form(office, running.apps.values(), marks, ids)
        await look_at_every_page(office, running.apps.values(), ids)
        metrics = [await manager.get(f"/{service}/metrics") for service in running.apps]

        found, listed = await canaries.marked_columns(running), canaries.listed_columns()
        assert found - listed == set(), "not listed in docs/privacy.md"
        assert listed - found - NEEDS_NO_WORDS == set(), "listed, and nothing was found there: typed nowhere, or gone"
        homes = {column for column in await canaries.birthdays(running) if column[:2] != ("intake", "draft")}
        assert {column[:2] for column in homes} == {("intake", "member"), ("intake", "search_key")}
        for what, texts in {
            "streams": await canaries.stream_entries(redis_url),
            "log lines": log_lines.getvalue().splitlines(),
            "addresses": office.addresses,
            "links in pages": canaries.hrefs(office.pages),
            "metrics": metrics,
        }.items():
            assert texts, f"no {what} were seen"
            assert not [text for text in texts if MARK.search(text) or MESH in text], f"a mark stands in {what}"


async def log_households(office: Office, marks: Marks) -> dict[str, str]:
    caseworker = await office.person("caseworker-n1")

    def request() -> dict[str, Any]:
        return {
            "address": f"{marks.word()}2丁目14番5号", "room": marks.word(), "phone": marks.phone(), "mesh": MESH,
            "area": "n", "district": "kitahara", "caller_name": marks.word(), "caller_phone": marks.phone(),
            "words": marks.word(), "avoid": marks.word(), "worries": ["care"], "urgency": "B",
            "members": [
                {"relation": "mother", "name": marks.word(), "kana": marks.word(), "phone": marks.phone(),
                 "birth": BIRTH, "coresident": "yes"},
                {"relation": "eldest_son", "name": marks.word(), "birth": "昭和42年1月1日", "work": "not_working",
                 "coresident": "yes"},
            ],
        }  # fmt: skip

    first = await caseworker.post_to("/intake/api/consultations", request())
    second = await caseworker.post_to("/intake/api/consultations", request())
    household, other = first["household"], second["household"]
    home = await caseworker.get(f"/intake/api/households/{household}")
    member = home["members"][0]
    await caseworker.ask(
        "PUT", f"/intake/api/members/{member['id']}",
        {
            "version": member["version"], "name": marks.word(), "kana": marks.word(), "birth": BIRTH,
            "phone": marks.phone(), "relation": "mother", "coresident": "yes",
        },
    )  # fmt: skip
    await caseworker.post_to(
        f"/intake/api/households/{household}/members", {"name": marks.word(), "relation": "sister"}
    )
    home = await caseworker.get(f"/intake/api/households/{household}")
    await caseworker.ask(
        "PUT", f"/intake/api/households/{household}",
        {
            "version": home["version"], "address": f"{marks.word()}2丁目14番5号", "room": marks.word(),
            "phone": marks.phone(), "mesh": MESH,
        },
    )  # fmt: skip
    screening = {"urgency": "C", "result": "broken_off", "reason": marks.word()}
    await caseworker.post_to(f"/intake/api/consultations/{second['consultation']}/screening", screening)
    code = next(one["code"] for one in home["types"] if one["verdict"] != "no")
    rejected = {"answer": "rejected", "reason": marks.word()}
    await caseworker.post_to(f"/intake/api/households/{household}/types/{code}/answer", rejected)
    consent = {
        "member": member["id"],
        "state": "signed",
        "purpose": "support",
        "recipients": ["hokatsu-n"],
        "items": ["family"],
    }
    given = await caseworker.post_to(
        f"/intake/api/households/{household}/consents",
        {
            **consent, "limits": marks.word(), "representative_name": marks.word(),
            "representative_relation": "child", "representative_ground": "guardian",
        },
    )  # fmt: skip
    ended = await caseworker.post_to(
        f"/intake/api/households/{household}/consents", {**consent, "purpose": "disaster", "limits": marks.word()}
    )
    await caseworker.post_to(f"/intake/api/consents/{ended['id']}/withdrawal", {"reason": marks.word()})
    theirs = (await caseworker.get(f"/intake/api/households/{other}"))["members"][0]["id"]
    protected = await caseworker.post_to(
        f"/intake/api/households/{other}/protections", {"member": theirs, "kind": "dv", "reason": marks.word()}
    )
    await caseworker.post_to(f"/intake/api/protections/{protected['id']}/end", {"reason": marks.word()})
    await shelter(office, marks, await caseworker.post_to("/intake/api/consultations", request()))
    return {
        "household": household,
        "member": member["id"],
        "consent": given["id"],
        "consultation": first["consultation"],
    }


async def shelter(office: Office, marks: Marks, made: dict[str, Any]) -> None:
    """Somebody stays protected and lives apart; a post is let onto the list and off it, another through the glass."""
    setter, asker = await office.person("caseworker-n1"), await office.person("caseworker-w1")
    base = f"/intake/api/households/{made['household']}"
    member = (await setter.get(base))["members"][0]["id"]
    protection = (await setter.post_to(f"{base}/protections", {"member": member, "kind": "dv"}))["id"]
    colleague, path = POST_BY_CODE["caseworker-n2"].id, f"/intake/api/protections/{protection}/allowed"
    await setter.post_to(path, {"post": str(colleague), "reason": marks.word()})
    await setter.post_to(f"{path}/{colleague}/removal", {"reason": marks.word()})
    place = {"address": marks.word(), "room": marks.word(), "phone": marks.phone(), "places": marks.word()}
    await setter.ask("PUT", f"{base}/apart", place | {"away": [member]})
    second = {"second": str(POST_BY_CODE["manager-1"].id)}
    glass = await asker.post_to("/intake/api/glass", second | {"number": made["number"], "reason": marks.word()})
    manager = await office.person("manager-1")
    await manager.post_to(f"/intake/api/glass/{glass['id']}/answer", {"answer": "approved"})
    await setter.post_to(f"/intake/api/glass/{glass['id']}/review", {"review": marks.word()})


async def share_and_care(office: Office, marks: Marks, ids: dict[str, str]) -> None:
    coordinator, hokatsu = await office.person("coordinator-1"), await office.person("head-hokatsu-n")

    async def opened() -> str | None:
        found = await coordinator.get(f"/casework/api/cases?household={ids['household']}")
        return found["cases"][0]["id"] if found["cases"] else None

    case = ids["case"] = ids["case_id"] = await arrival(opened, "the case")
    base = f"/casework/api/cases/{case}"
    asked = await coordinator.post_to(
        f"{base}/invitations",
        {"agency": "hokatsu-n", "question": marks.word(), "basis": "benefit_69_2_4", "note": marks.word()},
    )
    ids["invitation_id"] = asked["id"]
    answer = {"answer": "accepted", "text": marks.word()}
    await hokatsu.post_to(f"/casework/api/invitations/{asked['id']}/answer", answer)
    now, today = clock.now(), clock.today()
    entry = {
        "occurred_at": now.isoformat(), "kind": "phone", "with_whom": ["family"], "facts": marks.word(),
        "words": marks.word(), "judgement": marks.word(), "next_step": marks.word(), "fix": True,
    }  # fmt: skip
    written = await coordinator.post_to(f"{base}/entries", entry)
    correction = {name: marks.word() for name in ("reason", "facts", "words", "judgement")}
    await coordinator.post_to(f"/casework/api/entries/{written['id']}/correct", correction)
    meeting = {
        "kind": "case_conference",
        "starts_at": (now + timedelta(days=1)).isoformat(),
        "place": marks.word(),
        "agencies": ["hokatsu-n"],
    }
    called = await coordinator.post_to(f"{base}/meetings", meeting)
    task = {"title": marks.word(), "agency": "hokatsu-n", "due_on": add_working_days(today, 3).isoformat()}
    held = await coordinator.post_to(
        f"/casework/api/meetings/{called['id']}/held", {"minutes": marks.word(), "tasks": [task]}
    )
    ids["meeting_id"] = held["id"]
    council = await coordinator.post_to(
        f"{base}/meetings",
        {"kind": "support_council", "starts_at": now.isoformat(), "place": marks.word(), "reason": "not_contacted",
         "members": [str(head_of("hokatsu-n").id)]},
    )  # fmt: skip
    await hokatsu.post_to(f"/casework/api/meetings/{council['id']}/secrecy")
    boxes = {name: marks.word() for name in ("known", "doing", "wanted", "asks")}
    laid = await hokatsu.post_to(f"/casework/api/meetings/{council['id']}/materials", {**boxes, "items": ["family"]})
    ids["material_id"] = laid["id"]
    made = await coordinator.post_to(f"{base}/tasks", {**task, "title": marks.word()})
    ids["task_id"] = made["id"]
    line = {name: marks.word() for name in ("what", "who", "family_does", "frequency")}
    plan = {
        "goal": marks.word(), "goal_by": marks.word(), "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=90)).isoformat(), "monitoring_on": (today + timedelta(days=30)).isoformat(),
        "lines": [{**line, "agency": "hokatsu-n"}],
    }  # fmt: skip
    drafted = await coordinator.post_to(f"{base}/plans", plan)
    manager = await office.person("manager-1")
    await manager.post_to(f"{base}/open", {"reason": marks.word()})
    await manager.post_to(f"/casework/api/plans/{drafted['id']}/decide", {"document": marks.word()})
    evaluation = {"attainment": "partly", "changes": ["c12"], "next_policy": "plan_again", "evaluation": marks.word()}
    await coordinator.post_to(f"/casework/api/plans/{drafted['id']}/evaluate", evaluation)
    ids["plan_id"] = drafted["id"]


async def go_there(office: Office, marks: Marks, ids: dict[str, str]) -> None:
    coordinator, lead = await office.person("coordinator-1"), await office.person("lead-n")
    worker = await office.person("worker-n1")
    today = clock.today()
    asked = await coordinator.post_to(
        f"/casework/api/cases/{ids['case']}/visit-requests",
        {"aim": marks.word(), "purpose": "contact", "due_on": add_working_days(today, 5).isoformat()},
    )

    async def heard() -> bool:
        return any(one["id"] == asked["id"] for one in await lead.get("/outreach/api/requests?limit=100"))

    await arrival(heard, "the visit request")
    pair = [str(post.id) for post in POSTS if post.code in {"worker-n1", "worker-n2"}]
    starts = clock.now() + timedelta(days=1)
    visit = await lead.post_to(
        f"/outreach/api/requests/{asked['id']}/visits",
        {"workers": pair, "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat()},
    )
    ids["visit_id"] = visit["visit"]
    await worker.post_to(f"/outreach/api/visits/{visit['visit']}/arrive")
    report = {"result": "family", "next_on": add_working_days(today, 4).isoformat(), "words": marks.word()}
    await worker.post_to(f"/outreach/api/visits/{visit['visit']}/report", report)
    await worker.post_to(f"/outreach/api/visits/{visit['visit']}/notes", {"words": marks.word()})
    email = {"channels": ["inbox", "email"], "email": marks.email()}
    await worker.ask("PUT", "/notify/api/preferences", email)


async def write_drafts(office: Office, marks: Marks, ids: dict[str, str]) -> None:
    caseworker = await office.person("caseworker-n1")
    for service in ("intake", "casework", "outreach", "notify"):
        fields = {"words": marks.word(), "members.0.name": marks.word()}
        about = {"about": ids["case_id"], "household": ids["household"]} if service == "casework" else {}
        await caseworker.ask("PUT", f"/{service}/drafts/consultation/{uuid4()}", {"fields": fields} | about)


async def close(office: Office, marks: Marks, ids: dict[str, str]) -> None:
    """A case of its own is closed, so that the other one stays open for the rest."""
    caseworker, coordinator = await office.person("caseworker-n1"), await office.person("coordinator-1")
    made = await caseworker.post_to("/intake/api/consultations", {"worries": ["housing"], "urgency": "D", "area": "n"})

    async def opened() -> str | None:
        found = await coordinator.get(f"/casework/api/cases?household={made['household']}")
        return found["cases"][0]["id"] if found["cases"] else None

    case = await arrival(opened, "the case")
    ended = {"reason": "declined", "note": marks.word()}
    await coordinator.post_to(f"/casework/api/cases/{case}/close", ended)
    ids["closed"] = case


async def post_every_form(office: Office, apps: Any, marks: Marks, ids: dict[str, str]) -> None:
    """Every HTML form with marks in all the fields that any form has: searches, half-filled forms, nonsense."""
    names = (
        "q", "words", "avoid", "address", "room", "phone", "caller_name", "caller_phone", "members.0.name",
        "members.0.kana", "members.0.birth", "members.0.phone", "name", "kana", "birth", "limits", "reason", "note",
        "question", "text", "facts", "judgement", "next_step", "title", "place", "minutes", "goal", "goal_by",
        "document", "evaluation", "aim", "next", "post", "email", "urgency", "area", "type", "result",
        "answer", "basis", "agency",
    )  # fmt: skip
    for code in ("caseworker-n1", "coordinator-1", "lead-n", "worker-n1"):
        person = await office.person(code)
        for route in [route for app in apps for route in routes_of(app) if route.method == "POST"]:
            if "/api/" in route.template or route.template in {"/sign-out", "/sign-in"}:
                continue
            path = with_ids(route.service, route.template, ids)
            fields = {name: marks.word() for name in names}
            await person.http.post(path, data=fields, headers={"accept": "text/html"})


async def look_at_every_page(office: Office, apps: Any, ids: dict[str, str]) -> None:
    for code in ("caseworker-n1", "coordinator-1", "worker-n1"):
        person = await office.person(code)
        for route in [route for app in apps for route in routes_of(app) if route.method == "GET"]:
            if "/api/" not in route.template and route.template not in {
                "/metrics",
                "/openapi.json",
                "/session",
                "/events",
            }:
                await person.http.get(with_ids(route.service, route.template, ids), headers={"accept": "text/html"})


def with_ids(service: str, template: str, ids: dict[str, str]) -> str:
    path = template
    for name, value in {**ids, "household_id": ids["household"], "code": "T8050", "form": "consultation"}.items():
        path = path.replace("{" + name + "}", value)
    while "{" in path:
        begin, end = path.index("{"), path.index("}")
        path = path[:begin] + ids["household"] + path[end + 1 :]
    return f"/{service}{path}"
