"""The fixtures that every test of Kasane may ask for: real PostgreSQL and real Redis, a fresh room in each per test.

``conftest.py`` at the top makes them known. Which servers they use is decided once a run:

1. ``DATABASE_URL`` / ``REDIS_URL`` where given (a superuser, who may create databases);
2. containers by testcontainers where ``KASANE_TEST_CONTAINERS=1`` (images from ``POSTGRES_IMAGE``, ``REDIS_IMAGE``);
3. else the embedded servers, without fsync.

With xdist the controller starts them and the workers share them, each test in a database and a Redis number of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import redis.asyncio as aioredis
from sqlalchemy import event

from shared.db import Database
from shared.embedded import EmbeddedPostgres, EmbeddedRedis
from shared.rooms import Furnish, Rooms, with_database

POSTGRES: Final = "KASANE_TEST_POSTGRES"
REDIS: Final = "KASANE_TEST_REDIS"
_REDIS_NUMBERS: Final = 512
_SHARED_SERVERS: Final = {"postgres_url", "shared_redis_url"}

FreshDatabase = Callable[..., Awaitable[str]]


class Servers:
    """The PostgreSQL and the Redis of one test run; ``start`` publishes their addresses to the workers."""

    def __init__(self) -> None:
        self._undo = contextlib.ExitStack()
        self._folder: Path | None = None

    def postgres(self) -> str:
        """The superuser's address, started at the first call."""
        return self._once(POSTGRES, "DATABASE_URL", self._start_postgres)

    def redis(self) -> str:
        """The address of number 0, started at the first call."""
        return self._once(REDIS, "REDIS_URL", self._start_redis)

    def stop(self) -> None:
        """Stop what this run started, and delete its data."""
        self._undo.close()

    def _once(self, name: str, given: str, start: Callable[[], str]) -> str:
        if not os.environ.get(name):
            os.environ[name] = os.environ.get(given) or start()
            self._undo.callback(os.environ.pop, name, None)
        return os.environ[name]

    def _start_postgres(self) -> str:
        if _containers_wanted():
            return self._undo.enter_context(_postgres_container())
        server = EmbeddedPostgres(self._room(), durable=False)
        self._undo.enter_context(server)
        return server.url

    def _start_redis(self) -> str:
        if _containers_wanted():
            return self._undo.enter_context(_redis_container())
        server = EmbeddedRedis(self._room(), durable=False, databases=_REDIS_NUMBERS)
        self._undo.enter_context(server)
        return server.url

    def _room(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="kasane-test-"))
            self._folder.chmod(0o711)  # run by root, PostgreSQL is another user and must pass through
            self._undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


_servers = Servers()


def _containers_wanted() -> bool:
    return os.environ.get("KASANE_TEST_CONTAINERS", "") not in {"", "0"}


@contextlib.contextmanager
def _postgres_container() -> Iterator[str]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - slow to import and seldom needed

    image = os.environ.get("POSTGRES_IMAGE", "postgres:17")
    container = PostgresContainer(
        image, username="postgres", password=uuid.uuid4().hex, dbname="postgres", driver="asyncpg"
    )
    quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
    container.with_command(" ".join(["postgres", *(f"-c {setting}" for setting in quick)]))
    with container:
        yield container.get_connection_url()


@contextlib.contextmanager
def _redis_container() -> Iterator[str]:
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - as above

    container = RedisContainer(os.environ.get("REDIS_IMAGE", "redis:8"))
    container.with_command(f"redis-server --bind 0.0.0.0 --protected-mode no --databases {_REDIS_NUMBERS} --save ''")
    with container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before xdist starts its workers, who inherit the addresses."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if getattr(config.option, "numprocesses", None):
        _servers.postgres()
        _servers.redis()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for a server as ``integration``: those that CI runs once more on containers."""
    for item in items:
        if _SHARED_SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.integration)


def pytest_unconfigure() -> None:
    """Stop what was started (in the process that started it)."""
    _servers.stop()


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The superuser's address of the run's PostgreSQL (``postgresql+asyncpg://…``), to be shared, never emptied."""
    return _servers.postgres()


@pytest.fixture(scope="session")
def shared_redis_url() -> str:
    """The address of the run's Redis, number 0: never FLUSHALL here (ask ``own_redis`` for that)."""
    return _servers.redis()


@pytest.fixture(scope="session")
def rooms(postgres_url: str) -> Iterator[Rooms]:
    """This process's databases, handed from test to test."""
    made = Rooms(postgres_url)
    yield made
    asyncio.run(made.close())


@pytest.fixture
async def fresh_database(rooms: Rooms, postgres_url: str) -> AsyncIterator[FreshDatabase]:
    """Lend databases as asked; each as if it were new, with the tables and codes of a service.

    ``await fresh_database("casework")`` is the address of one with that service's migrations. Called twice it gives
    two; ``await fresh_database(None)`` gives one with nothing in it; ``await fresh_database("kind", furnish)`` one that
    the caller's own function has furnished. All are given back at the end, and nothing in them stays.
    """
    taken: list[tuple[str, str]] = []

    async def take(kind: str | None = None, furnish: Furnish | None = None) -> str:
        if kind is not None and furnish is None:
            furnish = functools.partial(_migrate, service=kind)
        room = kind or "empty"
        taken.append((room, await rooms.take(room, furnish)))
        return with_database(postgres_url, taken[-1][1])

    yield take
    for kind, name in taken:
        await rooms.give_back(kind, name)


@pytest.fixture
async def redis_url(shared_redis_url: str) -> AsyncIterator[str]:
    """The address of a numbered database of Redis which is empty and this test's alone while it runs."""
    client = aioredis.Redis.from_url(shared_redis_url)
    try:
        limit = int((await client.config_get("databases"))["databases"] or 16)
        # INCR hands every test of every worker its own number; with 512 of them none meets one still in use.
        number = 1 + int(await client.incr("kasane:test:number")) % (limit - 1)
        url = shared_redis_url.rsplit("/", 1)[0] + f"/{number}"
        async with aioredis.Redis.from_url(url) as own:
            await own.flushdb()
            yield url
            await own.flushdb()
    finally:
        await client.aclose()


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder below which embedded servers may run (pytest's own ``tmp_path`` is closed to PostgreSQL's user)."""
    folder = Path(tempfile.mkdtemp(prefix="kasane-own-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_redis(server_folder: Path) -> Iterator[EmbeddedRedis]:
    """A started Redis of this test's own, with its append-only file: to empty, kill, freeze and restart."""
    with EmbeddedRedis(server_folder) as server:
        yield server


@pytest.fixture
def own_postgres(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A started PostgreSQL of this test's own, durable: to kill and restart."""
    with EmbeddedPostgres(server_folder) as server:
        yield server


async def _migrate(url: str, service: str) -> None:
    from shared.migrate import migrate  # noqa: PLC0415 - tests of parts below the database load without it

    # By name, because shared code knows no service.
    package, tables = (importlib.import_module(f"services.{service}{room}") for room in ("", ".tables"))
    await migrate(url, Path(str(package.__file__)).parent.resolve(), tables.Base.metadata)


@contextlib.contextmanager
def statements_of(db: Database) -> Iterator[list[str]]:
    """What this task asks of a database while the block runs: what the service does beside it is no page's cost."""
    asked: list[str] = []
    asking = asyncio.current_task()

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if asyncio.current_task() is asking:
            asked.append(statement)

    engine = db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", listen)
