"""People of the ward and the posts they hold: registered, begun, limited by an administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from services.casework.actions.accounts import demand_administrator
from services.casework.actions.handing import name_successor
from services.casework.tables import Agency, Identity, Person, Post
from shared import clock
from shared.audit import note
from shared.codes import find_code
from shared.errors import Conflict, Missing, Refused
from shared.events.casework import PostStarted
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.requests import BindIdentity, LimitPost, RegisterPerson, StartPost
    from shared.identity import Actor

_NO_PERSON = N_("その人は登録されていません。")
_NO_POST = N_("その職はありません。")
_CHOOSE = N_("一覧から選んでください。")
_ORDER = N_("終わりの日は、始まりの日より前にできません。")


async def register_person(session: AsyncSession, actor: Actor | None, body: RegisterPerson) -> Person:
    """A person who can be given posts and an account. ``actor`` None: the console."""
    if actor is not None:
        demand_administrator(actor)
    if not body.name:
        raise Refused(N_("氏名を入れてください。"), field="name")
    email = body.email.lower() if body.email else None
    known = select(Person.id).where(or_(Person.email == email, Person.employee_number == body.employee_number))
    if (email or body.employee_number) and (await session.scalars(known)).first() is not None:
        raise Conflict(N_("このメールアドレスか職員番号の人は、もう登録されています。"), field="email")
    person = Person(
        id=clock.new_id(),
        name=body.name,
        kana=body.kana,
        romaji=body.romaji,
        email=email,
        employee_number=body.employee_number,
    )
    session.add(person)
    await session.flush()
    if actor is not None:
        await note(session, actor, "person_registered", basis=f"person:{person.id}")
    return person


async def start_post(session: AsyncSession, actor: Actor | None, person_id: UUID, body: StartPost) -> Post:
    """Give a person a post; its rights begin on its first day, everywhere."""
    if actor is not None:
        demand_administrator(actor)
    agency = await session.get(Agency, body.agency)
    if agency is None:
        raise Refused(_CHOOSE, field="agency")
    if await find_code(session, "POST_ROLE", body.role) is None:
        raise Refused(_CHOOSE, field="role")
    for area in body.areas:
        if await find_code(session, "AREA", area) is None:
            raise Refused(_CHOOSE, field="areas")
    if body.ends_on is not None and body.ends_on < body.starts_on:
        raise Refused(_ORDER, field="ends_on")
    if await session.get(Person, person_id) is None:
        raise Missing(_NO_PERSON)
    post = Post(
        id=clock.new_id(),
        person=person_id,
        agency=agency.code,
        role=body.role,
        areas=sorted(set(body.areas)),
        title_ja=body.title_ja,
        title_en=body.title_en,
        head=body.head,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
    )
    await hold(session, post.id)
    session.add(post)
    await session.flush()
    await _state(session, actor, post, agency)
    if actor is not None:
        await note(session, actor, "post_started", basis=f"post:{post.id}")
    return post


async def limit_post(session: AsyncSession, actor: Actor, post_id: UUID, body: LimitPost) -> Post:
    """Set a post's last day (or none), and who takes its cases then. What has ended stays ended."""
    demand_administrator(actor)
    await hold(session, post_id)
    post = await session.get(Post, post_id, with_for_update=True)
    if post is None:
        raise Missing(_NO_POST)
    if post.ended_at is not None:
        raise Conflict(N_("この職はもう終わっています。"))
    if body.ends_on is not None and body.ends_on < post.starts_on:
        raise Refused(_ORDER, field="ends_on")
    if body.ends_on is not None and body.ends_on < clock.today():
        raise Refused(
            N_("すぎた日では終わらせられません。すぐ終えるには「いま終える」を使ってください。"), field="ends_on"
        )
    changed = post.ends_on != body.ends_on
    post.ends_on = body.ends_on
    await session.flush()
    await name_successor(session, actor, post_id, body.successor)
    if changed:
        await _state(session, actor, post, await session.get_one(Agency, post.agency))
        await note(session, actor, "post_limited", basis=f"post:{post_id}")
    return post


async def bind_identity(session: AsyncSession, actor: Actor, person_id: UUID, body: BindIdentity) -> None:
    """Say that a provider's subject is this person: from then on they come in by it."""
    demand_administrator(actor)
    if await session.get(Person, person_id) is None:
        raise Missing(_NO_PERSON)
    row = {
        "issuer": body.issuer,
        "subject": body.subject,
        "person": person_id,
        "bound_at": clock.now(),
        "bound_by": actor.post,
    }
    statement = insert(Identity).values(row).on_conflict_do_nothing().returning(Identity.person)
    if await session.scalar(statement) is None:
        raise Conflict(N_("この識別子は、もう結びつけられています。"), field="subject")
    await note(session, actor, "identity_bound", basis=f"person:{person_id}")


async def _state(session: AsyncSession, actor: Actor | None, post: Post, agency: Agency) -> None:
    fact = PostStarted(
        post=post.id,
        person=post.person,
        agency=post.agency,
        agency_kind=agency.kind,
        role=post.role,
        areas=tuple(post.areas),
        starts_on=post.starts_on,
        ends_on=post.ends_on,
    )
    await record(session, fact, actor=actor)
