"""The example of docs/new-reader as a process of its own, against a service that is stopped and started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import text

from services.commands.secrets import run as make_secrets
from services.commands.trouble import Trouble
from shared.db import Database
from shared.events import Event
from shared.events.intake import ConsultationScreened, HouseholdErased, HouseholdRegistered
from shared.identity import hash_of
from shared.settings import Settings
from shared.spine import Spine, Subscriptions, erase, feed_router, hold, record
from shared.testing import FreshDatabase
from tests.faults.town import free_port

EXAMPLE = Path(__file__).parents[2] / "docs" / "new-reader" / "follow.py"
_TOKEN = "a partner's credential"


class Partner:
    """The example, running; ``heard`` is what it has taken."""

    def __init__(self, port: int, place: Path) -> None:
        self._environment = {"FEED": f"http://127.0.0.1:{port}/intake/events", "TOKEN": _TOKEN, "PLACE": str(place)}
        self.place = place
        self.heard: list[dict[str, Any]] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Let it run, until it ends by itself or the block does: killed, as if the power had gone."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(EXAMPLE), env=self._environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        listening = asyncio.create_task(self._listen(process))
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await listening

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.heard.append(json.loads(line))

    async def has(self, count: int) -> None:
        """Wait until it has taken so many facts and noted its place."""
        async with asyncio.timeout(30):
            while len(self.heard) < count or not self.place.exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)

    async def is_at(self, position: int) -> None:
        """Wait until it has noted this place."""
        async with asyncio.timeout(30):
            while not self._is_at(position):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)

    def _is_at(self, position: int) -> bool:
        return self.place.exists() and json.loads(self.place.read_text())["after"] >= position


@contextlib.asynccontextmanager
async def serving(settings: Settings, db: Database, port: int) -> AsyncIterator[None]:
    """intake, as far as its log and its feed go."""
    spine = Spine(settings, "intake", db, Subscriptions("intake"))
    app = FastAPI()
    app.state.service = SimpleNamespace(spine=spine)
    app.include_router(feed_router(), prefix="/intake")
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment] # pytest keeps its own
    await spine.start()
    task = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await task
        await spine.stop()


async def state_facts(db: Database, *events: Event) -> None:
    async with db.transaction() as session:
        await hold(session, *{subject for event in events for subject in event.subjects})
        for event in events:
            await record(session, event)


def registered(household: UUID) -> HouseholdRegistered:
    return HouseholdRegistered(household=household, number="H-1", area="n")


@pytest.fixture
async def db(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    found = Database(await fresh_database("intake"), pool_size=3)
    async with found.transaction() as session:  # the heart-beat would take positions of its own
        await session.execute(text("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())"))
    yield found
    await found.close()


async def test_it_follows_restarts_where_it_was_and_gets_blanks_for_what_it_may_not_have(
    db: Database, tmp_path: Path
) -> None:
    port = free_port()
    settings = Settings(
        database_url=db.url,
        feed_token_hashes={"kita-hospital": [hash_of(_TOKEN)]},
        feed_readers={"kita-hospital": [HouseholdRegistered.type, HouseholdErased.type]},
    )
    partner = Partner(port, tmp_path / "place.json")
    first, gone, last = uuid4(), uuid4(), uuid4()
    screened = ConsultationScreened(
        household=first, consultation=uuid4(), urgency="A", result="open", screened_by=uuid4()
    )
    async with serving(settings, db, port), partner.running():
        await state_facts(db, registered(first), screened, registered(gone))
        await partner.has(2)
        await partner.is_at(3)
    assert [event["position"] for event in partner.heard] == [1, 3], "what it may not have is blank"

    async with db.transaction() as session:
        await hold(session, gone)
        await erase(session, gone)
        await record(session, HouseholdErased(household=gone))
    async with partner.running():  # the service is away, and comes back while it waits
        await state_facts(db, registered(last))
        async with serving(settings, db, port):
            await partner.has(4)
            await partner.is_at(5)
    assert [event["position"] for event in partner.heard] == [1, 3, 4, 5], "nothing twice, nothing left out"
    assert [event["type"] for event in partner.heard[2:]] == [HouseholdErased.type, HouseholdRegistered.type]

    fresh = Partner(port, tmp_path / "fresh.json")
    async with serving(settings, db, port), fresh.running():
        await fresh.has(3)
    assert [event["position"] for event in fresh.heard] == [1, 4, 5], "what was erased does not come back"


@pytest.mark.parametrize(("place", "token", "code"), [({"after": 9}, _TOKEN, "409"), ({"after": 0}, "another", "401")])
async def test_it_stops_where_a_person_must_decide(
    db: Database, tmp_path: Path, place: dict[str, int], token: str, code: str
) -> None:
    port = free_port()
    settings = Settings(
        database_url=db.url,
        feed_token_hashes={"kita-hospital": [hash_of(token)]},
        feed_readers={"kita-hospital": [HouseholdRegistered.type]},
    )
    (tmp_path / "place.json").write_text(json.dumps(place))
    async with serving(settings, db, port), Partner(port, tmp_path / "place.json").running() as process:
        assert process.stderr is not None
        said = await asyncio.wait_for(process.stderr.read(), 30)
        assert await asyncio.wait_for(process.wait(), 30) == 1
    assert said.startswith(code.encode())


def test_an_operator_grants_and_takes_back_a_partner(tmp_path: Path) -> None:
    make_secrets(tmp_path, reader="kita-hospital", types=[HouseholdErased.type])
    token = (tmp_path / "readers" / "kita-hospital" / "feed_token").read_text()
    make_secrets(tmp_path)
    settings = Settings(_secrets_dir=tmp_path / "intake")
    assert settings.feed_readers == {"kita-hospital": [HouseholdErased.type]}
    assert settings.feed_token_hashes["kita-hospital"] == [hash_of(token)]
    for file in (tmp_path / "readers" / "kita-hospital").iterdir():
        file.unlink()
    make_secrets(tmp_path)
    settings = Settings(_secrets_dir=tmp_path / "intake")
    assert (settings.feed_readers, "kita-hospital" in settings.feed_token_hashes) == ({}, False)


@pytest.mark.parametrize(
    ("name", "type_"), [("casework", HouseholdErased.type), ("x", "a.b"), ("Ü", "a.b"), ("kita", "a.b")]
)
def test_a_partner_needs_a_name_of_its_own_and_types_that_there_are(tmp_path: Path, name: str, type_: str) -> None:
    with pytest.raises(Trouble):
        make_secrets(tmp_path, reader=name, types=[type_])
    assert not (tmp_path / "readers").exists()
    with pytest.raises(ValidationError):
        Settings(feed_readers={"kita": ["intake.no_such_fact"]})
