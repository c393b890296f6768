"""The made-up ward played into four empty databases by the services' own actions and readers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from services.stack import make_settings
from services.ward.seed import seed
from services.ward.staff import POSTS
from shared import clock
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
    consents = "SELECT state, count(*) FROM consent GROUP BY state ORDER BY 1"
    assert await ask(settings["casework"], consents) == await ask(settings["intake"], consents) != []
    states = {state for (state,) in await ask(settings["casework"], "SELECT DISTINCT state FROM invitation")}
    assert states & {"accepted", "acting"}, states
    assert "asked" in states, "nothing stands still"
    ((span,),) = await ask(settings["casework"], "SELECT max(opened_at) - min(opened_at) FROM support_case")
    assert isinstance(span, timedelta)
    assert span > timedelta(days=200), "the year is not played at its own times"
    ((late,),) = await ask(settings["casework"], "SELECT count(*) FROM support_case WHERE opened_at > now()")
    assert late == 0
    assert await ask(settings["outreach"], "SELECT count(*) FROM support_case") == [(_HOUSEHOLDS,)]
    counts = "count(*), count(read_at), count(*) FILTER (WHERE sent_at > now() - interval '2 hours')"
    ((told, read, just_now),) = await ask(settings["notify"], f"SELECT {counts} FROM notification")  # noqa: S608
    assert isinstance(told, int)
    assert isinstance(read, int)
    assert isinstance(just_now, int)
    assert told / 2 < read <= told, "few have read what they were told"
    assert just_now < told / 2, "people were not told at the hour at which it happened"
    ((receipts,),) = await ask(settings["casework"], "SELECT count(read_at) FROM notice")
    assert receipts == read
    ((workers,),) = await ask(
        settings["outreach"],
        "SELECT count(DISTINCT post) FROM visit_worker JOIN visit ON visit.id = visit"
        " WHERE starts_at > now() - interval '1 day' AND starts_at < now() + interval '2 days'",
    )
    assert workers


async def test_the_same_seed_plays_the_same_ward(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """But for the ids of what people made, which are new each time."""
    told = []
    for _ in range(2):
        urls = {service: await fresh_database(service) for service in SERVICES}
        settings = make_settings(tmp_path, "http://127.0.0.1:9", urls, "redis://127.0.0.1:9")
        with clock.at(datetime(2026, 6, 18, 6, tzinfo=UTC)):
            await seed(settings, count=6)
        logs = "SELECT type, occurred_at, recorded_at FROM event_log ORDER BY 1, 2, 3"
        told.append([await ask(settings[service], logs) for service in SERVICES])
    assert told[0] == told[1]
