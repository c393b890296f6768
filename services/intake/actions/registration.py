"""Registering households: one while the phone is at the ear, hundreds at a time from a ledger. One path for both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text

from services.intake.actions.consents import consent_fact, consent_values
from services.intake.actions.findings import finding_row, keep_findings, matched_fact
from services.intake.actions.members import key_values, member_values
from services.intake.actions.protections import first_lines, protection_fact, protection_row
from services.intake.actions.screening import screen_values, screened_fact
from services.intake.actions.stating import registered_fact, state_allow_list
from services.intake.queries.book import protecting_flags, rule_book
from services.intake.queries.facts import Circumstances, household_facts
from services.intake.rules import types
from services.intake.rules.matching import address_keys, household_keys
from services.intake.rules.urgent_words import find_words
from services.intake.tables import Consent, Consultation, Household, Member, Protection, SearchKey
from shared import clock
from shared.audit import note
from shared.errors import Refused
from shared.events.intake import ConsultationReceived
from shared.spine import Fact, hold, record_many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import ConsultationIn, HouseholdAnswers
    from services.intake.rules.rulebook import RuleBook
    from shared.identity import Actor

_FLAGGED_KIND = "dv"
"""PROTECTION_KIND while nobody has said which; the household's page asks for it."""
_NUMBERS = text("SELECT nextval('household_number') FROM generate_series(1, :count)")


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A household to register, with its first consultation when it has one.

    ``sender`` and ``sender_number``: whose ledger it stands in, and under which number, when it was imported.
    ``id`` and ``members``: ids that the sender has chosen (an import derives them from its rows, so that the same
    row makes the same record); new ones when absent.
    """

    request: ConsultationIn
    sender: str | None = None
    sender_number: str | None = None
    id: UUID | None = None
    members: tuple[UUID, ...] = ()
    consultation: bool = True


@dataclass(slots=True)
class Registered:
    """What came of it: rows as they are stored, results of every type, events in their order."""

    household: Household
    members: list[Member]
    consultation: Consultation | None
    results: tuple[types.TypeResult, ...] = ()
    consents: list[Consent] = field(default_factory=list)
    protections: list[Protection] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    keys: list[dict[str, Any]] = field(default_factory=list)


async def register_many(session: AsyncSession, actor: Actor, households: Sequence[NewHousehold]) -> list[Registered]:
    """Register households in one transaction with a fixed number of statements; at most 500 at a time.

    Raises Refused with the field of the first request that can't be stored; the caller drops or mends that one.
    """
    if not households:
        return []
    ids = [new.id or clock.new_id() for new in households]
    await hold(session, *ids)
    book, protecting = await rule_book(session), await protecting_flags(session)
    numbers = (await session.scalars(_NUMBERS, {"count": len(ids)})).all()
    now, today = clock.now(), clock.today()
    made = [
        _build(actor, new, identity, number=f"H-{number}", book=book, protecting=protecting, now=now, today=today)
        for new, identity, number in zip(households, ids, numbers, strict=True)
    ]
    await _store(session, made)
    await keep_findings(
        session,
        [finding_row(one.household.id, result) for one in made for result in one.results if result.verdict != "no"],
    )
    await record_many(session, [fact for one in made for fact in one.facts], actor=actor)
    for one in made:
        if one.protections:
            await state_allow_list(session, actor, one.household)
    await note_rights(session, actor, made)
    return made


async def note_rights(session: AsyncSession, actor: Actor, made: Sequence[Registered]) -> None:
    """Write the protections and consents that came with a contact into the audit, as those set on their own are."""
    await note(session, actor, "protection_set", [row.household_id for one in made for row in one.protections])
    await note(session, actor, "consent_recorded", [row.household_id for one in made for row in one.consents])


async def _store(session: AsyncSession, made: Sequence[Registered]) -> None:
    session.add_all([one.household for one in made])
    await session.flush()
    session.add_all([member for one in made for member in one.members])
    session.add_all([one.consultation for one in made if one.consultation is not None])
    await session.flush()
    session.add_all([row for one in made for row in (*one.consents, *one.protections)])
    await session.flush()
    session.add_all([line for one in made for row in one.protections for line in first_lines(row)])
    keys = [key for one in made for key in one.keys]
    if keys:
        await session.execute(insert(SearchKey), keys)


def home_traits(request: HouseholdAnswers) -> dict[str, Any]:
    """Answers about the home that are known, as they are kept in ``Household.traits``."""
    traits: dict[str, Any] = {
        name: value
        for name in ("lifeline_stopped", "contact_person", "uses_services")
        if (value := getattr(request, name)) != "unknown"
    }
    for name in ("hoarding", "rent_arrears_months", "told_arrears"):
        if (value := getattr(request, name)) is not None:
            traits[name] = value
    if request.last_reaction is not None:
        traits["last_reaction"] = request.last_reaction.isoformat()
    if request.concerns:
        traits["concerns"] = request.concerns
    return traits


def _build(
    actor: Actor,
    new: NewHousehold,
    identity: UUID,
    *,
    number: str,
    book: RuleBook,
    protecting: frozenset[str],
    now: datetime,
    today: date,
) -> Registered:
    request = new.request
    address_key, room = address_keys(request.address, request.room)
    occurred_at = request.occurred_at or now
    home = Household(
        id=identity,
        number=number,
        address=request.address,
        address_key=address_key,
        room=request.room or room,
        area=request.area,
        district=request.district,
        mesh=request.mesh,
        phone=request.phone,
        dwelling=request.dwelling,
        incomplete=request.more_people,
        registry_split=request.registry_split,
        traits=home_traits(request),
        protected=False,
        types_on=today,
        version=1,
        last_heard_at=occurred_at,
        registered_at=now,
        registered_by=actor.post,
        agency=actor.agency,
        sender=new.sender,
        sender_number=new.sender_number,
    )
    made = Registered(home, [], None)
    add_members(made, request, new.members, today)
    protect_by_flag(made, actor, request, protecting)
    made.facts.insert(0, Fact(registered_fact(home), occurred_at))
    made.keys += [
        {"household_id": identity, "member_id": None, "kind": kind, "value": value}
        for kind, value in household_keys(request.address, request.room, request.phone)
    ]
    around = Circumstances(
        worries=frozenset(request.worries),
        safety_flags=frozenset(request.safety_flags),
        urgent_words=frozenset(found.word.code for found in find_words(request.words, book.words)),
    )
    if new.consultation:
        around.intake_agencies_90_days = frozenset({actor.agency})
        made.consultation = consultation_row(actor, identity, request, sorted(around.urgent_words), now)
        made.facts.append(Fact(received_fact(made.consultation), occurred_at))
    facts = household_facts(home, made.members, around)
    made.results = types.find_types(facts, today, book)
    made.facts += [Fact(matched_fact(identity, result)) for result in made.results if result.verdict != "no"]
    if made.consultation is not None:
        consents = [one.consent for one in request.members if one.consent is not None]
        screen_values(
            made.consultation, actor, request, facts=facts, results=made.results, book=book, consents=consents
        )
        if made.consultation.urgency is not None:
            made.facts.append(Fact(screened_fact(made.consultation)))
    add_consents(made, actor, request, today)
    return made


def add_members(
    made: Registered, request: ConsultationIn, chosen: Sequence[UUID], today: date, *, after: int = 0
) -> None:
    """The members of a request, behind the ``after`` who are there already."""
    people = [(n, one) for n, one in enumerate(request.members) if one.says_something()]
    ids = list(chosen) or [clock.new_id() for _ in request.members]
    for place, (n, one) in enumerate(people, after + 1):
        try:
            row = member_values(one, member=ids[n], household=made.household.id, position=place, ids=ids, on=today)
        except Refused as refusal:
            raise Refused(refusal.text, f"members.{n}.{refusal.field}", **refusal.params) from None
        made.members.append(Member(**row))
        made.keys += key_values(row)


def protect_by_flag(made: Registered, actor: Actor, request: ConsultationIn, protecting: frozenset[str]) -> None:
    """A ticked 支援措置 protects at once: the person in question, or whoever stands first."""
    if not made.members or protecting.isdisjoint(request.safety_flags):
        return
    whom = next((one for one in made.members if one.relation == "self"), made.members[0])
    protection = protection_row(actor, made.household, whom.id, _FLAGGED_KIND)
    made.protections.append(protection)
    made.facts.append(Fact(protection_fact(protection)))


def add_consents(made: Registered, actor: Actor, request: ConsultationIn, today: date) -> None:
    """What was typed of each member's consent."""
    people = [one for one in request.members if one.says_something()]
    members = made.members[-len(people) :] if people else []
    for one, member in zip(people, members, strict=True):
        if one.consent is None:
            continue
        consent = Consent(**consent_values(actor, member.household_id, member.id, one.consent, today))
        made.consents.append(consent)
        made.facts.append(Fact(consent_fact(consent)))


