"""The bench of the audit is a program too: a short run of it. No figure is asserted."""

from __future__ import annotations

import pytest

from tests.bench.audit.run import measure


@pytest.mark.integration
async def test_a_short_run_measures_all_ways() -> None:
    found = await measure(seconds=0.2, rounds=1)
    assert set(found["ways"]) == {"unchained", "kasane", "in_line"}
    assert all(way["per_second"] > 0 for way in found["ways"].values())
    assert found["seal_1000_ms"]["median"] > 0
