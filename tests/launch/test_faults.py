"""``./kasane faults`` as a person runs it: two kinds of fault, a wrong name, and Ctrl-C in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.faults, pytest.mark.integration]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Begin a run whose temporary folder is ``folder``."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KASANE_HOME": str(ROOT), "TMPDIR": str(folder)}
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", "services.cli", "faults", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )


def left_running(folder: Path) -> list[str]:
    """The processes that still have to do with the folder: its servers and services."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("KASANE_SECRETS_DIR", "")]
        except psutil.Error:
            continue
        if any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


def test_two_faults_are_survived_and_nothing_is_left(server_folder: Path) -> None:
    run = start(server_folder, "--json", "--seed", "7", "--only", "notify_killed", "--only", "entries_malformed")
    out, told = run.communicate(timeout=500)
    assert run.returncode == 0, told
    report = json.loads(out)
    assert report["seed"] == 7
    assert {fault["kind"] for fault in report["faults"]} == {"notify_killed", "entries_malformed"}
    for fault in report["faults"]:
        assert fault["promised"] > 0
        assert (fault["lost"], fault["doubled"], fault["out_of_order"]) == (0, 0, 0)
        assert fault["seconds"] >= 0
    assert list(server_folder.iterdir()) == []
    assert left_running(server_folder) == []


def test_an_unknown_kind_is_refused_with_the_kinds_there_are(server_folder: Path) -> None:
    run = start(server_folder, "--only", "earthquake")
    _, told = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "redis_emptied" in told
    assert "Traceback" not in told


def test_ctrl_c_ends_all_it_has_started_and_nothing_else(server_folder: Path) -> None:
    run = start(server_folder, "--seed", "7", "--only", "redis_frozen")
    ends = time.monotonic() + 120
    while not list(server_folder.glob("*/notify.log")):  # the last of the four is being started
        assert time.monotonic() < ends
        time.sleep(0.2)
    assert left_running(server_folder)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=120)
    assert run.returncode == 130
    assert "Traceback" not in told
    assert left_running(server_folder) == []
    assert list(server_folder.iterdir()) == []
