"""Consents as they stand: the rules' facts of a row, who may know what now, one consent with all its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select

from services.intake.queries.access import NOT_HERE, NOT_YOURS, find_household, sight_of
from services.intake.rules.consent import ConsentFacts, ConsentRules, Reminder, stands, stops_with
from services.intake.rules.protection import Sight
from services.intake.tables import AccessGrant, Consent, ConsentText, Household, Member
from shared import clock
from shared.codes import code_list
from shared.errors import Forbidden, Missing
from shared.i18n import N_
from shared.identity import KnownPost

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

_TAKING_PART = ("agency", "lead", "meeting")


@dataclass(frozen=True, slots=True)
class Agencies:
    """Agencies that have posts today, with their kinds; and whoever has a part in the household."""

    kinds: dict[str, str]
    """Agency → kind."""
    here: frozenset[str] = frozenset()
    """Those that see the household today, whatever the ground."""

    def of(self, recipient: str) -> list[str]:
        """The agencies that a recipient of a consent means: itself, or all of its kind."""
        return sorted(code for code, kind in self.kinds.items() if recipient in {code, kind}) or [recipient]


@dataclass(frozen=True, slots=True)
class Knows:
    """One line of "who may know what now": a person, a recipient, and the consent it rests on."""

    consent: Consent
    recipient: str
    until: date | None
    """The last day, whichever comes first: to confirm it, or its end."""


@dataclass(frozen=True, slots=True)
class ConsentView:
    """One consent with what its page says. ``stops``: who learns what no more if it ends now."""

    consent: Consent
    home: Household
    member: Member
    text: ConsentText | None
    replaces: Consent | None
    replaced_by: Consent | None
    stands: bool
    stops: list[tuple[str, frozenset[str]]]
    agencies: Agencies


def facts_of(consent: Consent) -> ConsentFacts:
    """The row as the rules see it."""
    return ConsentFacts(
        state=consent.state,
        recorded_on=consent.recorded_at.astimezone(clock.TOKYO).date(),
        purposes=frozenset(consent.purposes),
        recipients=frozenset(consent.recipients),
        items=frozenset(consent.items),
        limits=consent.limits,
        confirm_by=consent.confirm_by,
        ends_on=consent.ends_on,
        ended=consent.withdrawn_at is not None,
    )


async def consent_rules(session: AsyncSession, on: date) -> ConsentRules:
    """The ward's rules of consent that hold on a day."""
    entries = (await code_list(session, "CONSENT_RULE")).values()
    return ConsentRules.from_lists([one.attributes for one in entries if one.active], on)


async def reminders(session: AsyncSession) -> list[Reminder]:
    """When somebody is reminded, as the ward has it now."""
    entries = (await code_list(session, "CONSENT_REMINDER")).values()
    return [
        Reminder(one.code, one.attributes.get("days_after_oral"), one.attributes.get("days_before_end"))
        for one in entries
        if one.active
    ]


async def texts_in_force(session: AsyncSession, on: date) -> list[ConsentText]:
    """The texts that could be shown on a day, the newest first."""
    found = await session.scalars(
        select(ConsentText)
        .where(ConsentText.valid_from <= on)
        .order_by(ConsentText.valid_from.desc(), ConsentText.version.desc())
    )
    return list(found)


async def newest_text(session: AsyncSession, on: date) -> ConsentText:
    """The text that is explained on a day; Missing before the first one holds."""
    found = await texts_in_force(session, on)
    if not found:
        raise Missing(N_("この日に使える文面がまだありません。"))
    return found[0]


async def agencies_of(session: AsyncSession, household: UUID | None = None) -> Agencies:
    """The ward's agencies as the posts tell them; with ``household``, those that take part in it."""
    rows = await session.execute(
        select(KnownPost.agency, KnownPost.agency_kind).where(KnownPost.ended.is_(False)).distinct()
    )
    kinds = dict(sorted((agency, kind) for agency, kind in rows))
    if household is None:
        return Agencies(kinds)
    here = await session.scalars(
        select(AccessGrant.agency)
        .where(
            AccessGrant.household_id == household,
            AccessGrant.ground.in_(_TAKING_PART),
            AccessGrant.agency.is_not(None),
            AccessGrant.ended.is_(False),
        )
        .distinct()
    )
    return Agencies(kinds, frozenset(agency for agency in here if agency is not None))


def who_knows(consents: Iterable[Consent], on: date) -> list[Knows]:
    """Who may know what on a day: a line for each consent that stands and each of its recipients."""
    found = []
    for consent in consents:
        if stands(facts_of(consent), on):
            last = min((day for day in (consent.confirm_by, consent.ends_on) if day is not None), default=None)
            found += [Knows(consent, recipient, last) for recipient in consent.recipients]
    return found


def consents_beside(consents: Sequence[Consent], consent: Consent) -> list[ConsentFacts]:
    """The other consents of the same person."""
    return [facts_of(one) for one in consents if one.member_id == consent.member_id and one.id != consent.id]


async def household_of_consent(session: AsyncSession, consent: UUID) -> UUID:
    """Whose consent it is; Missing for none. What may be seen of it is for the caller to ask."""
    household = await session.scalar(select(Consent.household_id).where(Consent.id == consent))
    if household is None:
        raise Missing(NOT_HERE)
    return household


async def read_consent(session: AsyncSession, actor: Actor, household: UUID, consent: UUID) -> ConsentView:
    """One consent of a household that ``actor`` may see; Missing otherwise.

    Raises Forbidden where a protected person's household is not theirs to see whole: whom somebody trusts says where
    they live.
    """
    home = await find_household(session, actor, household)
    if await sight_of(session, actor, household) not in {Sight.ALL, Sight.CONTACT}:
        raise Forbidden(NOT_YOURS)
    found = await session.get(Consent, consent)
    if found is None or found.household_id != household:
        raise Missing(NOT_HERE)
    member = await session.get_one(Member, found.member_id)
    all_of_them = list(await session.scalars(select(Consent).where(Consent.member_id == member.id)))
    today = clock.today()
    return ConsentView(
        consent=found,
        home=home,
        member=member,
        text=await session.get(ConsentText, found.text_version) if found.text_version else None,
        replaces=next((one for one in all_of_them if one.id == found.replaces_id), None),
        replaced_by=next((one for one in all_of_them if one.replaces_id == found.id), None),
        stands=stands(facts_of(found), today),
        stops=stops_with(facts_of(found), consents_beside(all_of_them, found), today),
        agencies=await agencies_of(session, household),
    )
