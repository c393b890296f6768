"""Who is asking: the Actor of a request, and the short-lived signed token that says so.

casework signs tokens (Ed25519); every service verifies them itself and refuses those whose session or post has
ended (:class:`EndedAccess`, kept from ``post_ended`` and ``session_ended``).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.db import SharedBase
from shared.errors import Refused
from shared.events.casework import PostEnded, PostStarted, SessionEnded
from shared.projections import projection_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.service import Service
    from shared.settings import Settings
    from shared.spine import Received, Subscriptions

TOKEN_COOKIE = "kasane_token"  # noqa: S105 - the cookie's name, not its value
_ALGORITHM = "Ed25519"  # RFC 9864

COORDINATING = frozenset({"coordinator", "manager"})
"""Roles that see across agencies."""


WITHOUT_CASES = frozenset({"operator", "auditor"})
"""Roles that see no case and no household, whatever their agency takes part in: the machinery's and the log's."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in one of their posts (職); rights follow the post, not the person."""

    post: UUID
    person: UUID
    session: UUID
    agency: str
    agency_kind: str
    role: str
    areas: frozenset[str]
    """Area codes the post is responsible for; empty means the whole ward."""
    name: str
    """How the person is addressed on their own screen."""

    def covers(self, area: str | None) -> bool:
        """Whether the post is responsible for an area; an unknown area is everybody's."""
        return not self.areas or area is None or area in self.areas


class NotSignedInError(Refused):
    """There is no valid token: pages go to the sign-in page, the API answers 401."""

    status = 401


@projection_of("casework")
class EndedAccess(SharedBase):
    """A post or session whose tokens are refused from now on."""

    __tablename__ = "ended_access"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    ended_at: Mapped[datetime]


@projection_of("casework")
class KnownPost(SharedBase):
    """A projection of casework's posts: who holds which post where (no names)."""

    __tablename__ = "known_post"

    post: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    agency: Mapped[str] = mapped_column(index=True)
    agency_kind: Mapped[str]
    role: Mapped[str] = mapped_column(index=True)
    areas: Mapped[list[str]]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    ended: Mapped[bool] = mapped_column(default=False)


class Tokens:
    """Signs and reads tokens. A service without the private key can only read."""

    def __init__(self, settings: Settings) -> None:
        self._public = OKPKey.import_key(settings.verifying_key)
        self._private = OKPKey.import_key(settings.signing_key) if settings.signing_key else None
        self._seconds = settings.token_seconds

    def sign(self, actor: Actor) -> str:
        """A compact JWT for ``actor``, valid for ``token_seconds``; casework alone can."""
        if self._private is None:
            msg = "this service has no signing key"
            raise RuntimeError(msg)
        now = int(clock.now().timestamp())
        claims = {
            "iss": "kasane",
            "iat": now,
            "exp": now + self._seconds,
            "sub": str(actor.post),
            "person": str(actor.person),
            "sid": str(actor.session),
            "agency": actor.agency,
            "kind": actor.agency_kind,
            "role": actor.role,
            "areas": sorted(actor.areas),
            "name": actor.name,
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._private, algorithms=[_ALGORITHM])

    def read(self, token: str) -> Actor | None:
        """The actor of a valid token; None for a forged, damaged or expired one."""
        try:
            claims: dict[str, Any] = jwt.decode(token, self._public, algorithms=[_ALGORITHM]).claims
            if claims["iss"] != "kasane" or claims["exp"] <= clock.now().timestamp():
                return None
            return Actor(
                post=UUID(claims["sub"]),
                person=UUID(claims["person"]),
                session=UUID(claims["sid"]),
                agency=claims["agency"],
                agency_kind=claims["kind"],
                role=claims["role"],
                areas=frozenset(claims["areas"]),
                name=claims["name"],
            )
        except (JoseError, KeyError, ValueError, TypeError):
            return None


def token_of(request: Request) -> str | None:
    """The token a request carries: the cookie of a browser, or a bearer token."""
    header = request.headers.get("authorization", "")
    if header.lower().startswith("bearer "):
        return header[7:].strip()
    return request.cookies.get(TOKEN_COOKIE)


async def current_actor(request: Request) -> Actor:
    """The Actor of this request; NotSignedInError without a valid token of a running session and post."""
    service: Service = request.app.state.service
    token = token_of(request)
    actor = service.tokens.read(token) if token else None
    if actor is None:
        raise NotSignedInError(_SIGN_IN_AGAIN)
    if await service.db.fetch(_ENDED, [actor.post, actor.session]):  # every request pays for this: one round trip
        raise NotSignedInError(_SIGN_IN_AGAIN)
    request.state.actor = actor
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]
"""What a route asks for to know who is there; every route but the few public ones has it."""

_ENDED = "SELECT 1 FROM ended_access WHERE id = ANY($1::uuid[]) LIMIT 1"
_SIGN_IN_AGAIN = "サインインし直してください。書いたものは下書きに残っています。"


def hash_of(secret: str) -> str:
    """SHA-256 in hex, for credentials that are long and random (no password)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_reader(settings: Settings, credential: str) -> str | None:
    """Whose feed credential this is, compared in constant time; None for nobody's."""
    digest = hash_of(credential)
    found = None
    for reader, expected in settings.feed_token_hashes.items():
        if hmac.compare_digest(digest, expected):
            found = reader
    return found


async def end_access(session: AsyncSession, kind: str, identity: UUID, at: datetime) -> None:
    """Refuse the tokens of a post or session from now on; doing it again changes nothing."""
    row = {"id": identity, "kind": kind, "ended_at": at}
    await session.execute(insert(EndedAccess).values(row).on_conflict_do_nothing())


def follow_posts(subscriptions: Subscriptions) -> None:
    """Subscribe a service to casework's posts and sessions: fills KnownPost and EndedAccess."""

    @subscriptions.on(PostStarted, projects=True)
    async def post_started(session: AsyncSession, received: Received[PostStarted]) -> None:
        event = received.event
        row = {
            "post": event.post,
            "person": event.person,
            "agency": event.agency,
            "agency_kind": event.agency_kind,
            "role": event.role,
            "areas": list(event.areas),
            "starts_on": event.starts_on,
            "ends_on": event.ends_on,
        }
        change = {key: value for key, value in row.items() if key != "post"}
        await session.execute(
            insert(KnownPost)
            .values(**row, ended=False)
            .on_conflict_do_update(index_elements=[KnownPost.post], set_=change)
        )

    @subscriptions.on(PostEnded, projects=True)
    async def post_ended(session: AsyncSession, received: Received[PostEnded]) -> None:
        await end_access(session, "post", received.event.post, received.envelope.recorded_at)
        known = await session.get(KnownPost, received.event.post)
        if known is not None:
            known.ended = True

    @subscriptions.on(SessionEnded, projects=True)
    async def session_ended(session: AsyncSession, received: Received[SessionEnded]) -> None:
        await end_access(session, "session", received.event.session, received.envelope.recorded_at)
