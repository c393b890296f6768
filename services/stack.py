"""All four services in one process on real servers: what the demo, the story, screenshots and end-to-end tests run.

Each service keeps its own database, role, relay and readers, and speaks to the others over HTTP and Redis only, so
what runs here travels the same path as in four containers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvicorn
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from services.parts import SERVICES, load_app, migrate_all, nobody_works_here
from shared.embedded import EmbeddedPostgres, EmbeddedRedis
from shared.keys import make_key, public_of
from shared.settings import Settings
from shared.web import join

_GRACE_SECONDS: Final = 2
"""How long requests in flight are let finish at the end; long polls of the feeds are cut after it."""

Seed = Callable[["Stack"], Awaitable[None]]


class PortTakenError(RuntimeError):
    """Another program listens on the wanted port."""


@dataclass(slots=True)
class Stack:
    """A running Kasane. ``base_url`` has no slash at its end; ``settings`` are each service's own."""

    base_url: str
    folder: Path
    settings: dict[str, Settings]
    apps: dict[str, FastAPI] = field(default_factory=dict)
    postgres: EmbeddedPostgres | None = None
    redis: EmbeddedRedis | None = None
    server: uvicorn.Server | None = None

    def database_url(self, service: str) -> str:
        """The address of one service's database, with its role."""
        return self.settings[service].database_url


@contextlib.asynccontextmanager
async def stack(
    folder: Path | None = None,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    postgres_url: str | None = None,
    redis_url: str | None = None,
    prefix: str = "kasane",
    overrides: Mapping[str, Any] | None = None,
    seed: Seed | None = None,
) -> AsyncIterator[Stack]:
    """Run everything while the block runs.

    ``folder`` keeps the data; without one they are temporary. ``port`` 0 takes a free one; PortTakenError otherwise.
    ``postgres_url`` (of a role that may create databases and roles) and ``redis_url`` name servers to use instead of
    embedded ones. ``prefix`` begins the names of the databases. ``overrides`` are settings for all four services.
    ``seed`` is called when nobody has a post yet, before the services start.
    """
    async with contextlib.AsyncExitStack() as undo:
        listening = undo.enter_context(_listen(host, port))
        base_url = f"http://{host}:{listening.getsockname()[1]}"
        place = _made(folder) if folder else undo.enter_context(_temporary_folder())
        servers = await _start_servers(undo, place, postgres_url, redis_url, durable=folder is not None)
        admin_url = postgres_url or servers[0].url  # type: ignore[union-attr]
        half_seeded = place / ".seeding"
        if half_seeded.exists():  # the program ended in the middle of it: a ward without its history helps nobody
            await drop_databases(admin_url, prefix)
        urls = await make_databases(admin_url, prefix)
        if postgres_url and folder is None:
            undo.push_async_callback(drop_databases, admin_url, prefix)
        settings = make_settings(place, base_url, urls, redis_url or servers[1].url, overrides)  # type: ignore[union-attr]
        await migrate_all(settings)
        running = Stack(base_url, place, settings, postgres=servers[0], redis=servers[1])
        if seed is not None and await nobody_works_here(settings["casework"]):
            half_seeded.touch()
            await _hurry(admin_url, prefix, on=True)
            await seed(running)
            await _hurry(admin_url, prefix, on=False)
            half_seeded.unlink()
        async with _serve(running, listening):
            yield running


@contextlib.asynccontextmanager
async def databases_only(folder: Path) -> AsyncIterator[dict[str, Settings]]:
    """The databases of a folder, up to date, without the services: for commands while no demo runs."""
    async with contextlib.AsyncExitStack() as undo:
        place = _made(folder)
        servers = given_servers()
        postgres, redis = await _start_servers(undo, place, *servers, durable=True)
        admin_url = servers[0] or postgres.url  # type: ignore[union-attr]
        urls = await make_databases(admin_url, "kasane")
        settings = make_settings(place, "http://127.0.0.1:9", urls, servers[1] or redis.url)  # type: ignore[union-attr]
        await migrate_all(settings)
        yield settings


def given_servers() -> tuple[str | None, str | None]:
    """PostgreSQL and Redis as ``DATABASE_URL`` and ``REDIS_URL`` name them; None: the embedded one."""
    return os.environ.get("DATABASE_URL") or None, os.environ.get("REDIS_URL") or None


# -- servers and databases -----------------------------------------------------------------------------------------


