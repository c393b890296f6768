"""The operator's work, from a really parked event to the receipt in the audit: over HTTP, on all four services."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from services.stack import Stack, write_running
from services.story import households
from services.story.stage import Person, arrival
from services.ward.staff import POST_BY_CODE
from shared import clock
from shared.events import SERVICES

if TYPE_CHECKING:
    from tests.e2e.conftest import StartStack

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0

BREAK = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'Fumie Washio, 84' USING ERRCODE = '23505', CONSTRAINT = 'uq_somewhere';
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON household FOR EACH ROW EXECUTE FUNCTION refuse();
"""
"""What a careless migration might do to casework: no new household can be kept."""
MEND = "DROP TRIGGER IF EXISTS refuse ON household; DROP FUNCTION IF EXISTS refuse()"


async def in_database(running: Stack, service: str, statement: str) -> list[asyncpg.Record]:
    url = make_url(running.database_url(service)).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        if statement.lstrip().startswith("SELECT"):
            return list(await connection.fetch(statement))
        await connection.execute(statement)
        return []
    finally:
        await connection.close()


async def take_a_call(running: Stack, request: dict[str, Any]) -> str:
    caseworker = Person(POST_BY_CODE["caseworker-n1"], running.base_url)
    await caseworker.sign_in()
    made = await caseworker.post_to("/intake/api/consultations", request)
    await caseworker.http.aclose()
    return str(made["household"])


async def signed_in(running: Stack, code: str) -> Person:
    person = Person(POST_BY_CODE[code], running.base_url)
    await person.sign_in()
    return person


async def seen_at(person: Person, service: str) -> dict[str, Any]:
    found: dict[str, Any] = await person.get(f"/{service}/api/operations")
    return found


async def page_of(person: Person, path: str, lang: str = "ja") -> httpx.Response:
    return await person.http.get(path, params={"lang": lang}, headers={"accept": "text/html"})


async def test_a_parked_event_is_seen_tried_again_and_given_up(  # noqa: PLR0915 - one story
    start_stack: StartStack,
) -> None:
    async with start_stack() as running:
        await in_database(running, "casework", BREAK)
        one = await take_a_call(running, households.eighty_fifty(clock.today()))
        other = await take_a_call(running, households.single_mother(clock.today()))
        operator, manager = await signed_in(running, "operator-1"), await signed_in(running, "manager-1")

        async def parked() -> Any:
            found = await seen_at(operator, "casework")
            heads = {
                line["subjects"][0]: line for line in found["heads"] if line["type"] == "intake.household_registered"
            }
            ready = found["status"]["subjects"] >= 2 and {one, other} <= set(heads)
            return heads if ready and all(line["behind"] for line in heads.values()) else None

        heads = await arrival(parked, "both parked events", PATIENCE)
        head = heads[one]
        assert (head["error_class"], head["sqlstate"], head["constraint"]) == (
            "UniqueViolationError", "23505", "uq_somewhere",
        )  # fmt: skip
        card = (await page_of(operator, "/casework/fragments/operations", "en")).text
        still = re.search(r"(\d+) households stand still", card)
        assert still is not None
        assert int(still[1]) >= 2, still[0]
        assert f"/casework/operations/parked/{head['id']}" in card
        path = f"/casework/operations/parked/{head['id']}"
        for lang in ("ja", "en"):
            for person, may in ((operator, True), (manager, False)):
                shown = await page_of(person, path, lang)
                assert shown.status_code == 200
                assert one in shown.text
                assert ('name="retry_reason"' in shown.text) is may
                assert "Fumie" not in shown.text

        refused = await decide(operator, path, "retry", retry_reason=" ")
        assert (refused.status_code, 'id="f-retry_reason-error"' in refused.text) == (422, True)
        unsure = await decide(operator, path, "skip", skip_reason="二重に入っていた")
        assert (unsure.status_code, 'id="f-certain-error"' in unsure.text) == (422, True)
        assert "二重に入っていた" in unsure.text
        too_long = await decide(operator, path, "skip", skip_reason="あ" * 501, certain="true")
        assert too_long.status_code == 422
        for person in (manager, await signed_in(running, "caseworker-n1")):
            assert (await decide(person, path, "retry", retry_reason="x")).status_code == 403
        assert (
            await decide(operator, "/casework/operations/parked/999999", "retry", retry_reason="x")
        ).status_code == 404

        tried = await decide(operator, path, "retry", retry_reason="まだ直していない")
        assert tried.headers["location"].startswith("/casework/operations?done=retried")

        async def tried_in_vain() -> Any:
            line = next(line for line in (await seen_at(operator, "casework"))["heads"] if line["id"] == head["id"])
            return line["attempts"] > head["attempts"] and line["state"] == "parked"

        await arrival(tried_in_vain, "a second try that fails", PATIENCE)
        await in_database(running, "casework", MEND)
        mended = await decide(operator, path, "retry", retry_reason="制約を外した")
        assert mended.status_code == 303, mended.text
        given_up = f"/casework/operations/parked/{heads[other]['id']}"
        skipped = await decide(operator, given_up, "skip", skip_reason="試しの世帯だった", certain="true")
        assert skipped.headers["location"].startswith("/casework/operations?done=skipped")
        again = await decide(operator, given_up, "skip", skip_reason="試しの世帯だった", certain="true")
        assert again.status_code == 409

        async def gone() -> Any:
            return head["id"] not in {line["id"] for line in (await seen_at(operator, "casework"))["heads"]}

        await arrival(gone, "the mended household's events", PATIENCE)
        known = await in_database(running, "casework", "SELECT id::text AS id FROM household")
        assert one in {row["id"] for row in known}
        closed = await page_of(operator, given_up, "en")
        assert "Closed without being applied" in closed.text
        rows = await in_database(
            running,
            "casework",
            "SELECT action, household::text AS household, basis, reason, post::text AS post FROM audit_entry "
            "WHERE action LIKE '%\\_parked' ORDER BY id",
        )
        assert all(re.fullmatch(r"[a-z]+:[0-9]+", row["basis"]) for row in rows), "which event"
        assert [(row["action"], row["household"], row["reason"]) for row in rows] == [
            ("retry_parked", one, "まだ直していない"),
            ("retry_parked", one, "制約を外した"),
            ("skip_parked", other, "試しの世帯だった"),
        ]
        assert {row["post"] for row in rows} == {str(POST_BY_CODE["operator-1"].id)}