def consultation_row(
    actor: Actor, household: UUID, request: ConsultationIn, urgent_words: list[str], now: datetime
) -> Consultation:
    """The row of a consultation, not yet screened."""
    return Consultation(
        id=clock.new_id(),
        household_id=household,
        occurred_at=request.occurred_at or now,
        received_at=now,
        received_by=actor.post,
        agency=actor.agency,
        channel=request.channel,
        route=request.route,
        referrer=request.referrer,
        caller_name=request.caller_name,
        caller_relation=request.caller_relation,
        caller_phone=request.caller_phone,
        anonymous=request.anonymous,
        worries=request.worries,
        main_worry=request.main_worry,
        words=request.words,
        safety_flags=request.safety_flags,
        avoid=request.avoid,
        urgent_words=urgent_words,
        urgency_proposed=None,
        urgency=None,
        result=None,
        result_reason="",
        handed_to=None,
        first_contact_due=None,
        sight_check_due=None,
        screened_by=None,
        screened_at=None,
    )


def received_fact(consultation: Consultation) -> ConsultationReceived:
    """What the others learn of a consultation: codes, never its words."""
    return ConsultationReceived(
        household=consultation.household_id,
        consultation=consultation.id,
        channel=consultation.channel,
        route=consultation.route,
        referrer=consultation.referrer,
        worries=tuple(consultation.worries),
        main_worry=consultation.main_worry,
        safety_flags=tuple(consultation.safety_flags),
        received_by=consultation.received_by,
        agency=consultation.agency,
    )
