"""The home itself: corrected, with its search keys and what the others know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert

from services.intake.actions.findings import find_types
from services.intake.actions.registration import home_traits
from services.intake.actions.stating import state_household
from services.intake.queries.access import find_household, is_allowed
from services.intake.rules.matching import address_keys, household_keys
from services.intake.tables import SearchKey
from shared.errors import Conflict, Forbidden
from shared.i18n import N_
from shared.spine import hold

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import HouseholdChange
    from services.intake.tables import Household
    from shared.identity import Actor

_CHANGED_MEANWHILE = N_("この世帯の記録は、開いたあとに別の人が直しました。いまの内容を見て、もう一度書いてください。")


async def change_household(session: AsyncSession, actor: Actor, household: UUID, request: HouseholdChange) -> Household:
    """Correct the home; the others hear of it when area, district or completeness is another."""
    await hold(session, household)
    home = await find_household(session, actor, household, deed="correct")
    if not await is_allowed(session, actor, household):
        raise Forbidden(N_("保護されている人の住所や電話は、担当者だけが直せます。"))
    if home.version != request.version:
        raise Conflict(_CHANGED_MEANWHILE, field="version")
    before = (home.area, home.district, home.incomplete)
    key, room = address_keys(request.address, request.room)
    home.address, home.address_key, home.room = request.address, key, request.room or room
    home.area, home.district, home.mesh = request.area, request.district, request.mesh or home.mesh
    home.phone, home.dwelling = request.phone, request.dwelling
    home.registry_split, home.incomplete = request.registry_split, request.more_people
    home.traits = home_traits(request)
    home.version += 1
    await session.flush()
    await session.execute(delete(SearchKey).where(SearchKey.household_id == household, SearchKey.member_id.is_(None)))
    keys = household_keys(home.address, home.room, home.phone)
    if keys:
        await session.execute(
            insert(SearchKey),
            [{"household_id": household, "member_id": None, "kind": kind, "value": value} for kind, value in keys],
        )
    if (home.area, home.district, home.incomplete) != before:
        await state_household(session, actor, home)
    await find_types(session, actor, home)
    return home
