"""Whoever sees a household leaves a line: every route that shows, searches, prints or exports is asked and looked up.

A route that a session opens stands in ``AUDITED`` (with the word the audit has for it) or in ``QUIET`` (with the reason
why nothing needs to be written down). A new one stands in neither, and fails.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from shared import clock
from tests.e2e.routes import Route, routes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from services.stack import Stack
    from shared.db import Database
    from tests.e2e.conftest import StartStack

pytestmark = pytest.mark.e2e

AUDITED = {
    # what is seen of one household
    "GET /intake/api/households/{household}": "view",
    "GET /intake/households/{household}": "view",
    "GET /intake/fragments/household/{household}/strip": "view",
    "GET /intake/fragments/household/{household}/genogram": "view",
    "GET /intake/fragments/household/{household}/safety": "view",
    "GET /casework/api/cases/{case_id}": "view",
    "GET /casework/cases/{case_id}": "view",
    "GET /casework/cases/{case_id}/do/{name}": "view",
    "GET /casework/invitations/{invitation_id}": "view",
    "GET /casework/api/invitations/{invitation_id}": "view",
    "GET /casework/fragments/visit-requests/{request_id}": "view",
    "GET /outreach/visits/{visit_id}": "view",
    "GET /outreach/api/visits/{visit_id}/notes": "view",
    "GET /outreach/planner/visits/{visit_id}": "view",
    "GET /outreach/planner/requests/{request_id}": "view",
    "GET /notify/fragments/told/{household}": "view",
    "POST /intake/labels": "label",
    "POST /intake/consultations/detect": "match",
    # lists and searches
    "GET /intake/households": "list",
    "POST /intake/households": "search",
    "POST /intake/search": "search",
    "POST /intake/api/households/search": "search",
    "GET /intake/disclosures": "list",
    "GET /casework/": "list",
    "GET /casework/cases": "list",
    "GET /casework/board": "list",
    "GET /casework/api/cases": "list",
    "GET /casework/api/board": "list",
    "GET /casework/api/invitations": "list",
    "POST /casework/cases/search": "search",
    "GET /outreach/today": "list",
    "GET /outreach/planner": "list",
    "GET /outreach/api/requests": "list",
    "GET /outreach/api/visits": "list",
    # on paper and as a file
    "GET /casework/cases/{case_id}/handover": "print",
    "GET /casework/cases/export.{kind}": "export",
    "POST /intake/households/export": "export",
    "GET /intake/disclosures/new/{household}": "view",
    "GET /intake/disclosures/{request_id}": "view",
    "GET /intake/disclosures/{request_id}/review": "disclose",
    # the log itself
    "GET /intake/api/audit": "audit",
    "GET /casework/api/audit": "audit",
    "GET /outreach/api/audit": "audit",
    "GET /notify/api/audit": "audit",
    "GET /intake/fragments/audit": "audit",
    "GET /casework/fragments/audit": "audit",
    "GET /outreach/fragments/audit": "audit",
    "GET /notify/fragments/audit": "audit",
}
"""What is asked below, and the line it leaves."""

QUIET = {
    "casework": {
        "GET /api/posts": "whom to sign in as; the demo alone",
        "GET /api/me": "the person's own post",
        "GET /api/cases/{case_id}/proposals": "codes of agencies and grounds",
        "GET /api/board/figures": "numbers",
        "GET /session": "one's own session",
        "GET /sign-in": "signing in",
        "GET /sign-in/letter": "signing in",
        "GET /sign-in/provider": "signing in",
        "GET /sign-in/provider/back": "signing in; what comes of it is written down",
        "GET /sign-in/provider/out": "signing out",
        "GET /me": "the person's own post and sessions",
        "GET /people": "staff, no household",
        "GET /people/ending": "posts and numbers of cases",
        "GET /people/{person_id}": "staff, no household",
        "GET /fragments/handing": "case numbers that came to oneself",
        "GET /fragments/cases/{case_id}/due": "a deadline by its code",
        "GET /fragments/cases/{case_id}/still": "yes or no",
        "GET /fragments/meetings/{meeting_id}/still": "yes or no",
        "GET /audit/unusual": "written down as audit: tests/e2e/test_unusual.py",
        "GET /audit": "the frame; each service's log is asked by itself, and writes it down",
        "GET /operations": "the frame of the operator's page",
        "GET /things/{name}/{thing_id}": "a form of a case, written down like /do/{name}",
        "GET /meetings/{meeting_id}": "written down as view_meeting: services/casework/tests/test_councils_pages.py",
    },
    "intake": {
        "GET /consultations/new": "an empty form; what is known is asked for by detect",
        "GET /api/glass": "requests to open, by number",
        "GET /api/consents/{consent}/receipt": "written down as export: services/intake/tests",
        "GET /households/{household}/consents/new": "written down as view: services/intake/tests",
        "GET /households/{household}/consents/{consent}": "written down as view: services/intake/tests",
        "GET /households/{household}/consents/{consent}/paper": "written down as print: services/intake/tests",
        "GET /fragments/household/{household}/still": "yes or no",
        "GET /protections": "written down as list: services/intake/tests",
        "GET /consent-texts": "the texts that are read out; no household",
        "GET /disposals": "written down as list: services/intake/tests",
        "GET /disposals/held": "written down as list: services/intake/tests",
        "GET /disposals/certificates": "numbers of what is gone",
        "GET /disposals/certificates/{disposal}": "what is gone, by its number",
        "GET /disposals/periods": "periods in words; no household",
        "GET /households/{household}/retention": "written down as view: services/intake/tests",
        "GET /disclosures/{request_id}/file": "written down as print: tests/e2e/test_disclosure.py",
        "GET /disclosures/{request_id}/file.json": "written down as export: tests/e2e/test_disclosure.py",
    },
    "outreach": {
        "GET /api/visits/{visit_id}": "times, posts and codes; words are in the notes",
        "GET /team": "staff, no household",
        "GET /api/team": "staff, no household",
        "GET /fragments/visits/{visit_id}/members": "ids; intake names them and writes it down",
        "GET /fragments/cases/{case_id}": "links and times",
        "GET /fragments/waiting": "numbers and times",
    },
    "notify": {
        "GET /": "kinds and case numbers; intake names households and writes it down",
        "GET /api/inbox": "kinds and case numbers",
        "GET /fragments/waiting": "kinds and case numbers",
        "GET /fragments/count": "numbers",
        "GET /api/count": "numbers",
        "GET /settings": "one's own channels",
        "GET /api/preferences": "one's own channels",
        "GET /api/rules": "deadlines of kinds",
    },
}
EVERYWHERE = {
    "GET /openapi.json": "no data",
    "GET /health": "no data",
    "GET /metrics": "numbers",
    "GET /events": "not for people; ids and codes",
    "GET /drafts/{form}": "what the person has typed themself",
    "GET /api/operations": "no household",
    "GET /fragments/operations": "no household",
    "GET /fragments/heartbeat": "no household",
    "GET /operations/parked/{number}": "an event: ids and codes",
    "GET /api/audit/unusual": "written down as audit: tests/e2e/test_unusual.py",
    "GET /api/disclosure/{household}": "services alone ask; written down as disclose: tests/e2e/test_disclosure.py",
}
"""Quiet in every service, or written down elsewhere."""


def is_known(route: Route) -> bool:
    own = f"{route.method} {route.template}"
    return route.name in AUDITED or own in QUIET[route.service] or own in EVERYWHERE


async def test_no_route_shows_anything_unwritten(start_stack: StartStack) -> None:
    async with start_stack() as running:
        routes = [route for app in running.apps.values() for route in routes_of(app)]
    unknown = [route.name for route in routes if route.method == "GET" and not is_known(route)]
    assert not unknown, "say in AUDITED or QUIET what the audit has of:\n" + "\n".join(unknown)
    names = {route.name for route in routes}
    gone = [name for name in AUDITED if name not in names]
    gone += [
        f"{service} {own}"
        for service, quiet in QUIET.items()
        for own in quiet
        if f"GET /{service}{own[4:]}" not in names
    ]
    assert not gone, "there is no such route:\n" + "\n".join(gone)


def database_of(running: Stack, service: str) -> Database:
    db: Database = running.apps[service].state.service.db
    return db


async def one(running: Stack, service: str, query: str, **values: object) -> Any:
    async with database_of(running, service).read() as session:
        return (await session.execute(text(query), values)).first()


async def facts_of(running: Stack) -> dict[str, str]:
    """Ids of one household with a case, an answered request and a visit."""
    visit = await one(
        running,
        "outreach",
        "SELECT id AS visit, request, household FROM visit WHERE state <> 'proposed' ORDER BY starts_at LIMIT 1",
    )
    assert visit is not None, "the ward has no visit"
    case = await one(
        running,
        "casework",
        "SELECT id, number FROM support_case WHERE household = :h ORDER BY number LIMIT 1",
        h=visit.household,
    )
    asked = await one(running, "casework", "SELECT id FROM invitation WHERE case_id = :c LIMIT 1", c=case.id)
    asked = asked or await one(running, "casework", "SELECT id FROM invitation ORDER BY asked_at LIMIT 1")
    return {
        "household": str(visit.household),
        "visit_id": str(visit.visit),
        "request_id": str(visit.request),
        "case_id": str(case.id),
        "number": case.number,
        "invitation_id": str(asked.id),
    }


BODIES: dict[str, dict[str, Any]] = {
    "POST /intake/labels": {"json": {"households": ["{household}"], "members": []}},
    "POST /intake/consultations/detect": {
        "data": {"words": "母と息子", "members.0.name": "大槻", "members.0.relation": "mother"}
    },
    "POST /intake/households": {"data": {"q": "大槻"}},
    "POST /intake/search": {"data": {"q": "大槻"}},
    "POST /intake/api/households/search": {"json": {"q": "大槻"}},
    "POST /casework/cases/search": {"data": {"number": "K26-0001"}},
    "POST /intake/households/export": {"data": {"kind": "csv"}},
}
NOT_OF_ONE = {"list", "search", "match", "audit", "export"}
"""Deeds that need not name a household."""


def filled(value: Any, facts: dict[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda part: facts.get(part[1], part[0]), value)
    if isinstance(value, list):
        return [filled(inner, facts) for inner in value]
    return {name: filled(inner, facts) for name, inner in value.items()} if isinstance(value, dict) else value


async def ask(people: Iterable[Person], name: str, facts: dict[str, str]) -> tuple[Person, httpx.Response] | None:
    """The first of the people who is let in."""
    method, _, path = name.partition(" ")
    path = filled(path.replace("{kind}", "csv").replace("{name}", "entry"), facts)
    sent = filled(BODIES.get(name, {}), facts)
    accept = "application/json" if "/api/" in path or path.endswith("/labels") else "text/html"
    for person in people:
        answer = await person.http.request(method, path, headers={"accept": accept}, **sent)
        if answer.status_code < 400:
            return person, answer
    return None


async def test_every_look_leaves_a_line_with_who_when_where_and_whom(start_stack: StartStack) -> None:
    async with start_stack(households=8) as running:
        facts = await facts_of(running)
        codes = ("manager-1", "coordinator-1", "auditor-1", "lead-n", "lead-c", "lead-s", "lead-w")
        people = [Person(POST_BY_CODE[code], running.base_url) for code in codes]
        for person in people:
            await person.sign_in()
        manager = people[0]
        await manager.http.post(f"/casework/cases/{facts['case_id']}/open", data={"reason": "監査の試し"})
        members = await manager.get(f"/intake/api/households/{facts['household']}")
        taken = {
            "member": members["members"][0]["id"],
            "identity_check": "licence",
            "received_on": clock.today().isoformat(),
        }
        received = await manager.http.post(
            f"/intake/disclosures/new/{facts['household']}", data=taken, headers={"accept": "text/html"}
        )
        assert received.status_code == 303, received.text[:2000]
        disclosure = received.headers["location"].rpartition("/")[2].partition("?")[0]
        wrong = []
        for name, action in AUDITED.items():
            service = name.split("/")[1]
            own = facts | ({"request_id": disclosure} if "/disclosures/" in name else {})
            before = await one(running, service, "SELECT coalesce(max(id), 0) FROM audit_entry")
            let_in = await ask(people, name, own)
            if let_in is None:
                wrong.append(f"{name}: nobody is let in")
                continue
            row = await one(
                running,
                service,
                "SELECT * FROM audit_entry WHERE id > :before AND post = :post AND action IN (:action, :also) "
                "ORDER BY household NULLS LAST LIMIT 1",
                before=before[0], post=let_in[0].post.id, action=action, also="view" if action == "list" else action,
            )  # fmt: skip
            if row is None:
                wrong.append(f"{name}: no line says {action}")
            elif (
                row.person != let_in[0].post.person
                or row.origin != "127.0.0.1"
                or abs((clock.now() - row.at).total_seconds()) > 60
            ):
                wrong.append(f"{name}: who, when or from where is missing")
            elif action not in NOT_OF_ONE and row.household is None:
                wrong.append(f"{name}: of which household is missing")
        assert not wrong, "\n".join(wrong)
        for person in people:
            await person.http.aclose()
