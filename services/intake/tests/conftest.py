from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database
from shared.identity import Actor
from shared.testing import FreshDatabase


def post_of(role: str, *areas: str, agency: str = "sukoyaka-c", post: UUID | None = None) -> Actor:
    """Somebody in a post, made up."""
    return Actor(
        post=post or uuid4(),
        person=uuid4(),
        session=uuid4(),
        agency=agency,
        agency_kind=agency.partition("-")[0],
        role=role,
        areas=frozenset(areas),
        name="佐藤 美咲",
    )


@pytest.fixture
def caseworker() -> Actor:
    return post_of("caseworker", "c")


@pytest.fixture
async def db(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    database = Database(await fresh_database("intake"), pool_size=4)
    yield database
    await database.close()


async def events_of(session: AsyncSession, household: UUID | None = None) -> list[tuple[str, dict[str, object]]]:
    """(type without prefix, data) of the log, in order."""
    rows = await session.execute(
        text("SELECT type, data FROM event_log WHERE CAST(:h AS text) IS NULL OR :h = ANY(subjects) ORDER BY log_id"),
        {"h": str(household) if household else None},
    )
    return [(name.removeprefix("intake."), data) for name, data in rows]
