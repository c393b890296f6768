"""Agencies, people and posts: who works where, since when, until when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.casework.rules.cases import PostFacts
from services.casework.rules.sessions import holds_post
from services.casework.tables import Agency, DutyPost, Person, Post, SignIn
from shared import clock
from shared.codes import find_code
from shared.events.casework import PostEnded, PostStarted, SessionEnded
from shared.identity import end_access
from shared.spine import Fact, hold, record, record_many

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

WHOLE_WARD = "*"


class AgencyOfWard(Protocol):
    """An agency as a ward is described (``services.ward.staff.Agency``)."""

    @property
    def code(self) -> str: ...  # noqa: D102 - attributes of a description
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def ja(self) -> str: ...  # noqa: D102
    @property
    def en(self) -> str: ...  # noqa: D102
    @property
    def areas(self) -> tuple[str, ...]: ...  # noqa: D102


class PostOfWard(Protocol):
    """A post as a ward is described (``services.ward.staff.Post``)."""

    @property
    def id(self) -> UUID: ...  # noqa: D102 - attributes of a description
    @property
    def person(self) -> UUID: ...  # noqa: D102
    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def agency(self) -> str: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102
    @property
    def areas(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kana(self) -> str: ...  # noqa: D102
    @property
    def romaji(self) -> str: ...  # noqa: D102
    @property
    def title_ja(self) -> str: ...  # noqa: D102
    @property
    def title_en(self) -> str: ...  # noqa: D102
    @property
    def head(self) -> bool: ...  # noqa: D102


class Ward(Protocol):
    """A ward's offices and staff; the module ``services.ward.staff`` is one."""

    @property
    def AGENCIES(self) -> Iterable[AgencyOfWard]: ...  # noqa: N802, D102 - constants of a module
    @property
    def POSTS(self) -> Iterable[PostOfWard]: ...  # noqa: N802, D102
    @property
    def STARTS_ON(self) -> date: ...  # noqa: N802, D102


_STAFF = "casework.staff"


async def install_ward(session: AsyncSession, ward: Ward) -> int:
    """Bring a ward's agencies, people and posts in; how many posts are new. Doing it again changes nothing.

    Coordinators are put on duty for the whole ward, in the order in which they stand.
    """
    agencies = list(ward.AGENCIES)
    posts = list(ward.POSTS)
    kinds = {agency.code: agency.kind for agency in agencies}
    await session.execute(
        insert(Agency)
        .values([
            {"code": a.code, "kind": a.kind, "ja": a.ja, "en": a.en, "areas": list(a.areas)} for a in agencies
        ])
        .on_conflict_do_nothing()
    )  # fmt: skip
    people = {p.person: {"id": p.person, "name": p.name, "kana": p.kana, "romaji": p.romaji} for p in posts}
    await session.execute(insert(Person).values(list(people.values())).on_conflict_do_nothing())
    known = set(await session.scalars(select(Post.id)))
    new = [post for post in posts if post.id not in known]
    if new:
        await hold(session, *(post.id for post in new))
        await session.execute(insert(Post).values([_row(post, ward.STARTS_ON) for post in new]))
        await record_many(session, [Fact(_started(post, kinds[post.agency], ward.STARTS_ON)) for post in new])
    duty = [post.id for post in posts if post.role == "coordinator"]
    if duty:
        rows = [{"area": WHOLE_WARD, "post": post, "position": place} for place, post in enumerate(duty)]
        await session.execute(insert(DutyPost).values(rows).on_conflict_do_nothing())
    return len(new)


def _row(post: PostOfWard, starts_on: date) -> dict[str, object]:
    return {
        "id": post.id,
        "code": post.code,
        "person": post.person,
        "agency": post.agency,
        "role": post.role,
        "areas": list(post.areas),
        "title_ja": post.title_ja,
        "title_en": post.title_en,
        "head": post.head,
        "starts_on": starts_on,
    }


def _started(post: PostOfWard, kind: str, starts_on: date) -> PostStarted:
    return PostStarted(
        post=post.id,
        person=post.person,
        agency=post.agency,
        agency_kind=kind,
        role=post.role,
        areas=post.areas,
        starts_on=starts_on,
    )


async def close_post(session: AsyncSession, actor: Actor | None, post: Post) -> None:
    """End all rights of a post at once, here and (by ``post_ended``) everywhere; its sessions end with it.

    The post is held and locked; whoever calls has handed its cases on (``handing.end_post``).
    """
    now = clock.now()
    post.ended_at = now
    session.info.pop(_STAFF, None)
    await end_access(session, "post", post.id, now)
    running = update(SignIn).where(SignIn.post == post.id, SignIn.ended_at.is_(None))
    await session.execute(running.values(ended_at=now))
    await record(session, PostEnded(post=post.id), actor=actor)


async def end_session(session: AsyncSession, sign_in: SignIn, *, actor: Actor | None = None) -> None:
    """End a session at once: its tokens are refused from now on, everywhere."""
    await hold(session, sign_in.post)
    await session.refresh(sign_in)
    if sign_in.ended_at is not None:
        return
    now = clock.now()
    sign_in.ended_at = now
    await end_access(session, "session", sign_in.id, now)
    await record(session, SessionEnded(post=sign_in.post, session=sign_in.id), actor=actor)


async def post_facts(session: AsyncSession, post_id: UUID | None) -> PostFacts | None:
    """A post as the rules see it, or None."""
    post = await _post(session, post_id) if post_id is not None else None
    return await _as_facts(session, post) if post is not None else None


async def heads_of(session: AsyncSession, post: PostFacts) -> list[PostFacts]:
    """The posts that lead this one's agency, without itself."""
    query = select(Post.id).where(Post.agency == post.agency, Post.head, Post.ended_at.is_(None), Post.id != post.id)
    found = [await post_facts(session, head) for head in await session.scalars(query.order_by(Post.starts_on, Post.id))]
    return [head for head in found if head is not None]


async def on_duty(session: AsyncSession, area: str | None) -> list[PostFacts]:
    """The posts on duty for an area, then those for the whole ward."""
    listed = select(DutyPost.post, DutyPost.area, DutyPost.position).where(DutyPost.area.in_([area or "", WHOLE_WARD]))
    order = {post: (of == WHOLE_WARD, position) for post, of, position in (await session.execute(listed)).all()}
    posts = [await _post(session, post) for post in sorted(order, key=lambda post: order[post])]
    return [await _as_facts(session, post) for post in posts if post is not None]


async def _post(session: AsyncSession, post_id: UUID) -> Post | None:
    """A post, read once a session and kept from ending before the commit: a case never gets an owner who has gone."""
    known: dict[UUID, Post | None] = session.info.setdefault(_STAFF, {})
    if post_id not in known:
        kept = {"read": True, "key_share": True}
        known[post_id] = await session.get(Post, post_id, with_for_update=kept, populate_existing=True)
    return known[post_id]


async def _as_facts(session: AsyncSession, post: Post) -> PostFacts:
    role = await find_code(session, "POST_ROLE", post.role)
    return PostFacts(
        id=post.id,
        role=post.role,
        agency=post.agency,
        owns=bool(role and role.attributes.get("owns")),
        ended=not holds_post(
            starts_on=post.starts_on, ends_on=post.ends_on, ended=post.ended_at is not None, today=clock.today()
        ),
    )
