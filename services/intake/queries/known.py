"""Who is perhaps known already: households that share a key, scored by the rules, protected ones left out in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import case, func, not_, select, true, tuple_

from services.intake.queries.access import kept_back, showing, viewer_of
from services.intake.queries.facts import birth_of, members_of
from services.intake.queries.labels import family_name
from services.intake.rules.birth import UNKNOWN_BIRTH
from services.intake.rules.birth_reading import parse_birth
from services.intake.rules.matching import WEAK_KINDS, Home, Person, household_keys, member_keys, rank_candidates
from services.intake.tables import Consultation, Household, Member, SearchKey
from shared import clock
from shared.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import ConsultationIn
    from services.intake.rules.birth import Birth
    from services.intake.rules.matching import Key
    from services.intake.rules.reasons import Reason
    from shared.identity import Actor

_MOST_COMPARED = 60
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Known:
    """A household that may be the same one. ``names``: what its members are called, by id, for the reasons."""

    household: UUID
    number: str
    called: str
    score: int
    reasons: tuple[Reason, ...]
    names: dict[str, str]
    last_heard_at: datetime
    last_agency: str


def asked_home(request: ConsultationIn) -> Home:
    """What was typed so far, as something to compare; a birth date that can't be read yet is not known yet."""
    people = tuple(
        Person(str(n), member.name, member.kana, _birth(member.birth), member.phone)
        for n, member in enumerate(request.members)
    )
    return Home("", people, request.address, request.room, request.phone or request.caller_phone)


def _birth(text: str) -> Birth:
    try:
        return parse_birth(text, clock.today())
    except Refused:
        return UNKNOWN_BIRTH


def stored_home(home: Household, members: Sequence[Member]) -> Home:
    """A stored household as something to compare."""
    people = tuple(
        Person(str(member.id), member.name, member.kana, birth_of(member), member.phone) for member in members
    )
    return Home(str(home.id), people, home.address, home.room, home.phone, protected=home.protected)


def _keys_of(home: Home) -> set[Key]:
    keys = set(household_keys(home.address, home.room, home.phone))
    for person in home.people:
        row = {
            "name": person.name,
            "kana": person.kana,
            "phone": person.phone,
            "birth_earliest": person.birth.earliest,
            "birth_latest": person.birth.latest,
        }
        keys |= set(member_keys(row))
    return keys


async def find_known(session: AsyncSession, asked: Home, actor: Actor | None, *, alike: bool = False) -> list[Known]:
    """The best candidates for ``asked``, at most five; of those ``actor`` may see, or of all without one.

    ``alike``: only those that may be SUSPICIOUS, which weak keys alone never make; most calls then compare with nobody.
    """
    keys = _keys_of(asked)
    if not keys:
        return []
    strength = func.sum(case((SearchKey.kind.in_(WEAK_KINDS), 0), else_=1))
    matched = (
        select(SearchKey.household_id)
        .join(Household, Household.id == SearchKey.household_id)
        .where(
            tuple_(SearchKey.kind, SearchKey.value).in_(sorted(keys)),
            not_(kept_back()),
            showing(await viewer_of(session, actor), "listed") if actor is not None else true(),
        )
        .group_by(SearchKey.household_id)
        .having(strength > 0 if alike else true())
        .order_by(strength.desc(), func.count().desc(), SearchKey.household_id)
        .limit(_MOST_COMPARED)
    )
    homes = (await session.scalars(select(Household).where(Household.id.in_(matched)))).all()
    if not homes:
        return []
    members = await members_of(session, [home.id for home in homes])
    stored = [stored_home(home, members[home.id]) for home in homes]
    best = rank_candidates(asked, stored, clock.today())[:_MOST_SHOWN]
    by_id = {str(home.id): home for home in homes}
    agencies = await _last_agencies(session, [UUID(one.home) for one in best])
    return [
        Known(
            household=by_id[one.home].id,
            number=by_id[one.home].number,
            called=family_name([(m.name, m.left_reason) for m in members[by_id[one.home].id]], by_id[one.home].number),
            score=one.score,
            reasons=one.reasons,
            names={str(m.id): m.name for m in members[by_id[one.home].id]},
            last_heard_at=by_id[one.home].last_heard_at,
            last_agency=agencies.get(by_id[one.home].id, by_id[one.home].agency),
        )
        for one in best
    ]


async def _last_agencies(session: AsyncSession, households: Sequence[UUID]) -> dict[UUID, str]:
    rows = await session.execute(
        select(Consultation.household_id, Consultation.agency)
        .where(Consultation.household_id.in_(households))
        .order_by(Consultation.received_at)
    )
    return {household: agency for household, agency in rows}  # noqa: C416 - a Row is no pair
