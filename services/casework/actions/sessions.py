"""Signing in as a post, staying signed in, signing out. The token is short-lived; the session behind it is ours."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Select, or_, select

from services.casework.actions.posts import end_session
from services.casework.rules.sessions import holds_post, is_running
from services.casework.tables import Agency, Person, Post, SignIn
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Missing
from shared.i18n import N_
from shared.identity import Actor, hash_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.settings import Settings

_NO_SUCH_POST = N_("その職では入れません。終わっているか、まだ始まっていません。")
_NOT_OFFERED = N_("この環境では、職を選んで入ることはできません。")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has just been started: who it is, and the secret of its cookie (told once)."""

    actor: Actor
    secret: str


async def start_session(session: AsyncSession, settings: Settings, wanted: str) -> SignedIn:
    """Sign in as the post with this id or code: only where ``demo_sign_in`` is on (Forbidden otherwise)."""
    if not settings.demo_sign_in:
        raise Forbidden(_NOT_OFFERED)
    by = Post.code == wanted
    with suppress(ValueError):
        by = or_(by, Post.id == UUID(wanted))
    found = (await session.execute(_posts().where(by))).first()
    if found is None or not _held(found[0]):
        raise Missing(_NO_SUCH_POST)
    post, person, agency = found
    now = clock.now()
    secret = clock.new_secret()
    begun = SignIn(
        id=clock.new_id(),
        post=post.id,
        person=person.id,
        secret_hash=hash_of(secret),
        started_at=now,
        last_seen_at=now,
        ends_at=now + timedelta(seconds=settings.session_absolute_seconds),
    )
    session.add(begun)
    actor = _actor(begun, post, person, agency)
    await note(session, actor, "sign_in")
    return SignedIn(actor, secret)


async def renew_session(session: AsyncSession, settings: Settings, secret: str | None) -> Actor | None:
    """Who this session is, if it still runs; its idle time begins again."""
    begun = await _of_secret(session, secret)
    if begun is None:
        return None
    running = is_running(
        ended=begun.ended_at is not None,
        last_seen_at=begun.last_seen_at,
        ends_at=begun.ends_at,
        idle_seconds=settings.session_idle_seconds,
        now=clock.now(),
    )
    found = (await session.execute(_posts().where(Post.id == begun.post))).first()
    if not running or found is None or not _held(found[0]):
        return None
    begun.last_seen_at = clock.now()
    return _actor(begun, *found)


async def leave_session(session: AsyncSession, secret: str | None) -> None:
    """Sign out; what was typed stays in its draft."""
    begun = await _of_secret(session, secret)
    if begun is not None:
        await end_session(session, begun)


async def _of_secret(session: AsyncSession, secret: str | None) -> SignIn | None:
    if not secret:
        return None
    return await session.scalar(select(SignIn).where(SignIn.secret_hash == hash_of(secret)))


def _posts() -> Select[Post, Person, Agency]:
    return select(Post, Person, Agency).join(Person, Person.id == Post.person).join(Agency, Agency.code == Post.agency)


def _held(post: Post) -> bool:
    return holds_post(
        starts_on=post.starts_on, ends_on=post.ends_on, ended=post.ended_at is not None, today=clock.today()
    )


def _actor(begun: SignIn, post: Post, person: Person, agency: Agency) -> Actor:
    return Actor(
        post=post.id,
        person=person.id,
        session=begun.id,
        agency=post.agency,
        agency_kind=agency.kind,
        role=post.role,
        areas=frozenset(post.areas),
        name=person.name,
    )
