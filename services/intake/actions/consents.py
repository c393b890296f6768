"""Consent (同意), per person, purpose and recipient: recorded and withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from services.intake.queries.access import NOT_HERE, find_household
from services.intake.tables import Consent, Member
from shared import clock
from shared.errors import Missing, Refused
from shared.events.intake import ConsentRecorded, ConsentWithdrawn
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import ConsentIn, EndIn
    from shared.identity import Actor


async def record_consent(
    session: AsyncSession, actor: Actor, household: UUID, request: ConsentIn
) -> Consent:
    """Keep what a member said; an oral consent must be confirmed by a day."""
    await hold(session, household)
    await find_household(session, actor, household, change=True)
    member = await session.get(Member, request.member)
    if member is None or member.household_id != household:
        raise Refused(N_("この世帯にいない人が選ばれています。"), field="member")
    consent = consent_row(actor, household, request)
    session.add(consent)
    await record(session, consent_fact(consent), actor=actor, occurred_at=consent.recorded_at)
    return consent


def consent_fact(consent: Consent) -> ConsentRecorded:
    """What the others learn of a consent: codes and days, never the person's words."""
    return ConsentRecorded(
        household=consent.household_id,
        consent=consent.id,
        member=consent.member_id,
        state=consent.state,
        purpose=consent.purpose,
        recipients=tuple(consent.recipients),
        items=tuple(consent.items),
        confirm_by=consent.confirm_by,
        ends_on=consent.ends_on,
    )


async def withdraw_consent(session: AsyncSession, actor: Actor, consent: UUID, request: EndIn) -> Consent:
    """Sharing on this consent stops now; what was shared stays in the log. Doing it again changes nothing."""
    household = await session.scalar(select(Consent.household_id).where(Consent.id == consent))
    if household is None:
        raise Missing(NOT_HERE)
    await hold(session, household)
    await find_household(session, actor, household, change=True)
    found = await session.get(Consent, consent, populate_existing=True)
    if found is None:
        raise Missing(NOT_HERE)
    if found.withdrawn_at is not None:
        return found
    now = clock.now()
    found.withdrawn_at, found.withdrawn_by = now, actor.post
    if request.reason:
        found.limits = f"{found.limits}\n{request.reason}".strip()
    event = ConsentWithdrawn(household=household, consent=found.id, member=found.member_id)
    await record(session, event, actor=actor, occurred_at=now)
    return found
