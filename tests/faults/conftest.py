from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.testing import FreshDatabase
from tests.faults.town import Town
from tests.spine.rig import Rig


@pytest.fixture
async def rig(fresh_database: FreshDatabase, redis_url: str) -> AsyncIterator[Rig]:
    made = Rig(fresh_database, redis_url)
    yield made
    await made.close()


@pytest.fixture
async def town(fresh_database: FreshDatabase, redis_url: str) -> AsyncIterator[Town]:
    made = Town(fresh_database, redis_url)
    yield made
    await made.close()
