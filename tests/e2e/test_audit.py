"""The audit as a ward would live it: people work, the heart-beat passes, somebody with the database's keys cheats."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from services.commands import auditing
from services.stack import Stack
from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from shared.audit.verifying import read_anchors, verify_chain
from shared.db import Database
from shared.events import SERVICES
from shared.rooms import connect, with_database
from shared.settings import Settings
from shared.spine.heartbeat import send_probe
from tests.e2e.conftest import StartStack

pytestmark = pytest.mark.e2e


def database_of(running: Stack, service: str) -> Database:
    db: Database = running.apps[service].state.service.db
    return db


async def settled(running: Stack) -> None:
    """Wait until everything is sealed and casework's successor has heard of a head of casework's chain."""
    async with asyncio.timeout(60):
        while True:
            waiting = [(await verify_chain(database_of(running, name), name)).unsealed for name in SERVICES]
            known = await read_anchors(database_of(running, "casework"), "casework")
            if not any(waiting) and known.get("intake"):
                return
            await asyncio.sleep(0.5)


async def test_who_cheats_with_the_databases_keys_is_found_and_named(
    start_stack: StartStack, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with start_stack(households=1) as running:
        settings = dict(running.settings)

        def in_reach(_: Path | None) -> dict[str, Settings]:
            return settings

        monkeypatch.setattr(auditing, "_in_reach", in_reach)
        person = Person(POST_BY_CODE["caseworker-n1"], running.base_url)
        await person.sign_in()
        for _ in range(4):
            assert (await person.http.get("/intake/households")).status_code == 200
        await asyncio.sleep(2)
        await _beat(running)
        await settled(running)

        assert await asyncio.to_thread(auditing.verify, None, None, as_json=False) == 0
        assert "intake: whole" in capsys.readouterr().out
        db = database_of(running, "intake")
        async with db.read() as session:
            looks = "SELECT post, origin FROM audit_entry WHERE action = 'list' ORDER BY number LIMIT 1"
            first = (await session.execute(text(looks))).one()
        assert str(first.post) == str(POST_BY_CODE["caseworker-n1"].id)
        assert first.origin == "127.0.0.1"

        await cheat(postgres_url, db, "UPDATE audit_entry SET action = 'list ' WHERE number = 2")
        assert await asyncio.to_thread(auditing.verify, "intake", None, as_json=True) == 1
        told = capsys.readouterr().out.splitlines()  # the services' own log lines stand between
        (found,) = json.loads(next(line for line in told if line.startswith("[{")))
        assert (found["broken"]["kind"], found["broken"]["number"]) == ("changed", 2)

        await cheat(postgres_url, db, "DELETE FROM audit_entry")
        assert await asyncio.to_thread(auditing.verify, "intake", None, as_json=False) == 1
        assert "BROKEN at row 1: it and all after it are gone; casework has seen row" in capsys.readouterr().out
        await person.http.aclose()


async def cheat(postgres_url: str, db: Database, statement: str) -> None:
    """As the superuser of the server, with the triggers switched off."""
    connection = await connect(with_database(postgres_url, str(make_url(db.url).database)))
    try:
        await connection.execute(f"SET session_replication_role = replica; {statement}")
    finally:
        await connection.close()


async def _beat(running: Stack) -> None:
    """Let intake's next probe go now instead of within a minute."""

    db = database_of(running, "intake")
    async with db.transaction() as session:
        await session.execute(text("UPDATE probe SET started_at = started_at - interval '2 minutes'"))
    async with db.transaction() as session:
        await send_probe(session)


async def test_an_auditor_reads_four_logs_and_no_case(start_stack: StartStack) -> None:
    async with start_stack(households=2) as running:
        worker = Person(POST_BY_CODE["caseworker-n1"], running.base_url)
        auditor = Person(POST_BY_CODE["auditor-1"], running.base_url)
        await worker.sign_in()
        await auditor.sign_in()
        homes = (await worker.http.post("/intake/api/households/search", json={})).json()
        household = homes["households"][0]["id"]
        assert (await worker.http.get(f"/intake/api/households/{household}")).status_code == 200

        html = {"accept": "text/html"}
        frame = await auditor.http.get(f"/casework/audit?household={household}", headers=html)
        assert frame.status_code == 200
        for name in SERVICES:
            assert f'hx-get="/{name}/fragments/audit?household={household}"' in frame.text
            assert (await auditor.http.get(f"/{name}/fragments/audit", headers=html)).status_code == 200
            assert (await worker.http.get(f"/{name}/api/audit")).status_code == 403
        found = (await auditor.http.get(f"/intake/api/audit?household={household}&group=seen")).json()["rows"]
        assert {(row["post"], row["action"]) for row in found} >= {(str(worker.post.id), "view")}
        signed = (await auditor.http.get("/casework/api/audit?group=signed_in")).json()["rows"]
        assert {row["post"] for row in signed} >= {str(worker.post.id), str(auditor.post.id)}

        assert (await auditor.http.get(f"/intake/api/households/{household}")).status_code == 404
        assert (await auditor.http.post("/intake/api/households/search", json={})).json()["households"] == []
        assert (await auditor.http.get("/casework/api/cases")).json()["cases"] == []
        labels = await auditor.http.post("/intake/labels", json={"households": [household], "members": []})
        assert labels.json() == {}
        assert (await worker.http.get("/casework/audit", headers=html)).status_code == 403
        for person in (worker, auditor):
            await person.http.aclose()
