"""The bench of the story is a program too: a short run of it. No figure is asserted."""

from __future__ import annotations

import pytest

from tests.bench.story.run import measure


@pytest.mark.integration
async def test_a_few_calls_are_followed_to_the_inbox() -> None:
    found = await measure(rates=(2.0,), seconds=2, saturated=1, withdrawals=2)
    one = found["rates"]["2"]
    assert one["samples"] == 4
    for part in ("chain", "save", "hop_casework", "hop_notify", "one_hop"):
        assert 0 < one[part]["p50_ms"] <= one[part]["p99_ms"], part
    assert one["chain"]["p50_ms"] > one["hop_casework"]["p50_ms"]
    assert found["saturation_per_second"] > 0
    stopped = found["withdrawal"]
    assert 0 < stopped["withdrawn"]["p50_ms"] <= stopped["case_shut"]["p50_ms"] <= stopped["household_shut"]["p50_ms"]
