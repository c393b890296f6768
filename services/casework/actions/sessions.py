"""A session of a person in one of their posts: begun, renewed, moved to another post, ended.

The token is short-lived; the session behind it is ours, and what ends it ends it everywhere (``session_ended``).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Select, or_, select

from services.casework.actions.posts import end_session
from services.casework.rules.sessions import holds_post, is_running
from services.casework.tables import Agency, Person, Post, SignIn
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Missing, Refused
from shared.i18n import N_
from shared.identity import Actor, hash_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.settings import Settings

_NO_SUCH_POST = N_("その職では入れません。終わっているか、まだ始まっていません。")
_NOT_OFFERED = N_("この環境では、職を選んで入ることはできません。")
_NO_POST = N_("いま持っている職がありません。管理者にたずねてください。")
_NO_SUCH_SESSION = N_("そのサインインはありません。")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has just been started: who it is, the secret of its cookie (told once), and its absolute end."""

    actor: Actor
    secret: str
    ends_at: datetime
    posts: int = 1
    """How many posts the person holds today."""


async def start_session(session: AsyncSession, settings: Settings, wanted: str, device: str = "") -> SignedIn:
    """Sign in as the post with this id or code: only where ``demo_sign_in`` is on (Forbidden otherwise)."""
    if not settings.demo_sign_in:
        raise Forbidden(_NOT_OFFERED)
    by = Post.code == wanted
    with suppress(ValueError):
        by = or_(by, Post.id == UUID(wanted))
    found = (await session.execute(_posts().where(by))).first()
    if found is None or not _held(found[0]):
        raise Missing(_NO_SUCH_POST)
    return await _begin(session, found, "demo", device, _latest_end(settings))


async def enter(session: AsyncSession, settings: Settings, person: UUID, method: str, device: str) -> SignedIn:
    """Begin the session of a person who has proved who they are, in the post they were last in.

    Refused for a person who holds no post today.
    """
    held = await posts_held(session, person)
    if not held:
        raise Refused(_NO_POST)
    last = await session.scalar(
        select(SignIn.post).where(SignIn.person == person).order_by(SignIn.started_at.desc()).limit(1)
    )
    chosen = next((row for row in held if row[0].id == last), held[0])
    return await _begin(session, chosen, method, device, _latest_end(settings), posts=len(held))


async def switch_post(session: AsyncSession, settings: Settings, secret: str | None, wanted: UUID) -> SignedIn:
    """Go on in another post of the same person (兼務).

    The old session ends everywhere, so that no token of the other post stays; the new one ends when the old would have.
    """
    begun = await _running(session, settings, secret)
    if begun is None:
        raise Missing(_NO_SUCH_SESSION)
    held = await posts_held(session, begun.person)
    chosen = next((row for row in held if row[0].id == wanted), None)
    if chosen is None:
        raise Missing(_NO_SUCH_POST)
    await end_session(session, begun)
    return await _begin(session, chosen, begun.method, begun.device, begun.ends_at, posts=len(held))


async def renew_session(session: AsyncSession, settings: Settings, secret: str | None) -> Actor | None:
    """Who this session is, if it still runs; its idle time begins again."""
    begun = await _running(session, settings, secret)
    if begun is None:
        return None
    found = (await session.execute(_posts().where(Post.id == begun.post))).first()
    if found is None or not _held(found[0]):
        return None
    begun.last_seen_at = clock.now()
    return _actor(begun, *found)


async def leave_session(session: AsyncSession, secret: str | None) -> str | None:
    """Sign out; what was typed stays in its draft. By which method it had been begun, if it was there."""
    begun = await _of_secret(session, secret)
    if begun is None:
        return None
    if begun.ended_at is None:
        await _note_sign_out(session, begun)
    await end_session(session, begun)
    return begun.method


async def _note_sign_out(session: AsyncSession, begun: SignIn) -> None:
    found = (await session.execute(_posts().where(Post.id == begun.post))).first()
    if found is not None:
        await note(session, _actor(begun, *found), "sign_out", basis=begun.method)


async def end_one_session(session: AsyncSession, actor: Actor, person: UUID, session_id: UUID) -> None:
    """End one session of a person at once: the person themself, or an administrator."""
    begun = await session.scalar(select(SignIn).where(SignIn.id == session_id, SignIn.person == person))
    if begun is None:
        raise Missing(_NO_SUCH_SESSION)
    await end_session(session, begun, actor=actor)
    await note(session, actor, "session_ended", basis=f"person:{person}")


async def end_sessions_of(session: AsyncSession, person: UUID, actor: Actor | None, keep: UUID | None = None) -> int:
    """End every session of a person, but for ``keep``; how many there were."""
    running = select(SignIn).where(SignIn.person == person, SignIn.ended_at.is_(None)).order_by(SignIn.post, SignIn.id)
    found = [begun for begun in await session.scalars(running) if begun.id != keep]
    for begun in found:
        await end_session(session, begun, actor=actor)
    if found and actor is not None:
        await note(session, actor, "session_ended", basis=f"person:{person}")
    return len(found)


async def posts_held(session: AsyncSession, person: UUID) -> list[tuple[Post, Person, Agency]]:
    """The posts that a person holds today, the oldest first."""
    rows = await session.execute(_posts().where(Post.person == person).order_by(Post.starts_on, Post.id))
    return [(post, who, agency) for post, who, agency in rows.all() if _held(post)]


async def _begin(
    session: AsyncSession,
    found: tuple[Post, Person, Agency],
    method: str,
    device: str,
    ends_at: datetime,
    *,
    posts: int = 1,
) -> SignedIn:
    post, person, agency = found
    now, secret = clock.now(), clock.new_secret()
    begun = SignIn(
        id=clock.new_id(),
        post=post.id,
        person=person.id,
        secret_hash=hash_of(secret),
        method=method,
        device=device,
        started_at=now,
        last_seen_at=now,
        ends_at=ends_at,
    )
    session.add(begun)
    actor = _actor(begun, post, person, agency)
    await note(session, actor, "sign_in", basis=method)
    return SignedIn(actor, secret, ends_at, posts)


async def _running(session: AsyncSession, settings: Settings, secret: str | None) -> SignIn | None:
    begun = await _of_secret(session, secret)
    if begun is None:
        return None
    runs = is_running(
        ended=begun.ended_at is not None,
        last_seen_at=begun.last_seen_at,
        ends_at=begun.ends_at,
        idle_seconds=settings.session_idle_seconds,
        now=clock.now(),
    )
    return begun if runs else None


async def _of_secret(session: AsyncSession, secret: str | None) -> SignIn | None:
    if not secret:
        return None
    return await session.scalar(select(SignIn).where(SignIn.secret_hash == hash_of(secret)))


def _latest_end(settings: Settings) -> datetime:
    return clock.now() + timedelta(seconds=settings.session_absolute_seconds)


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
