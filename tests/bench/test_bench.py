"""The bench is a program too: a short run of it must measure what it says. No figure is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.bench.spine.figures import KEYS
from tests.bench.spine.processes import HOME


@pytest.mark.integration
def test_one_durable_hop_is_measured_for_kasane_and_the_limit() -> None:
    command = [sys.executable, "-P", "-m", "services.cli", "bench", "spine", "--quick", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    done = subprocess.run(command, cwd=HOME, env=environment, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout)
    assert set(figures["systems"]) == {"kasane", "limit"}
    for values in figures["systems"].values():
        assert set(values) == set(KEYS)
        assert all(value > 0 for value in values.values())
    assert figures["samples"] == {"kasane": 20, "limit": 20}
    assert figures["doubled"] == {"kasane": 0, "limit": 0}
    assert {"sessions_per_second", "statement_adds_ms", "parted_ms", "faststream_ms"} <= set(figures["floors"])
    assert set(figures["floor_ratios"]) == {"sessions alone of the limit", "p50 of the limit"}
    assert {line["name"] for line in figures["ratios"]} >= {"record() of the limit", "p50 of the limit"}


def test_an_unknown_system_is_refused_with_a_sentence() -> None:
    command = [sys.executable, "-P", "-m", "services.cli", "bench", "spine", "--systems", "carrier-pigeon"]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    done = subprocess.run(command, cwd=HOME, env=environment, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - as above
    assert done.returncode == 1
    assert "carrier-pigeon" in done.stderr
    assert "Traceback" not in done.stderr
