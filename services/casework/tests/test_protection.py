"""Protection as casework hears it: links go with it, and none is kept while either side is protected."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from services.casework.tables import HouseholdLink
from services.casework.tests.sample import Ward
from shared.events.intake import HouseholdsLinked, ProtectionEnded, ProtectionSet


async def _links(ward: Ward) -> int:
    async with ward.db.read() as session:
        return await session.scalar(select(func.count()).select_from(HouseholdLink)) or 0


@pytest.mark.parametrize("side", [0, 1])
async def test_a_link_goes_with_the_protection_of_either_side(ward: Ward, side: int) -> None:
    pair, third = (uuid4(), uuid4()), uuid4()
    await ward.hear(HouseholdsLinked(household=pair[0], other=pair[1]))
    await ward.hear(HouseholdsLinked(household=pair[1 - side], other=third))
    protection, member = uuid4(), uuid4()
    await ward.hear(ProtectionSet(household=pair[side], protection=protection, member=member, kind="dv"))
    assert await _links(ward) == 1, "what has nothing to do with it stays"
    late = HouseholdsLinked(household=pair[0], other=pair[1])
    await ward.hear(late)
    assert await _links(ward) == 1, "a fact from before, read late"
    await ward.hear(ProtectionEnded(household=pair[side], protection=protection, member=member))
    assert await _links(ward) == 1, "it does not come back by itself"
    await ward.hear(late)
    assert await _links(ward) == 2
