"""The embedded servers: started, restarted, killed, left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis
from sqlalchemy.engine import make_url

from shared.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedRedis
from shared.testing import FreshDatabase

ROOT = Path(__file__).parents[2]


async def fetch(url: str, statement: str) -> object:
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_postgres_keeps_data_and_address_over_a_restart(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder)
    first = server.start()
    await fetch(first, "CREATE TABLE kept AS SELECT '世帯'::text AS word")
    server.stop()
    assert not server.running
    with EmbeddedPostgres(server_folder) as again:
        assert again.url == first
        assert await fetch(again.url, "SELECT word FROM kept") == "世帯"


async def test_postgres_comes_back_after_a_power_cut(own_postgres: EmbeddedPostgres) -> None:
    await fetch(own_postgres.url, "CREATE TABLE kept AS SELECT 7 AS number")
    own_postgres.kill()
    assert await fetch(own_postgres.start(), "SELECT number FROM kept") == 7


async def test_postgres_refuses_a_wrong_password(own_postgres: EmbeddedPostgres) -> None:
    wrong = make_url(own_postgres.url).set(password="wrong").render_as_string(hide_password=False)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(wrong, "SELECT 1")


def test_redis_keeps_its_stream_over_a_power_cut(own_redis: EmbeddedRedis) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        client.xadd("kept", {"a": "1"}, id="5-0")
        client.execute_command("WAITAOF", 1, 0, 5000)
    own_redis.kill()
    own_redis.start()
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.xrange("kept") == [(b"5-0", {b"a": b"1"})]
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


def test_redis_refuses_a_stranger(own_redis: EmbeddedRedis) -> None:
    with (
        redis.Redis(port=own_redis.port) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_a_folder_in_use_is_refused_with_a_sentence(own_redis: EmbeddedRedis) -> None:
    with pytest.raises(EmbeddedError, match="in use by another running Kasane"):
        EmbeddedRedis(own_redis.folder).start()


PROGRAM = """
import sys, time
from shared.embedded import EmbeddedPostgres, EmbeddedRedis
postgres, redis = EmbeddedPostgres(sys.argv[1]), EmbeddedRedis(sys.argv[1])
postgres.start(), redis.start()
print(postgres.pid, redis.pid, *(p.pid for s in (postgres, redis) if (p := s._keeper)), flush=True)
time.sleep(600)
"""


def start_program(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    program = subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert program.stdout is not None
    return program, [int(word) for word in program.stdout.readline().split()]


def wait_until_gone(pids: list[int]) -> None:
    give_up = time.monotonic() + 20
    while alive := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < give_up, f"still running: {alive}"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


def test_servers_stop_when_their_program_is_killed(server_folder: Path) -> None:
    program, pids = start_program(server_folder)
    with program:
        program.kill()
    wait_until_gone(pids)
    with EmbeddedPostgres(server_folder) as postgres, EmbeddedRedis(server_folder) as again:
        assert postgres.running
        assert again.running


def test_a_start_takes_over_what_killed_keepers_left(server_folder: Path) -> None:
    program, pids = start_program(server_folder)
    with program:
        for keeper in pids[2:]:
            os.kill(keeper, signal.SIGKILL)
        program.kill()
    with EmbeddedPostgres(server_folder) as postgres, EmbeddedRedis(server_folder) as again:
        assert postgres.pid not in pids
        assert again.pid not in pids


def test_a_pid_file_of_a_dead_server_does_no_harm(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder)
    server.start()
    pid_file = server_folder / "postgres" / "postmaster.pid"
    left = pid_file.read_text()
    server.stop()
    pid_file.write_text(left.replace(left.splitlines()[0], str(os.getpid()), 1))
    with server:
        assert server.running


async def test_two_fresh_databases_are_two(fresh_database: FreshDatabase) -> None:
    one, two = await fresh_database(None), await fresh_database(None)
    await fetch(one, "CREATE TABLE only_here (id int)")
    assert await fetch(two, "SELECT to_regclass('only_here')") is None


def test_each_test_has_its_own_redis_number(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("mine", "1")
