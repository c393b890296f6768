"""The ward of the table on the run's servers, with its families played in."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest

from services.stack import Stack, stack
from tests.e2e.canaries import Marks
from tests.rights.table import Table, read_table
from tests.rights.town import Family, People, Town
from tests.rights.ward import POSTS, install


@dataclass(slots=True)
class Played:
    """A running Kasane in which everything has happened that the table asks about."""

    running: Stack
    people: People
    marks: Marks
    families: list[Family]
    table: Table


PlayTown = Callable[[], AbstractAsyncContextManager[Played]]


@pytest.fixture
def play_town(postgres_url: str, redis_url: str) -> PlayTown:
    """``async with play_town() as played``: databases of its own, dropped at the end."""

    @contextlib.asynccontextmanager
    async def start() -> AsyncIterator[Played]:
        async def seed(running: Stack) -> None:
            await install(running.settings)

        prefix = f"rights_{uuid.uuid4().hex[:10]}"
        # a test asks faster than people may
        never_mind = {"rate_limits": False}
        async with stack(
            postgres_url=postgres_url, redis_url=redis_url, prefix=prefix, overrides=never_mind, seed=seed
        ) as running:
            people, marks = People(running.base_url), Marks()
            async with contextlib.aclosing(people):
                await people.sign_in(POSTS)
                town = Town(people, marks)
                await town.play()
                yield Played(running, people, marks, town.families, read_table())

    return start
