"""The bench of the endpoints is a program too: a short run of it. No figure is asserted."""

from __future__ import annotations

import pytest

from tests.bench.api.run import Scale, measure

_TINY = Scale(households=3, seconds=0.3, paced=4, rate=20, warm_up=2)


@pytest.mark.integration
async def test_each_endpoint_is_asked_both_ways() -> None:
    found = await measure(rounds=1, scale=_TINY)
    assert set(found["endpoints"]) == {
        "board", "inbox", "new_consultation", "household_page", "household_api", "labels",
    }  # fmt: skip
    for name, one in found["endpoints"].items():
        for system in ("kasane", "bare"):
            assert one[system]["requests_per_second"] > 0, name
            assert 0 < one[system]["p50_ms"] <= one[system]["p99_ms"], name
            assert one[system]["cpu_ms"] > 0, name
        assert one["ratio"]["requests_per_second"] > 0, name
