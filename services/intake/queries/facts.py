"""Rows as the rules see them: :class:`MemberFacts` and :class:`HouseholdFacts` from what the tables hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy import func, select

from services.intake.rules.birth import UNKNOWN_BIRTH, Birth, Precision
from services.intake.rules.facts import HouseholdFacts, MemberFacts
from services.intake.rules.kleene import UNKNOWN, Truth, truth
from services.intake.tables import AccessGrant, CaseOfHousehold, Consultation, Household, Member
from shared import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

MEMBER_ANSWERS = (
    "studies",
    "own_pension",
    "illness_suspected",
    "sees_doctor",
    "refuses_help",
    "alone_by_day",
    "talks_outside_family",
    "school_missed",
    "carer_concern",
)
"""Yes/no questions about a person, kept in ``Member.traits``; a missing key is *unknown*."""
HOUSEHOLD_ANSWERS = ("lifeline_stopped", "contact_person", "uses_services")
_RECENT = timedelta(days=90)


@dataclass(slots=True)
class Circumstances:
    """What is known around a household beside its own rows: consultations, agencies, lead."""

    worries: frozenset[str] = frozenset()
    safety_flags: frozenset[str] = frozenset()
    urgent_words: frozenset[str] = frozenset()
    agencies: frozenset[str] = frozenset()
    intake_agencies_90_days: frozenset[str] = frozenset()
    lead_named: Truth = Truth.UNKNOWN
    last_heard: datetime | None = field(default=None)


def birth_of(member: Member) -> Birth:
    """The interval of days on which ``member`` may have been born."""
    if member.birth_earliest is None or member.birth_latest is None:
        return UNKNOWN_BIRTH
    return Birth(
        member.birth_earliest,
        member.birth_latest,
        Precision(member.birth_precision),
        estimated=member.birth_estimated,
        said=member.birth_said,
    )


def _answer(traits: Mapping[str, Any], name: str) -> Truth:
    return Truth(traits.get(name, "unknown"))


def _known(traits: Mapping[str, Any], name: str) -> Any:
    value = traits.get(name)
    return UNKNOWN if value is None else value


def member_facts(member: Member) -> MemberFacts:
    """One person as the rules see them."""
    traits = member.traits
    cares_for = _known(traits, "cares_for")
    return MemberFacts(
        id=str(member.id),
        relation=member.relation,
        birth=birth_of(member),
        sex=member.sex,
        coresident=member.coresident,
        left=member.left_reason,
        parents=frozenset(traits.get("parents", ())),
        marital=member.marital,
        work=member.work,
        care_level=member.care,
        dementia_diagnosis=member.dementia_diagnosis,
        dementia_level=member.dementia_level,
        disability=frozenset(member.disability),
        withdrawn_months=_known(traits, "withdrawn_months"),
        cares_for=UNKNOWN if cares_for is UNKNOWN else frozenset(cares_for),
        care_hours_weekday=_known(traits, "care_hours_weekday"),
        **{name: _answer(traits, name) for name in MEMBER_ANSWERS},
    )


def household_facts(household: Household, members: Iterable[Member], around: Circumstances) -> HouseholdFacts:
    """A household as the rules see it."""
    traits = household.traits
    told = _known(traits, "told_arrears")
    reaction = _known(traits, "last_reaction")
    return HouseholdFacts(
        id=str(household.id),
        members=tuple(member_facts(member) for member in members),
        incomplete=household.incomplete,
        registry_split=household.registry_split,
        dwelling=household.dwelling,
        worries=around.worries,
        concerns=frozenset(traits.get("concerns", ())),
        safety_flags=around.safety_flags,
        hoarding=_known(traits, "hoarding"),
        rent_arrears_months=_known(traits, "rent_arrears_months"),
        told_arrears=UNKNOWN if told is UNKNOWN else frozenset(told),
        last_reaction=UNKNOWN if reaction is UNKNOWN else date.fromisoformat(reaction),
        agencies=around.agencies,
        intake_agencies_90_days=around.intake_agencies_90_days,
        lead_named=around.lead_named,
        notes=around.urgent_words,
        **{name: _answer(traits, name) for name in HOUSEHOLD_ANSWERS},
    )


async def members_of(session: AsyncSession, households: Sequence[UUID]) -> dict[UUID, list[Member]]:
    """The members of each household in their order, also those who have left."""
    rows = await session.scalars(
        select(Member).where(Member.household_id.in_(households)).order_by(Member.household_id, Member.position)
    )
    found: dict[UUID, list[Member]] = {household: [] for household in households}
    for member in rows:
        found[member.household_id].append(member)
    return found


async def circumstances_of(session: AsyncSession, households: Sequence[UUID]) -> dict[UUID, Circumstances]:
    """What surrounds each household, in three queries however many there are."""
    around = {household: Circumstances() for household in households}
    recent = clock.now() - _RECENT
    told = await session.execute(
        select(
            Consultation.household_id,
            Consultation.worries,
            Consultation.safety_flags,
            Consultation.urgent_words,
            Consultation.agency,
            Consultation.received_at,
        ).where(Consultation.household_id.in_(households))
    )
    for household, worries, flags, words, agency, received_at in told:
        one = around[household]
        one.worries |= frozenset(worries)
        one.safety_flags |= frozenset(flags)
        one.urgent_words |= frozenset(words)
        if received_at >= recent and agency:
            one.intake_agencies_90_days |= {agency}
    grants = await session.execute(
        select(AccessGrant.household_id, func.array_agg(AccessGrant.agency))
        .where(
            AccessGrant.household_id.in_(households),
            AccessGrant.ended.is_(False),
            AccessGrant.ground == "agency",
        )
        .group_by(AccessGrant.household_id)
    )
    for household, agencies in grants:
        around[household].agencies = frozenset(cast("list[str]", agencies))
    leads = await session.execute(
        select(CaseOfHousehold.household_id, func.bool_or(CaseOfHousehold.lead.is_not(None)))
        .where(CaseOfHousehold.household_id.in_(households), CaseOfHousehold.closed.is_(False))
        .group_by(CaseOfHousehold.household_id)
    )
    for household, named in leads:
        around[household].lead_named = truth(bool(named))
    return around
