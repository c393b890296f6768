"""A household is erased on request: its words are found nowhere afterwards, and everybody else is as before."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services import intake
from services.commands.rebuild import rebuild
from services.stack import Stack
from services.story.stage import Person, arrival
from shared.codes import read_codes
from shared.erasure import tables_of_a_household
from shared.events import SERVICES
from shared.projections import is_projection
from tests.e2e import canaries
from tests.e2e.canaries import Marks
from tests.e2e.conftest import StartStack
from tests.e2e.test_canaries import Office, go_there, log_households, share_and_care
from tests.rebuild.test_rebuild import caught_up, told

STAYS = {
    ("notify", "preference", "email"),  # a member of staff gave it for themselves
    ("intake", "audit_entry", "reason"),  # why somebody looked: no word can leave a chain (ADR 0045)
    ("casework", "audit_entry", "reason"),
}
"""Where marked words stay."""
NAMES_IT = {
    *((service, "tombstone") for service in SERVICES),
    *((service, "audit_entry") for service in SERVICES),
    *((service, "event_log") for service in SERVICES),
    *((service, "applied_run") for service in SERVICES),
    ("intake", "disposal"),
    ("casework", "household"),
    ("outreach", "erased_household"),
    ("notify", "erased_household"),
}
"""Where the bare id of an erased household may stand: that it was erased, and who had looked at it."""
ERASED = {"intake.household_erased"} | {f"{service}.household_forgotten" for service in SERVICES[1:]}


@pytest.mark.e2e
async def test_nothing_of_an_erased_household_is_left_but_that_it_was(
    start_stack: StartStack, redis_url: str, postgres_url: str
) -> None:
    marks = Marks()
    async with start_stack(households=3) as running, contextlib.aclosing(Office(running.base_url)) as office:
        ids = await log_households(office, marks)
        await share_and_care(office, marks, ids)
        await go_there(office, marks, ids)
        marked = await households_with_marks(running)
        caseworker, manager = await office.person("caseworker-n1"), await office.person("manager-1")
        for service in SERVICES:
            assert await put_draft(caseworker, service, marks, household=ids["household"]) == 200
        assert await put_draft(caseworker, "casework", marks, about=ids["case_id"]) == 200
        await close_cases(office, marked, marks)
        for row in await fetch(running, "intake", "SELECT household_id FROM apart WHERE ended_at IS NULL"):
            path = f"/intake/api/households/{row['household_id']}/apart/end"
            await caseworker.post_to(path, {"reason": marks.word()})
        for row in await fetch(running, "intake", "SELECT id FROM protection WHERE ended_at IS NULL"):
            await caseworker.post_to(f"/intake/api/protections/{row['id']}/end", {"reason": marks.word()})
        assert await canaries.marked_columns(running) > STAYS
        before = await rows_of_others(running, marked)
        audited = await audit_rows(running)

        for household in marked:
            await ask(caseworker, household, marks)
        lines = await choose(manager)
        assert len(lines) == len(marked) > 1
        answer = await manager.http.post(
            "/intake/disposals/erase",
            data={"chosen": lines, "document": "6中福地第12号", "idempotency_key": uuid4().hex},
        )
        assert answer.status_code == 303, answer.text
        for line in lines:
            await arrival(lambda line=line: complete(manager, line), "the services' words")  # type: ignore[misc]
        await caught_up(running)

        assert await canaries.marked_columns(running) - STAYS == set()
        assert {place[:2] for place in await columns_naming(running, marked)} <= NAMES_IT
        assert await said_about(running, marked) <= ERASED
        await arrival(lambda: streams_are_blank(redis_url, marked), "the streams without it")
        assert not [text for text in await canaries.stream_entries(redis_url) if canaries.MARK.search(text)]
        assert await rows_of_others(running, marked) == before
        assert await audit_rows(running) >= audited

        for service in SERVICES:
            assert await put_draft(caseworker, service, marks, household=ids["household"]) == 404
            assert await put_draft(caseworker, service, marks, about=ids["household"]) == 404
        assert await put_draft(caseworker, "casework", marks, about=ids["case_id"]) == 404
        assert await put_draft(caseworker, "outreach", marks, about=ids["visit_id"]) == 404
        assert await canaries.marked_columns(running) - STAYS == set()
        for path in (
            f"/intake/api/households/{ids['household']}",
            f"/casework/api/cases/{ids['case_id']}",
            f"/outreach/api/visits/{ids['visit_id']}",
        ):
            assert (await manager.send("GET", path)).status_code == 404, path

        await caught_up(running)
        for service in SERVICES:
            made = await rebuild(service, running.settings[service], admin_url=postgres_url)
            assert made.equal, told(made)


def test_every_class_of_record_has_a_name() -> None:
    """What a certificate can list stands in the code list RECORD_CLASS."""
    codes = Path(str(intake.__file__)).parent / "codes"
    known = {entry.code for entry in read_codes(codes) if entry.list == "RECORD_CLASS"}
    for service in SERVICES:
        metadata = importlib.import_module(f"services.{service}.tables").Base.metadata
        owned = {table.name for table in tables_of_a_household(metadata) if not is_projection(table)}
        assert owned - {"search_key", "disposal", "disposal_receipt"} <= known, service


async def put_draft(person: Person, service: str, marks: Marks, **about: str) -> int:
    body = {"fields": {"words": marks.word()}, **about}
    return (await person.send("PUT", f"/{service}/drafts/entry/{uuid4()}", body)).status_code


async def close_cases(office: Office, households: set[str], marks: Marks) -> None:
    coordinator = await office.person("coordinator-1")
    for household in households:
        for case in (await coordinator.get(f"/casework/api/cases?household={household}"))["cases"]:
            for task in (await coordinator.get(f"/casework/api/cases/{case['id']}"))["tasks"]:
                if task["state"] in {"open", "doing"}:
                    await coordinator.post_to(f"/casework/api/tasks/{task['id']}/move", {"state": "dropped"})
            ended = {"reason": "declined", "note": marks.word()}
            await coordinator.post_to(f"/casework/api/cases/{case['id']}/close", ended)


async def ask(person: Person, household: str, marks: Marks) -> None:
    form = {"ground": "article_98", "words": marks.word(), "idempotency_key": uuid4().hex}
    answer = await person.http.post(f"/intake/households/{household}/retention/request", data=form)
    assert answer.status_code == 303, answer.text


async def choose(person: Person) -> list[str]:
    """The lines that may be ticked, once intake has heard that the cases are closed."""

    async def listed() -> list[str] | None:
        page = (await person.http.get("/intake/disposals")).text
        return None if 'class="warn"' in page else re.findall(r'name="chosen" value="([0-9a-f-]{36})"', page)

    found: list[str] = await arrival(listed, "the disposal list")
    return found


async def complete(person: Person, line: str) -> bool:
    page = (await person.http.get(f"/intake/disposals/certificates/{line}")).text
    return "四つのサービスのすべてが確認しました" in page


async def fetch(running: Stack, service: str, query: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(running.database_url(service).replace("+asyncpg", ""))
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


async def households_with_marks(running: Stack) -> set[str]:
    """Those that the marked words were typed about."""
    rows = await fetch(running, "intake", "SELECT id FROM household WHERE address ~ 'qzk'")
    return {str(row["id"]) for row in rows}


async def columns_naming(running: Stack, households: set[str]) -> set[tuple[str, str, str]]:
    """Every column of the four databases in which the id of one of these stands."""
    found = set()
    for service in running.apps:
        for row in await fetch(
            running,
            service,
            "SELECT table_name AS t, column_name AS c FROM information_schema.columns JOIN pg_class ON relname ="
            " table_name AND relkind IN ('r', 'p') AND NOT relispartition WHERE table_schema = 'public'",
        ):
            query = f'SELECT bool_or("{row["c"]}"::text ~ $1) FROM "{row["t"]}"'  # noqa: S608 - names of our own
            if (await fetch(running, service, query, "|".join(households)))[0][0]:
                found.add((service, row["t"], row["c"]))
    return found


async def said_about(running: Stack, households: set[str]) -> set[str]:
    """The types of all that the four logs still say about them."""
    found = set()
    for service in running.apps:
        query = "SELECT DISTINCT type FROM event_log WHERE subjects && $1::text[] OR data::text ~ $2"
        found |= {row["type"] for row in await fetch(running, service, query, list(households), "|".join(households))}
    return found


async def streams_are_blank(redis_url: str, households: set[str]) -> bool:
    """Whether what the streams say about them is only that they were erased."""
    entries = [entry for text in await canaries.stream_entries(redis_url) for entry in re.split(r"\(b'\d+-0'", text)]
    naming = [entry for entry in entries if any(household in entry for household in households)]
    return bool(naming) and all(any(type_ in entry for type_ in ERASED) for entry in naming)


async def rows_of_others(running: Stack, households: set[str]) -> Counter[tuple[str, str, str]]:
    """How many rows each other household has in each table that names households."""
    found: Counter[tuple[str, str, str]] = Counter()
    for service in running.apps:
        for row in await fetch(
            running,
            service,
            "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'"
            " AND column_name IN ('household', 'household_id') AND data_type = 'uuid'"
            " AND table_name NOT IN ('notice', 'notification', 'audit_entry', 'disposal')",
        ):
            query = f'SELECT "{row["c"]}"::text AS h, count(*) AS n FROM "{row["t"]}" GROUP BY 1'  # noqa: S608 - as above
            for one in await fetch(running, service, query):
                if one["h"] and one["h"] not in households:
                    found[service, row["t"], one["h"]] = one["n"]
    assert found
    return found


async def audit_rows(running: Stack) -> int:
    return sum([(await fetch(running, service, "SELECT count(*) FROM audit_entry"))[0][0] for service in SERVICES])
