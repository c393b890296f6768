"""Consultations (相談受付): received, for a new household or one that is known; screened by a person."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from services.intake.actions.consents import consent_states
from services.intake.actions.findings import find_types
from services.intake.actions.links import link_households, suspect_duplicates
from services.intake.actions.protections import end_links, first_lines
from services.intake.actions.registration import (
    NewHousehold,
    Registered,
    add_consents,
    add_members,
    consultation_row,
    home_traits,
    note_rights,
    protect_by_flag,
    received_fact,
    register_many,
)
from services.intake.actions.screening import screen_values, screened_fact
from services.intake.actions.sides import is_split
from services.intake.actions.stating import state_allow_list
from services.intake.queries.access import NOT_HERE, WRITING_ROLES, find_household
from services.intake.queries.book import protecting_flags, rule_book
from services.intake.queries.facts import circumstances_of, household_facts, members_of
from services.intake.requests import LinkIn, MemberIn
from services.intake.rules import types
from services.intake.rules.urgent_words import find_words
from services.intake.tables import Consultation, Household, SearchKey
from shared import clock
from shared.errors import Forbidden, Missing, Refused
from shared.i18n import N_
from shared.spine import Fact, hold, record, record_many

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import ConsultationIn, ScreeningIn
    from shared.identity import Actor

_NOTHING_SAID = N_("一行でよいので、聞いたことを書くか、困りごとに印をつけてください。")


async def receive_consultation(session: AsyncSession, actor: Actor, request: ConsultationIn) -> Registered:
    """Log one contact; with it a household, its members, its types, and the screening when somebody decided."""
    if actor.role not in WRITING_ROLES:
        raise Forbidden(N_("この職では相談を登録できません。"))
    refuse_empty(request)
    if request.occurred_at is not None and request.occurred_at > clock.now():
        raise Refused(N_("これからの日時は書けません。"), field="occurred_at")
    if request.household is not None:
        return await _add_to_known(session, actor, request.household, request)
    (made,) = await register_many(session, actor, [NewHousehold(request)])
    for other in request.not_same:
        with contextlib.suppress(Missing):  # somebody there was protected while this was typed
            await link_households(session, actor, made.household.id, LinkIn(other=other, answer="refused"))
    await suspect_duplicates(session, actor, made.household, made.members, without=frozenset(request.not_same))
    return made


def refuse_empty(request: ConsultationIn) -> None:
    """One line of text or one worry is enough; nothing at all is not."""
    said = request.words or request.worries or request.safety_flags or request.avoid
    untouched = MemberIn(relation="self")  # the form's own first row says 本人 before anybody has typed
    if not said and not any(member.says_something() and member != untouched for member in request.members):
        raise Refused(_NOTHING_SAID, field="words")


async def _add_to_known(session: AsyncSession, actor: Actor, household: UUID, request: ConsultationIn) -> Registered:
    await hold(session, household)
    home = await find_household(session, actor, household, deed="tell")
    book, now, today = await rule_book(session), clock.now(), clock.today()
    words = sorted({found.word.code for found in find_words(request.words, book.words)})
    known = (await members_of(session, [household]))[household]
    made = Registered(home, [], consultation_row(actor, household, request, words, now))
    add_members(made, request, (), today, after=max((m.position for m in known), default=0))
    if await is_split(session, household):
        for row in (*made.members, made.consultation):
            if row is not None:
                row.apart = True
    _fill_in(home, request)
    home.last_heard_at = max(home.last_heard_at, request.occurred_at or now)
    consultation = made.consultation
    if consultation is None:  # pragma: no cover - made just above
        raise Missing(NOT_HERE)
    session.add_all(made.members)
    session.add(consultation)
    await session.flush()
    add_consents(made, actor, request, today)
    protect_by_flag(made, actor, request, await protecting_flags(session) if not home.protected else frozenset())
    session.add_all([*made.consents, *made.protections])
    if made.protections:
        await session.flush()
        session.add_all([line for row in made.protections for line in first_lines(row)])
        await end_links(session, actor, household)
    await note_rights(session, actor, [made])
    if made.keys:
        await session.execute(insert(SearchKey), made.keys)
    await record_many(session, [Fact(received_fact(consultation), consultation.occurred_at), *made.facts], actor=actor)
    if made.protections:
        await state_allow_list(session, actor, home)
    await find_types(session, actor, home)
    around = (await circumstances_of(session, [household]))[household]
    facts = household_facts(home, [*known, *made.members], around)
    made.results = types.find_types(facts, today, book)
    consents = await consent_states(session, household)
    screen_values(consultation, actor, request, facts=facts, results=made.results, book=book, consents=consents)
    if consultation.urgency is not None:
        await record(session, screened_fact(consultation), actor=actor)
    return made


def _fill_in(home: Household, request: ConsultationIn) -> None:
    """A later call adds what was not known; what is known is corrected on the household's own page."""
    for name in ("address", "phone", "mesh"):
        if not getattr(home, name) and getattr(request, name):
            setattr(home, name, getattr(request, name))
    if home.dwelling == "unknown":
        home.dwelling = request.dwelling
    home.traits = home_traits(request) | home.traits
    home.incomplete = home.incomplete or request.more_people
    home.version += 1


async def screen_consultation(
    session: AsyncSession, actor: Actor, consultation: UUID, request: ScreeningIn
) -> Consultation:
    """Decide how urgent a logged consultation is; deciding again states it again."""
    household = await session.scalar(select(Consultation.household_id).where(Consultation.id == consultation))
    if household is None:
        raise Missing(NOT_HERE)
    await hold(session, household)
    home = await find_household(session, actor, household, deed="correct")
    found = await session.get(Consultation, consultation, populate_existing=True)
    if found is None:
        raise Missing(NOT_HERE)
    book = await rule_book(session)
    members = (await members_of(session, [household]))[household]
    around = (await circumstances_of(session, [household]))[household]
    facts = household_facts(home, members, around)
    results = types.find_types(facts, clock.today(), book)
    consents = await consent_states(session, household)
    screen_values(found, actor, request, facts=facts, results=results, book=book, consents=consents)
    await record(session, screened_fact(found), actor=actor)
    return found
