"""The weekly page of unusual access, put together from the four services' own logs.

Each service looks through its own. Two questions need what lives elsewhere: whether the district of a household is the
one where somebody of the staff lives (both are known here), and whether they share a surname (staff's surnames go to
intake, ids come back: no name of a family leaves it).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from services.casework.queries.relations import relate_posts
from services.casework.tables import Household, Person, Post, UnusualLook
from shared.asking import AwayError, ask
from shared.audit import note
from shared.audit.routes import AUDITING
from shared.audit.unusual import Finding, Pair, Thresholds, in_order, of_pairs, week_of
from shared.audit.weekly import Week, read_week, without_households
from shared.codes import code_list
from shared.errors import Forbidden
from shared.events import SERVICES
from shared.i18n import N_

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor
    from shared.service import Service

_NOT_YOURS = N_("このページは、監査の役割の人と、機関の長だけが見られます。")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page. ``looked``: what an auditor made of it."""

    service: str
    finding: Finding
    looked: UnusualLook | None


@dataclass(frozen=True, slots=True)
class UnusualWeek:
    """The week. ``whole``: with households, for auditors; ``away``: services that could not be asked."""

    monday: date
    sunday: date
    lines: list[Line]
    away: list[str]
    whole: bool
    limits: Thresholds


async def read_unusual(here: Service, actor: Actor, token: str | None, day: date) -> UnusualWeek:
    """The lines of the week of ``day``; Forbidden for who neither audits nor leads an agency."""
    whole = actor.role in AUDITING
    async with here.db.transaction() as session:
        if not whole and not await _leads(session, actor):
            raise Forbidden(_NOT_YOURS)
        limits = await thresholds(session)
        own = await read_week(session, here.name, day, limits, relate_posts)
        await note(session, actor, "audit")
        if not whole:
            colleagues = await session.scalars(select(Post.id).where(Post.agency == actor.agency))
            own = without_households(own, set(colleagues))
    others = [name for name in SERVICES if name != here.name]
    answers = await asyncio.gather(*(_ask_week(here, token, name, day, limits) for name in others))
    weeks = [own, *(one for one in answers if one is not None)]
    away = [name for name, one in zip(others, answers, strict=True) if one is None]
    lines = [(week.service, one) for week in weeks for one in week.findings]
    if whole:
        pairs = _together(week.pairs for week in weeks)
        async with here.db.read() as session:
            lines += [("casework", one) for one in await _own_district(session, pairs)]
            surnames = await _surnames(session, {pair.post for pair in pairs})
        try:
            lines += [("intake", one) for one in await _same_name(here, token, pairs, surnames)]
        except AwayError:
            away = sorted({*away, "intake"})
    monday, sunday = week_of(day)
    async with here.db.read() as session:
        kept = await session.scalars(select(UnusualLook).where(UnusualLook.week == monday))
        looked = {(one.rule, one.post, one.household): one for one in kept} if whole else {}
    order = {id(one): place for place, one in enumerate(in_order(one for _, one in lines))}
    found = [Line(service, one, looked.get(one.key)) for service, one in lines]
    return UnusualWeek(monday, sunday, sorted(found, key=lambda line: order[id(line.finding)]), away, whole, limits)


async def thresholds(session: AsyncSession) -> Thresholds:
    """The ward's numbers: the attributes of the list UNUSUAL."""
    rows = (await code_list(session, "UNUSUAL")).values()
    return Thresholds.model_validate({name: value for row in rows for name, value in row.attributes.items()})


async def _leads(session: AsyncSession, actor: Actor) -> bool:
    post = await session.get(Post, actor.post)
    return post is not None and (post.head or post.role == "manager")


async def _ask_week(here: Service, token: str | None, name: str, day: date, limits: Thresholds) -> Week | None:
    asked: dict[str, Any] = limits.model_dump() | {"day": day.isoformat()}
    try:
        return Week.model_validate(await ask(here, token, name, "/api/audit/unusual", params=asked))
    except (AwayError, ValueError):
        return None


def _together(weeks: Any) -> list[Pair]:
    """The pairs of all services, each once."""
    found: dict[tuple[UUID, UUID], Pair] = {}
    for pairs in weeks:
        for pair in pairs:
            known = found.get((pair.post, pair.household))
            found[pair.post, pair.household] = pair if known is None else Pair(
                post=pair.post,
                household=pair.household,
                times=pair.times + known.times,
                first_at=min(pair.first_at, known.first_at),
                last_at=max(pair.last_at, known.last_at),
            )  # fmt: skip
    return list(found.values())


async def _own_district(session: AsyncSession, pairs: list[Pair]) -> list[Finding]:
    homes = select(Post.id, Person.home_district).join(Person, Person.id == Post.person)
    lived = await session.execute(homes.where(Person.home_district.is_not(None), Post.id.in_({p.post for p in pairs})))
    where = {post: district for post, district in lived}  # noqa: C416 - a Row is no pair
    places = select(Household.id, Household.district).where(Household.id.in_({pair.household for pair in pairs}))
    districts = {household: district for household, district in await session.execute(places)}  # noqa: C416
    return of_pairs(
        "own_district",
        pairs,
        lambda pair: pair.post in where and districts.get(pair.household) == where[pair.post],
    )


async def _surnames(session: AsyncSession, posts: set[UUID]) -> dict[UUID, str]:
    rows = select(Post.id, Person.name, Person.kana).join(Person, Person.id == Post.person).where(Post.id.in_(posts))
    return {post: f"{name}|{kana}" for post, name, kana in await session.execute(rows)}


async def _same_name(here: Service, token: str | None, pairs: list[Pair], surnames: dict[UUID, str]) -> list[Finding]:
    if not pairs:
        return []
    body = {
        "pairs": [[str(pair.post), str(pair.household)] for pair in pairs],
        "surnames": {str(post): name for post, name in surnames.items()},
    }
    answer = await ask(here, token, "intake", "/api/audit/same-name", method="POST", json=body)
    same = {(UUID(post), UUID(household)) for post, household in answer}
    return of_pairs("same_name", pairs, lambda pair: (pair.post, pair.household) in same)
