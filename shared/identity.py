"""Who is asking: the Actor of a request, and the short-lived signed token that says so.

casework signs tokens (Ed25519); every service verifies them itself and refuses those whose session or post has
ended (:class:`EndedAccess`, kept from ``post_ended`` and ``session_ended``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.audit.origin import say_origin
from shared.credentials import HEADER
from shared.db import SharedBase
from shared.errors import Forbidden, Refused
from shared.events.casework import PostEnded, PostStarted, SessionEnded
from shared.i18n import N_
from shared.keys import ALGORITHM, Keyring, Signer
from shared.projections import projection_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from joserfc.jwk import OKPKey
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.limits import Limits
    from shared.service import Service
    from shared.settings import Settings
    from shared.spine import Received, Subscriptions

TOKEN_COOKIE = "kasane_token"  # noqa: S105 - the cookie's name, not its value
"""As it is called over plain HTTP; ``cookie_name`` puts what browsers demand of a secure one before it."""

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
        self._ring = Keyring(settings.verifying_key, lambda: str(settings.read_again("verifying_key")))
        if not len(self._ring):
            msg = "no verifying key: nobody's token could be read"
            raise ValueError(msg)
        self._signer = Signer(settings.signing_key) if settings.signing_key else None
        self._seconds = settings.token_seconds
        self._audience = f"/{settings.municipality}"  # the four services of one municipality

    def sign(self, actor: Actor) -> str:
        """A compact JWT for ``actor``, valid for ``token_seconds``; casework alone can."""
        if self._signer is None:
            msg = "this service has no signing key"
            raise RuntimeError(msg)
        now = int(clock.now().timestamp())
        claims = {
            "iss": "kasane",
            "aud": self._audience,
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
        return jwt.encode(dict(self._signer.header), claims, self._signer.key, algorithms=[ALGORITHM])

    def read(self, token: str) -> Actor | None:
        """The actor of a valid token; None for a forged, damaged or expired one."""
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key_of, algorithms=[ALGORITHM]).claims
            if (claims["iss"], claims["aud"]) != ("kasane", self._audience):
                return None
            if claims["exp"] <= clock.now().timestamp():
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

    def _key_of(self, token: Any) -> OKPKey:
        found = self._ring.find(token.headers().get("kid"))
        if found is None:
            msg = "no such key"
            raise ValueError(msg)
        return found


def token_of(request: Request) -> str | None:
    """The token a request carries: the cookie of a browser, or a bearer token."""
    header = request.headers.get("authorization", "")
    if header.lower().startswith("bearer "):
        return header[7:].strip()
    service: Service = request.app.state.service
    return request.cookies.get(cookie_name(service.settings, TOKEN_COOKIE))


def cookie_name(settings: Settings, name: str, *, path: str = "/") -> str:
    """A cookie's name with the prefix (RFC 6265bis) that lets no other site or subdomain put one like it."""
    if not settings.cookie_secure:
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"


async def current_actor(request: Request) -> Actor:
    """The Actor of this request; NotSignedInError without a valid token of a running session and post."""
    service: Service = request.app.state.service
    token = token_of(request)
    actor = service.tokens.read(token) if token else None
    if token is None or actor is None:
        raise NotSignedInError(_SIGN_IN_AGAIN)
    request.state.asked_by = _asked_by(request, service, token)
    if await service.db.fetch(_ENDED, [actor.post, actor.session]):  # every request pays for this: one round trip
        raise NotSignedInError(_SIGN_IN_AGAIN)
    request.state.actor = actor
    limits: Limits | None = request.app.state.limits
    if limits is not None:
        limits.count_person(str(actor.person), getattr(request.scope.get("route"), "path", request.url.path))
    return actor


def _asked_by(request: Request, service: Service, token: str) -> str | None:
    """The service that asks for the person, where one does; NotSignedInError for a credential that does not hold."""
    credential = request.headers.get(HEADER)
    if credential is None:
        return None
    caller = service.spine.credentials.read(credential, "behalf", viewer=token)
    if caller is None:
        raise NotSignedInError(_SIGN_IN_AGAIN)
    if caller.origin:
        say_origin(caller.origin)
    return caller.service


CurrentActor = Annotated[Actor, Depends(current_actor)]
"""What a route asks for to know who is there; every route but the few public ones has it."""

_ENDED = "SELECT 1 FROM ended_access WHERE id = ANY($1::uuid[]) LIMIT 1"
_FOR_SERVICES = N_("これはシステムどうしの問い合わせです。画面からは使えません。")
_SIGN_IN_AGAIN = "サインインし直してください。書いたものは下書きに残っています。"


def only_for(*services: str) -> Callable[[Request, Actor], None]:
    """What a route depends on, after the actor, that answers services asking for a person, and nobody's browser."""

    def look(request: Request, _: CurrentActor) -> None:
        if request.state.asked_by not in services:
            raise Forbidden(_FOR_SERVICES)

    return look


def hash_of(secret: str) -> str:
    """SHA-256 in hex, for credentials that are long and random (no password)."""
    return hashlib.sha256(secret.encode()).hexdigest()


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
