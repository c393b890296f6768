"""The bench of the rebuild is a program too: a short run of it. No figure is asserted."""

from __future__ import annotations

import pytest

from services.parts import SERVICES
from tests.bench.rebuild.run import measure


@pytest.mark.integration
async def test_a_few_households_are_filled_in_rebuilt_and_equal() -> None:
    found = await measure(40)
    assert set(found["services"]) == set(SERVICES)
    for service, one in found["services"].items():
        assert one["equal"], (service, one["differ"])
        assert one["events"] > 40
        assert one["rows"] > 40
    assert found["events"]["intake"] > 4 * 40