async def decide(person: Person, path: str, deed: str, **fields: str) -> httpx.Response:
    """Press the button; again when a busy reader held its cursor for too long, as the page says to."""
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    for _ in range(5):
        answer = await person.http.post(f"{path}/{deed}", data=fields, headers=headers, timeout=60)
        if answer.status_code != 409 or "混み合って" not in answer.text:
            break
    return answer


async def test_who_may_look(start_stack: StartStack) -> None:
    async with start_stack() as running, httpx.AsyncClient(base_url=running.base_url) as stranger:
        led = await stranger.get("/operations")
        assert led.headers["location"] == "/casework/operations"
        allowed = {"operator-1": 200, "manager-1": 200, "caseworker-n1": 403, "worker-s3": 403, "head-kodomo": 403}
        for code, status in allowed.items():
            person = await signed_in(running, code)
            assert (await page_of(person, "/casework/operations")).status_code == status, code
            for service in SERVICES:
                for path in ("api/operations", "fragments/operations", "fragments/heartbeat"):
                    assert (await person.http.get(f"/{service}/{path}")).status_code == status, (code, service, path)
            home = (await page_of(person, "/casework/")).text
            assert ('href="/casework/operations"' in home) is (status == 200)
            await person.http.aclose()
        for service in SERVICES:
            assert (await stranger.get(f"/{service}/api/operations")).status_code == 401


async def test_the_command_says_what_the_page_says(start_stack: StartStack) -> None:
    async with start_stack(households=2) as running:
        write_running(running)
        operator = await signed_in(running, "operator-1")

        async def round_once() -> Any:
            beats = (await seen_at(operator, "intake"))["status"]["beats"]
            return any(beat["service"] == "notify" for beat in beats)

        await arrival(round_once, "a heart-beat that went round", PATIENCE)
        told = await asyncio.to_thread(kasane, running, "status", "--json")
        assert told.returncode == 0, told.stderr
        by_command = {one["service"]: one for one in json.loads(told.stdout)}
        assert set(by_command) == set(SERVICES)
        for service in SERVICES:
            by_page = await seen_at(operator, service)
            assert by_page.keys() | {"service"} == by_command[service].keys()
            assert by_page["status"].keys() == by_command[service]["status"].keys()
            steady = ("epoch", "log_state", "leader", "leader_since", "subjects", "incidents", "lost_facts")
            for name in steady:
                assert by_page["status"][name] == by_command[service]["status"][name], (service, name)
            assert by_page["status"]["leading"]
            assert by_page["status"]["leader_since"]
            metrics = (await operator.http.get(f"/{service}/metrics")).text
            assert f'kasane_relay_leader{{service="{service}"}} 1.0' in metrics
            head = re.search(rf'kasane_log_head{{service="{service}"}} (\S+)', metrics)
            assert head is not None
            assert float(head[1]) >= by_command[service]["status"]["head"]
        shown = await asyncio.to_thread(kasane, running, "status")
        assert shown.returncode == 0
        assert "passes all four services" in shown.stdout
        lines = await asyncio.to_thread(watch, running)
        assert len(lines) >= 2 * len(SERVICES)
        assert {line.split()[1] for line in lines} == set(SERVICES)
        assert all("head=" in line and "leader=yes" in line for line in lines)


def environment() -> dict[str, str]:
    found = {**os.environ, "PYTHONPATH": str(ROOT), "KASANE_HOME": str(ROOT), "COLUMNS": "200", "LANG": "C.UTF-8"}
    found.pop("KASANE_SERVICE", None)
    return found


def command(running: Stack, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "services.cli", *arguments, "--data", str(running.folder)]


def kasane(running: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        command(running, *arguments), capture_output=True, text=True, check=False, cwd=ROOT, env=environment()
    )


def watch(running: Stack) -> list[str]:
    """Two looks of ``--watch`` into a pipe, then Ctrl-C, which is no failure."""
    with subprocess.Popen(  # noqa: S603 - our own program
        command(running, "status", "--watch", "--every", "0.5"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    ) as program:  # fmt: skip
        assert program.stdout is not None
        assert program.stderr is not None
        lines = [program.stdout.readline() for _ in range(2 * len(SERVICES))]
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == 0
        assert program.stderr.read() == ""
        return lines
