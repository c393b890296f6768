"""Another wording of the text that is explained and signed: a new version from a day on; the ones before stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from services.intake.rules.wording import VARIANTS, next_version, next_wording
from services.intake.tables import ConsentText
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests.consents import ConsentTextIn
    from shared.identity import Actor

_LOCK = 7_202_143


async def state_text(session: AsyncSession, actor: Actor, request: ConsentTextIn) -> ConsentText:
    """Keep another wording, with the headings of the newest version; raises Forbidden for all but managers."""
    if actor.role != "manager":
        raise Forbidden(N_("同意書の文面を変えられるのは、管理職だけです。"))
    if request.valid_from < clock.today():
        raise Refused(N_("使い始める日は、きょうからあとの日にしてください。"), field="valid_from")
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    known = list(
        await session.scalars(select(ConsentText).order_by(ConsentText.valid_from.desc(), ConsentText.version.desc()))
    )
    said = {variant: dict(request.wording.get(variant, {})) for variant in VARIANTS}
    made = ConsentText(
        version=next_version(request.valid_from.isoformat(), [one.version for one in known]),
        valid_from=request.valid_from,
        wording=next_wording(known[0].wording, said),
        stated_at=clock.now(),
        stated_by=actor.post,
    )
    session.add(made)
    await note(session, actor, "consent_text", basis=made.version)
    return made