def _made(folder: Path) -> Path:
    place = folder.expanduser().resolve()
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="kasane-"))
    folder.chmod(0o711)  # run by root, PostgreSQL is another user and must pass through
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _start_servers(
    undo: contextlib.AsyncExitStack,
    folder: Path,
    postgres_url: str | None,
    redis_url: str | None,
    *,
    durable: bool,
) -> tuple[EmbeddedPostgres | None, EmbeddedRedis | None]:
    postgres = None if postgres_url else EmbeddedPostgres(folder, durable=durable)
    redis = None if redis_url else EmbeddedRedis(folder, durable=durable)
    started = [server for server in (postgres, redis) if server is not None]
    for server in started:
        undo.push_async_callback(asyncio.to_thread, server.stop)
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in started))
    return postgres, redis


async def make_databases(admin_url: str, prefix: str) -> dict[str, str]:
    """Make what is missing of four databases and their four roles; their addresses.

    No role reads another's database. Passwords are new at every start.
    """
    urls = {}
    connection = await asyncpg.connect(_plain(admin_url))
    try:
        for service in SERVICES:
            name, password = f"{prefix}_{service}", secrets.token_hex(24)
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await connection.execute(f'CREATE ROLE "{name}" LOGIN')
            await connection.execute(f"ALTER ROLE \"{name}\" PASSWORD '{password}'")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
                await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
            address = make_url(admin_url).set(username=name, password=password, database=name)
            urls[service] = address.render_as_string(hide_password=False)
    finally:
        await connection.close()
    return urls


async def drop_databases(admin_url: str, prefix: str) -> None:
    """Delete the four databases and roles with all they hold."""
    connection = await asyncpg.connect(_plain(admin_url))
    try:
        for service in SERVICES:
            await connection.execute(f'DROP DATABASE IF EXISTS "{prefix}_{service}" WITH (FORCE)')
            await connection.execute(f'DROP ROLE IF EXISTS "{prefix}_{service}"')
    finally:
        await connection.close()


async def _hurry(admin_url: str, prefix: str, *, on: bool) -> None:
    """While a ward is played in, commits need not wait for the disk: what breaks off is begun anew."""
    connection = await asyncpg.connect(_plain(admin_url))
    try:
        for service in SERVICES:
            change = "SET synchronous_commit = off" if on else "RESET synchronous_commit"
            await connection.execute(f'ALTER ROLE "{prefix}_{service}" {change}')
        if not on:
            with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
                await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


# -- settings ------------------------------------------------------------------------------------------------------


def make_settings(
    folder: Path,
    base_url: str,
    database_urls: Mapping[str, str],
    redis_url: str,
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Settings]:
    """Each service's settings: its own database and key, the signing key for casework alone."""
    private = _signing_key(folder)
    keys = {service: make_key() for service in database_urls}
    common: dict[str, Any] = {
        "redis_url": redis_url,
        "urls": {service: f"{base_url}/{service}" for service in SERVICES},
        "verifying_key": public_of(private),
        "service_keys": {service: public_of(key) for service, key in keys.items()},
        "demo_sign_in": True,
        "cookie_secure": False,  # the demo is plain HTTP on this machine
        "rate_limits": False,  # tests, benches and faults ask as fast as they can, all from one address
        "pool_size": 8,
    }
    return {
        service: Settings(
            **{
                **common,
                "database_url": url,
                "service_key": keys[service],
                "signing_key": private if service == "casework" else None,
                **(overrides or {}),
            }
        )
        for service, url in database_urls.items()
    }


def _signing_key(folder: Path) -> str:
    """The folder's private key as PEM, made at first use: who is signed in stays so over a restart."""
    file = folder / ".signing_key.pem"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(make_key())
    return file.read_text()


# -- serving -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket, taken before anything else is started, so that a taken port is told at once."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        msg = f"port {port} of {host} is not free ({error.strerror}); name another with --port"
        raise PortTakenError(msg) from None
    with listening:
        yield listening


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the stack."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _serve(running: Stack, listening: socket.socket) -> AsyncIterator[None]:
    running.apps = {service: load_app(service, settings) for service, settings in running.settings.items()}
    config = uvicorn.Config(
        join(*running.apps.values()),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        lifespan="on",
    )
    server = _Server(config)
    running.server = server
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="kasane:http")
    try:
        while not server.started:
            if serving.done():
                serving.result()
                msg = "the services did not start; their log above says why"
                raise RuntimeError(msg)
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving


def write_running(running: Stack) -> Path:
    """Tell other commands where this stack runs: a file of mode 600 in its folder, gone when it stops."""
    file = running.folder / "running.json"
    told = {
        "pid": os.getpid(),
        "base_url": running.base_url,
        "services": {
            service: own.model_dump(include={"database_url", "redis_url", "urls", "service_key", "municipality"})
            for service, own in running.settings.items()
        },
        "postgres_url": running.postgres.url if running.postgres else None,
    }
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(told, out)
    fresh.replace(file)
    return file
