"""Protection as people look after it: who stands on the list, whose measure runs out, who asked for the glass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, exists, not_, or_, select

from services.intake.queries.access import AREA_ROLES, allowed_to, viewer_of, visible_to
from services.intake.rules.protection import Asked, ProtectionRules, Somebody, may_answer, may_be_second, warning_now
from services.intake.tables import AccessGrant, Allowance, Glass, Household, Protection
from shared import clock
from shared.codes import Code
from shared.identity import COORDINATING, WITHOUT_CASES, KnownPost

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

MOST_SHOWN = 100
_LOOKED_BACK = timedelta(days=90)
_SOON = timedelta(days=60)


async def rules_now(session: AsyncSession) -> ProtectionRules:
    """What the ward has set."""
    rows = await session.execute(
        select(Code.code, Code.attributes).where(Code.list == "PROTECTION_RULE", Code.active.is_(True))
    )
    found: dict[str, dict[str, Any]] = {code: attributes for code, attributes in rows}  # noqa: C416 - a Row is no pair
    return ProtectionRules.of(found)


def somebody(post: KnownPost) -> Somebody:
    """A post as the rules see it."""
    return Somebody(
        post.post, post.person, post.agency, post.role, post.role in COORDINATING, post.role not in WITHOUT_CASES
    )


def myself(actor: Actor) -> Somebody:
    """Who asks, as the rules see them."""
    return Somebody(
        actor.post, actor.person, actor.agency, actor.role, actor.role in COORDINATING, actor.role not in WITHOUT_CASES
    )


def asked(glass: Glass) -> Asked:
    """A request as the rules see it."""
    asker = Somebody(glass.post, glass.person, glass.agency, "")
    return Asked(asker, glass.second, glass.asked_at, glass.answer, glass.ends_at, glass.shut_at)


async def known_post(session: AsyncSession, post: UUID | None) -> KnownPost | None:
    """A post that somebody holds now."""
    found = None if post is None else await session.get(KnownPost, post)
    return None if found is None or found.ended else found


def _answers_for(home: Household) -> ColumnElement[bool]:
    """Posts that are responsible for its area."""
    area = or_(KnownPost.areas == [], KnownPost.areas.contains([home.area])) if home.area else KnownPost.areas == []
    return and_(KnownPost.role.in_(AREA_ROLES), area)


def _concerned(home: Household) -> ColumnElement[bool]:
    """Posts that may be put on the list: responsible for its area, or with a part in it. Rights never widen by it."""
    part = exists(
        select(AccessGrant.id).where(
            AccessGrant.household_id == home.id,
            AccessGrant.ended.is_(False),
            or_(AccessGrant.post == KnownPost.post, AccessGrant.agency == KnownPost.agency),
        )
    )
    return and_(KnownPost.ended.is_(False), KnownPost.role.not_in(WITHOUT_CASES), or_(_answers_for(home), part))


async def posts_concerned(session: AsyncSession, home: Household) -> list[UUID]:
    """Whom one may put on the allow-list of this household."""
    rows = await session.scalars(
        select(KnownPost.post).where(_concerned(home)).order_by(KnownPost.agency, KnownPost.role, KnownPost.post)
    )
    return list(rows)


async def strangers_among(session: AsyncSession, home: Household, posts: Iterable[UUID]) -> set[UUID]:
    """Those of ``posts`` that may not be put on the list."""
    wanted = set(posts)
    if not wanted:
        return set()
    rows = await session.scalars(select(KnownPost.post).where(KnownPost.post.in_(wanted), _concerned(home)))
    return wanted - set(rows)


async def seconds_for(session: AsyncSession, actor: Actor) -> list[UUID]:
    """Whom this person may ask to approve."""
    rows = await session.scalars(
        select(KnownPost)
        .where(
            KnownPost.ended.is_(False), or_(KnownPost.agency == actor.agency, KnownPost.role.in_(sorted(COORDINATING)))
        )
        .order_by(KnownPost.agency != actor.agency, KnownPost.agency, KnownPost.post)
    )
    return [row.post for row in rows if may_be_second(myself(actor), somebody(row))]


async def allow_lists(session: AsyncSession, household: UUID) -> dict[UUID, list[Allowance]]:
    """The standing lines of each running protection of a household."""
    rows = await session.scalars(
        select(Allowance)
        .join(Protection, Protection.id == Allowance.protection_id)
        .where(Allowance.household_id == household, Allowance.removed_at.is_(None), Protection.ended_at.is_(None))
        .order_by(Allowance.added_at, Allowance.id)
    )
    found: dict[UUID, list[Allowance]] = {}
    for row in rows:
        found.setdefault(row.protection_id, []).append(row)
    return found


async def listed_for_the_area(session: AsyncSession, home: Household) -> tuple[UUID, ...]:
    """Posts that are responsible for its area and stand on a running protection's list, for all of the household."""
    listed = exists(
        select(Allowance.id)
        .join(Protection, Protection.id == Allowance.protection_id)
        .where(
            Allowance.household_id == home.id,
            Allowance.post == KnownPost.post,
            Allowance.side == "all",
            Allowance.removed_at.is_(None),
            Protection.ended_at.is_(None),
        )
    )
    rows = await session.scalars(select(KnownPost.post).where(_answers_for(home), listed).order_by(KnownPost.post))
    return tuple(rows)


