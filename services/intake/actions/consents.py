"""Consent (同意), per person, purpose and recipient: recorded and withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.intake.queries.access import NOT_HERE, find_household
from services.intake.rules.consent import allows, confirm_by, next_consent
from services.intake.tables import Consent, Member
from shared import clock
from shared.audit import note
from shared.errors import Missing, Refused
from shared.events.intake import ConsentRecorded, ConsentWithdrawn
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import ConsentIn, EndIn
    from shared.identity import Actor


async def record_consent(session: AsyncSession, actor: Actor, household: UUID, request: ConsentIn) -> Consent:
    """Keep what a member said; an oral consent must be confirmed by a day."""
    await hold(session, household)
    await find_household(session, actor, household, change=True)
    member = await session.get(Member, request.member)
    if member is None or member.household_id != household:
        raise Refused(N_("この世帯にいない人が選ばれています。"), field="member")
    today = clock.today()
    before = await session.scalar(
        select(Consent.state)
        .where(
            Consent.member_id == member.id,
            Consent.withdrawn_at.is_(None),
            Consent.purpose.is_not_distinct_from(request.purpose),
        )
        .order_by(Consent.recorded_at.desc(), Consent.id.desc())
        .limit(1)
    )
    next_consent(before, request.state, today, purpose=request.purpose or "", recipients=request.recipients)
    values = consent_values(actor, household, member.id, request.state, today)
    consent = Consent(
        **values
        | {
            "purpose": request.purpose,
            "recipients": request.recipients,
            "items": request.items,
            "limits": request.limits,
            "ends_on": request.ends_on,
        }
    )
    session.add(consent)
    await record(session, consent_fact(consent), actor=actor, occurred_at=consent.recorded_at)
    await note(session, actor, "consent_recorded", [household], basis=consent.state)
    return consent


def consent_values(actor: Actor, household: UUID, member: UUID, state: str, today: date) -> dict[str, Any]:
    """The row of a consent of which only the state is known; a bare yes covers the agency that heard it."""
    given = allows(state)
    return {
        "id": clock.new_id(),
        "household_id": household,
        "member_id": member,
        "state": state,
        "purpose": "support" if given else None,
        "recipients": [actor.agency] if given else [],
        "items": [],
        "limits": "",
        "confirm_by": confirm_by(state, today),
        "ends_on": None,
        "recorded_at": clock.now(),
        "recorded_by": actor.post,
        "withdrawn_at": None,
        "withdrawn_by": None,
    }


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
    await note(session, actor, "consent_withdrawn", [household])
    return found


async def consent_states(session: AsyncSession, household: UUID) -> list[str]:
    """The states of consent that hold in a household, one each member and purpose."""
    rows = await session.scalars(
        select(Consent.state).where(Consent.household_id == household, Consent.withdrawn_at.is_(None))
    )
    return list(rows)
