"""What a household's page says of its protection: who may see it, who looked all the same, how to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.queries.protections import (
    allow_lists,
    asked,
    glasses_of,
    owners_of,
    posts_concerned,
    rules_now,
    seconds_for,
)
from shared import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.queries.household import HouseholdView
    from shared.identity import Actor


async def guard_context(session: AsyncSession, actor: Actor, view: HouseholdView) -> dict[str, Any]:
    """What the templates read. Who does not see all of it learns of their own requests alone."""
    home, whole = view.home, view.whole
    masked = not view.allowed
    guarded = (whole or view.may_protect) and bool(home.protected)
    now, rules = clock.now(), await rules_now(session)
    asks = masked and bool(home.protected)
    glasses = await glasses_of(session, home.id) if guarded or asks or view.let_in else []
    if masked or view.let_in:
        glasses = [one for one in glasses if one.post == actor.post]
    own = [one for one in glasses if one.post == actor.post and asked(one).is_open(now)]
    return {
        "allow_lists": await allow_lists(session, home.id) if guarded else {},
        "owners": await owners_of(session, home.id) if guarded else [],
        "concerned": await posts_concerned(session, home) if view.may_protect else [],
        "glasses": glasses,
        "glass_waits": [one for one in glasses if asked(one).waits(now, rules)],
        "glass_open": own[0] if own else None,
        "seconds": await seconds_for(session, actor) if asks else [],
        "glass_minutes": int(rules.glass.total_seconds()) // 60,
        "renew_days": rules.renew_days,
        "today": clock.today(),
        "kept": bool(home.protected) and not view.side,
    }
