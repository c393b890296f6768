"""The demo as a person runs it: started, asked for a page, interrupted twice, started again with what was kept."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from sqlalchemy.engine import make_url

from services.parts import SERVICES
from services.stack import drop_databases, make_databases

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.e2e


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running demo and the address it tells."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KASANE_HOME": str(ROOT)}
    for name in ("DATABASE_URL", "REDIS_URL", "KASANE_SERVICE"):
        environment.pop(name, None)
    command = [sys.executable, "-P", "-m", "services.cli", "demo", "--data", str(folder), "--port", "0", *arguments]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=environment
    ) as program:
        try:
            told = []
            for line in program.stdout or ():
                told.append(line)
                found = re.search(r"is ready after .*(http://127\.0\.0\.1:\d+)", line)
                if found:
                    break
            else:
                pytest.fail("".join(told))
            yield program, found[1]
        finally:
            program.kill()


def test_the_demo_survives_being_interrupted_twice_and_keeps_its_data(server_folder: Path) -> None:
    with demo(server_folder, "--households", "4") as (program, address):
        assert httpx.get(f"{address}/", follow_redirects=False).headers["location"].endswith("/casework/")
        told = json.loads((server_folder / "running.json").read_text())
        health = {service: httpx.get(f"{address}/{service}/health").json() for service in SERVICES}
        assert all(state["ok"] and state["redis"] for state in health.values())
        children = psutil.Process(program.pid).children(recursive=True)
        program.send_signal(signal.SIGINT)
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == 0
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        assert not (server_folder / "running.json").exists()
    with demo(server_folder) as (program, address):
        again = httpx.get(f"{address}/intake/health").json()
        assert again["head"] >= health["intake"]["head"]
        second = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "services.cli", "demo", "--data", str(server_folder), "--port", "0"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert f"already runs on {address}" in second.stderr
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0
    assert told["services"].keys() == set(SERVICES)


async def test_no_role_reads_anothers_database(postgres_url: str) -> None:
    urls = await make_databases(postgres_url, "kasane_roles")
    try:
        for service in SERVICES:
            for other in SERVICES:
                url = make_url(urls[service]).set(drivername="postgresql", database=f"kasane_roles_{other}")
                address = url.render_as_string(hide_password=False)
                if other == service:
                    await (await asyncpg.connect(address)).close()
                else:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await asyncpg.connect(address)
    finally:
        await drop_databases(postgres_url, "kasane_roles")