async def owners_of(session: AsyncSession, household: UUID) -> list[UUID]:
    """Who owns its cases."""
    rows = await session.scalars(
        select(AccessGrant.post)
        .where(
            AccessGrant.household_id == household,
            AccessGrant.ground == "owner",
            AccessGrant.ended.is_(False),
            AccessGrant.post.is_not(None),
        )
        .distinct()
    )
    return [post for post in rows if post is not None]


async def setters_of(session: AsyncSession, household: UUID) -> list[UUID]:
    """Who set the protections that run."""
    rows = await session.scalars(
        select(Protection.set_by)
        .where(Protection.household_id == household, Protection.ended_at.is_(None))
        .distinct()
        .order_by(Protection.set_by)
    )
    return list(rows)


@dataclass(frozen=True, slots=True)
class Due:
    """A running protection of a household that the viewer is allowed to see. ``left``: days, negative once past."""

    protection: UUID
    household: UUID
    number: str
    kind: str
    ends_on: date | None
    left: int | None


async def due_soon(session: AsyncSession, actor: Actor) -> list[Due]:
    """Protections that run out within 60 days, have run out, or have no day: the most urgent first."""
    today = clock.today()
    rows = await session.execute(
        select(Protection.id, Household.id, Household.number, Protection.kind, Protection.ends_on)
        .join(Household, Household.id == Protection.household_id)
        .where(
            Protection.ended_at.is_(None),
            or_(Protection.ends_on.is_(None), Protection.ends_on <= today + _SOON),
            visible_to(await viewer_of(session, actor)),
            allowed_to(actor),
        )
        .order_by(Protection.ends_on.asc().nulls_last(), Protection.id)
        .limit(MOST_SHOWN)
    )
    return [
        Due(protection, household, number, kind, ends_on, None if ends_on is None else (ends_on - today).days)
        for protection, household, number, kind, ends_on in rows
    ]


async def ending(session: AsyncSession) -> list[UUID]:
    """Running protections about whose end there is something to say today."""
    today, rules = clock.today(), await rules_now(session)
    rows = await session.execute(
        select(Protection.id, Protection.ends_on, Protection.warned_days)
        .where(Protection.ended_at.is_(None), Protection.ends_on <= today + timedelta(days=max(rules.warn_days)))
        .order_by(Protection.ends_on, Protection.id)
    )
    return [id_ for id_, ends_on, warned in rows if warning_now(ends_on, warned, today, rules) is not None]


@dataclass(frozen=True, slots=True)
class Request:
    """A request for the glass as somebody sees it. It names the household by its number alone."""

    glass: Glass
    number: str
    answerable: bool
    open: bool
    waits: bool
    reviewable: bool


async def requests_of(session: AsyncSession, actor: Actor) -> list[Request]:
    """The last 90 days: what this person asked, was asked, or must look back at; what waits for them first."""
    now, rules = clock.now(), await rules_now(session)
    doors: list[ColumnElement[bool]] = [
        Glass.post == actor.post, Glass.second == actor.post, Glass.answered_by == actor.post, allowed_to(actor),
    ]  # fmt: skip
    if actor.role in COORDINATING:
        doors.append(Glass.id.is_not(None))
    rows = (
        await session.execute(
            select(Glass, Household.number, allowed_to(actor))
            .join(Household, Household.id == Glass.household_id)
            .where(Glass.asked_at > now - _LOOKED_BACK, or_(*doors))
            .order_by(Glass.asked_at.desc(), Glass.id)
            .limit(MOST_SHOWN)
        )
    ).all()
    me = myself(actor)
    found = []
    for glass, number, allowed in rows:
        one = asked(glass)
        reviewable = (
            glass.answer == "approved"
            and glass.reviewed_at is None
            and glass.person != actor.person
            and glass.answered_by != actor.post
            and (allowed or actor.role == "manager")
        )
        found.append(
            Request(glass, number, may_answer(one, me, now, rules), one.is_open(now), one.waits(now, rules), reviewable)
        )
    return sorted(found, key=lambda one: (not one.answerable, not one.open, not one.reviewable))


async def glasses_of(session: AsyncSession, household: UUID) -> Sequence[Glass]:
    """Every request about a household, the newest first."""
    rows = await session.scalars(
        select(Glass).where(Glass.household_id == household).order_by(Glass.asked_at.desc()).limit(MOST_SHOWN)
    )
    return rows.all()


async def protected_by_number(session: AsyncSession, number: str) -> UUID | None:
    """The protected household of this number; None when there is none, or none that is protected."""
    found: UUID | None = await session.scalar(
        select(Household.id).where(Household.number == number, Household.protected)
    )
    return found


async def not_listed(session: AsyncSession, actor: Actor, household: UUID) -> bool:
    """Whether ``actor`` stands on no list of it, so that there is something to ask for."""
    return bool(await session.scalar(select(not_(allowed_to(actor))).where(Household.id == household)))
