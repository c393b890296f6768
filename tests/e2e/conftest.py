"""The four services in one process on the run's servers, filled with the ward's staff and a few households."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.seeding import seed_ward
from services.stack import Stack, stack

StartStack = Callable[..., contextlib.AbstractAsyncContextManager[Stack]]


@pytest.fixture
def start_stack(postgres_url: str, redis_url: str) -> StartStack:
    """``async with start_stack(households=3) as running``: databases of its own, dropped at the end."""

    @contextlib.asynccontextmanager
    async def start(*, households: int = 0, overrides: dict[str, Any] | None = None) -> AsyncIterator[Stack]:
        async def seed(running: Stack) -> None:
            await seed_ward(running.settings, households=households)

        prefix = f"e2e_{uuid.uuid4().hex[:10]}"
        async with stack(
            postgres_url=postgres_url, redis_url=redis_url, prefix=prefix, overrides=overrides, seed=seed
        ) as running:
            yield running

    return start
