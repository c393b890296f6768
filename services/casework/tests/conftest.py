"""A fresh casework with a small ward, at 10:14 on 18 June 2026."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from services.casework.actions.posts import install_ward
from services.casework.app import create_app
from services.casework.tests.sample import NOW, PRIVATE, PUBLIC, SmallWard, Ward
from shared import clock
from shared.codes import Codes
from shared.db import Database
from shared.settings import Settings
from shared.testing import FreshDatabase
from shared.web import join


@pytest.fixture
async def ward(fresh_database: FreshDatabase) -> AsyncIterator[Ward]:
    url = await fresh_database("casework")
    db = Database(url, pool_size=3)
    async with db.read() as session:
        codes = await Codes.load(session)
    settings = Settings(
        database_url=url,
        redis_url=None,
        signing_key=PRIVATE,
        verifying_key=PUBLIC,
        pool_size=4,
        demo_sign_in=True,
        account_key="a2FzYW5lLWthc2FuZS1rYXNhbmUta2FzYW5lLTMyYnk=",
        cookie_secure=False,
        sweep_seconds=3600,
    )
    with clock.at(NOW):
        async with db.transaction() as session:
            await install_ward(session, SmallWard)
        yield Ward(db=db, codes=codes, settings=settings)
    await db.close()


@pytest.fixture
async def client(ward: Ward) -> AsyncIterator[httpx.AsyncClient]:
    app = join(create_app(ward.settings))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ward") as found:
            yield found
