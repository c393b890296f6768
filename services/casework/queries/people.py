"""Who works here, in which posts and with what account; which posts end soon, and what has no owner then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from services.casework.rules.handing import WARNED_DAYS, Stage, stage
from services.casework.rules.sessions import holds_post
from services.casework.tables import Account, AccountLetter, Case, Handover, Identity, Person, Post, SignIn
from shared import clock
from shared.codes import code_list

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

_SHOWN = 500


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One row of the list. ``account``: none, waiting (letter not opened yet), there."""

    id: UUID
    name: str
    romaji: str
    posts: list[Post]
    account: str
    login: str = ""


@dataclass(frozen=True, slots=True)
class EndingPost:
    """A post that ends within the warned days. ``cases``: how many it owns."""

    post: Post
    stage: Stage
    left: int
    cases: int


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """Everything an administrator sees of one person."""

    person: Person
    posts: list[Post]
    account: Account | None
    letter: AccountLetter | None
    sessions: list[SignIn]
    identities: list[Identity]
    owned: dict[UUID, int] = field(default_factory=dict)
    """Open cases by post."""


@dataclass(frozen=True, slots=True)
class HandoverLine:
    """A case that has come to me and that I have not yet said to have."""

    case: UUID
    number: str
    household: UUID
    before: UUID
    at: datetime
    why: str


async def list_people(session: AsyncSession) -> list[PersonLine]:
    """Everybody, by name, with the posts that have not ended; three queries."""
    people = list(await session.scalars(select(Person).order_by(Person.kana, Person.name, Person.id).limit(_SHOWN)))
    posts: dict[UUID, list[Post]] = {}
    for post in await session.scalars(select(Post).where(Post.ended_at.is_(None)).order_by(Post.starts_on)):
        posts.setdefault(post.person, []).append(post)
    accounts = {account.person: account for account in await session.scalars(select(Account))}
    return [
        PersonLine(
            id=person.id,
            name=person.name,
            romaji=person.romaji,
            posts=posts.get(person.id, []),
            account=_state_of(accounts.get(person.id)),
            login=accounts[person.id].login if person.id in accounts else "",
        )
        for person in people
    ]


async def read_person(session: AsyncSession, person_id: UUID) -> PersonDetail | None:
    """One person, their posts (ended ones too), account and sessions."""
    person = await session.get(Person, person_id)
    if person is None:
        return None
    posts = list(await session.scalars(select(Post).where(Post.person == person_id).order_by(Post.starts_on.desc())))
    unused = select(AccountLetter).where(AccountLetter.person == person_id, AccountLetter.used_at.is_(None))
    return PersonDetail(
        person=person,
        posts=posts,
        account=await session.get(Account, person_id),
        letter=await session.scalar(unused.order_by(AccountLetter.made_at.desc()).limit(1)),
        sessions=await running_sessions(session, person_id),
        identities=list(await session.scalars(select(Identity).where(Identity.person == person_id))),
        owned=await _owned(session, [post.id for post in posts]),
    )


async def running_sessions(session: AsyncSession, person: UUID) -> list[SignIn]:
    """A person's sessions that have not ended, the latest first."""
    query = select(SignIn).where(SignIn.person == person, SignIn.ended_at.is_(None), SignIn.ends_at > clock.now())
    return list(await session.scalars(query.order_by(SignIn.last_seen_at.desc(), SignIn.id)))


async def ending_posts(session: AsyncSession, only: UUID | None = None) -> list[EndingPost]:
    """Posts whose last day comes within thirty days, the nearest first; ``only``: of one person."""
    today = clock.today()
    query = select(Post).where(Post.ended_at.is_(None), Post.ends_on <= today + timedelta(days=WARNED_DAYS[0]))
    if only is not None:
        query = query.where(Post.person == only)
    posts = list(await session.scalars(query.order_by(Post.ends_on, Post.agency, Post.id)))
    owned = await _owned(session, [post.id for post in posts])
    return [
        EndingPost(post, stage(post.ends_on, today), (_last(post) - today).days, owned.get(post.id, 0))
        for post in posts
    ]


async def waiting_handovers(session: AsyncSession, actor: Actor) -> list[HandoverLine]:
    """Cases that came to this post and wait for it to say that it has them."""
    query = (
        select(Handover, Case.number, Case.household)
        .join(Case, Case.id == Handover.case_id)
        .where(Handover.after == actor.post, Handover.acknowledged_at.is_(None), Case.owner == actor.post)
        .where(Case.state == "open")
        .order_by(Handover.at, Handover.id)
        .limit(_SHOWN)
    )
    return [
        HandoverLine(row.case_id, number, household, row.before, row.at, row.why)
        for row, number, household in (await session.execute(query)).all()
    ]


async def possible_successors(session: AsyncSession, post: Post) -> list[Post]:
    """Posts that may own cases and last longer than this one: those of its agency first."""
    owning = [code for code, row in (await code_list(session, "POST_ROLE")).items() if row.attributes.get("owns")]
    last = post.ends_on or clock.today()
    query = select(Post).where(Post.role.in_(owning), Post.ended_at.is_(None), Post.id != post.id)
    found = [one for one in await session.scalars(query) if one.ends_on is None or one.ends_on > last]
    return sorted(found, key=lambda one: (one.agency != post.agency, one.agency, str(one.id)))


def held_today(post: Post) -> bool:
    """Whether a post is held today."""
    return holds_post(
        starts_on=post.starts_on, ends_on=post.ends_on, ended=post.ended_at is not None, today=clock.today()
    )


async def _owned(session: AsyncSession, posts: Collection[UUID]) -> dict[UUID, int]:
    query = select(Case.owner, func.count()).where(Case.owner.in_(posts), Case.state == "open").group_by(Case.owner)
    return {owner: int(count) for owner, count in (await session.execute(query)).all()}


def _last(post: Post) -> date:
    return post.ends_on or clock.today()


def _state_of(account: Account | None) -> str:
    return "none" if account is None else "there" if account.password_hash else "waiting"
