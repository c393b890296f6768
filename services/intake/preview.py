"""What the rules see while somebody is still typing: types, urgency, words, ages. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.actions.members import member_values
from services.intake.actions.registration import home_traits
from services.intake.queries.access import find_household, sight_of
from services.intake.queries.book import rule_book
from services.intake.queries.facts import Circumstances, circumstances_of, household_facts, members_of
from services.intake.rules.protection import Sight
from services.intake.rules.types import find_types
from services.intake.rules.urgency import propose_urgency
from services.intake.rules.urgent_words import FoundWord, find_words
from services.intake.tables import Household, Member
from shared import clock
from shared.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import ConsultationIn, MemberIn
    from services.intake.rules.rulebook import RuleBook
    from services.intake.rules.types import TypeResult
    from services.intake.rules.urgency import UrgencyProposal
    from shared.identity import Actor

_NOBODY = UUID(int=0)


@dataclass(slots=True)
class Preview:
    """What was found in what has been typed so far. ``members``: as typed, with the birth dates that could be read."""

    results: tuple[TypeResult, ...]
    proposal: UrgencyProposal
    words: tuple[FoundWord, ...]
    members: list[Member]
    book: RuleBook
    births: dict[int, Refused] = field(default_factory=dict)
    """Rows whose birth date can't be read, with the sentence why."""
    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Member id to (name, relation), for the reasons."""


async def preview_consultation(session: AsyncSession, actor: Actor, request: ConsultationIn) -> Preview:
    """Run the rules on what has been typed, on top of what is known when a household is named."""
    book, today = await rule_book(session), clock.today()
    known: list[Member] = []
    around = Circumstances()
    home = Household(
        id=_NOBODY,
        dwelling=request.dwelling,
        incomplete=request.more_people,
        registry_split=request.registry_split,
        traits=home_traits(request),
    )
    if request.household is not None:
        named = await find_household(session, actor, request.household)
        # of a household that is masked the reasons would name people, and the urgency would tell what was told
        if await sight_of(session, actor, named.id) is Sight.ALL:
            home = named
            known = (await members_of(session, [home.id]))[home.id]
            around = (await circumstances_of(session, [home.id]))[home.id]
    found = find_words(request.words, book.words)
    around.worries |= frozenset(request.worries)
    around.safety_flags |= frozenset(request.safety_flags)
    around.urgent_words |= frozenset(one.word.code for one in found)
    ids = [UUID(int=n + 1) for n in range(len(request.members))]
    births: dict[int, Refused] = {}
    typed: list[Member] = []
    for n, one in enumerate(request.members):
        row, refusal = _row(one, n, ids)
        if refusal is not None:
            births[n] = refusal
        typed.append(row)
    facts = household_facts(
        home,
        [*known, *(row for row, one in zip(typed, request.members, strict=True) if one.says_something())],
        around,
    )
    results = find_types(facts, today, book)
    return Preview(
        results=results,
        proposal=propose_urgency(facts, results, request.occurred_at or clock.now(), book),
        words=found,
        members=typed,
        book=book,
        births=births,
        people={str(member.id): (member.name, member.relation) for member in [*known, *typed]},
    )


def _row(one: MemberIn, n: int, ids: list[UUID]) -> tuple[Member, Refused | None]:
    def values(request: MemberIn) -> Member:
        return Member(
            **member_values(request, member=ids[n], household=_NOBODY, position=n + 1, ids=ids, on=clock.today())
        )

    try:
        return values(one), None
    except Refused as refusal:
        left_out: dict[str, object] = {"birth": ""} if refusal.field == "birth" else {"parents": [], "cares_for": None}
        return values(one.model_copy(update=left_out)), refusal
