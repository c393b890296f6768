"""The made-up ward played into four empty databases by the services' own actions and readers."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from services.stack import make_settings
from services.ward.seed import seed
from services.ward.staff import POSTS
from shared.db import Database
from shared.events import SERVICES
from shared.settings import Settings
from shared.testing import FreshDatabase

pytestmark = pytest.mark.e2e
_HOUSEHOLDS = 20


async def ask(settings: Settings, query: str) -> list[tuple[object, ...]]:
    db = Database(settings.database_url, pool_size=1)
    try:
        async with db.read() as session:
            return [tuple(row) for row in (await session.execute(text(query))).all()]
    finally:
        await db.close()


async def test_a_year_of_the_ward_arrives_everywhere(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    urls = {service: await fresh_database(service) for service in SERVICES}
    settings = make_settings(tmp_path, "http://127.0.0.1:9", urls, "redis://127.0.0.1:9")
    await seed(settings, count=_HOUSEHOLDS, days=2)

    for service in SERVICES:
        assert await ask(settings[service], "SELECT type, error_class FROM parked") == [], service
        ((unplaced,),) = await ask(settings[service], "SELECT count(*) FROM event_log WHERE position IS NULL")
        assert unplaced == 0
    for service in ("intake", "outreach", "notify"):
        assert await ask(settings[service], "SELECT count(*) FROM known_post") == [(len(POSTS),)]
    assert await ask(settings["intake"], "SELECT count(*) FROM household") == [(_HOUSEHOLDS,)]
    assert await ask(settings["casework"], "SELECT count(*) FROM support_case") == [(_HOUSEHOLDS,)]
    states = {state for (state,) in await ask(settings["casework"], "SELECT DISTINCT state FROM invitation")}
    assert states & {"accepted", "acting"}, states
    assert "asked" in states, "nothing stands still"
    ((span,),) = await ask(settings["casework"], "SELECT max(opened_at) - min(opened_at) FROM support_case")
    assert isinstance(span, timedelta)
    assert span > timedelta(days=200), "the year is not played at its own times"
    ((late,),) = await ask(settings["casework"], "SELECT count(*) FROM support_case WHERE opened_at > now()")
    assert late == 0
    assert await ask(settings["outreach"], "SELECT count(*) FROM support_case") == [(_HOUSEHOLDS,)]
    ((told,),) = await ask(settings["notify"], "SELECT count(*) FROM notification")
    assert told
