"""How services prove to each other who asks: a signed credential of five minutes for each question.

Each service signs with a key of its own and knows the public keys of the others. A credential names who asks, whom,
and for what: the ``feed``, or on ``behalf`` of the person whose own token stands beside it; then it is bound to that
token, carries the address of the person's browser for the audit, and opens nothing that the person may not see. Each
one is taken once. Partners' systems, which are no services, show a fixed credential instead (:func:`find_partner`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError

from shared import clock
from shared.events import SERVICES
from shared.keys import ALGORITHM, Keyring, Signer

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey

    from shared.settings import Settings

HEADER: Final = "kasane-service"
"""The header of a credential that stands beside a person's token."""
SECONDS: Final = 300
_LEEWAY: Final = 60
"""How far the clocks of two machines may be apart."""
_TYPE: Final = "kasane-service+jwt"
"""RFC 8725, 3.11: a person's token is never taken for a service's, whatever key has signed it."""
_LONGEST_ADDRESS: Final = 64
Scope = Literal["feed", "behalf"]


class NoKeyError(ValueError):
    """This service has no key of its own to sign with."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has shown a credential. ``origin``: the address of the browser it asks for, if any."""

    service: str
    origin: str | None


class Credentials:
    """One service's own key, and what it knows of the others'."""

    def __init__(self, settings: Settings, service: str) -> None:
        self._municipality = settings.municipality
        self._service = service
        self._signer = Signer(settings.service_key) if settings.service_key else None
        self._rings = {
            name: Keyring(pems, lambda name=name: settings.read_again("service_keys").get(name, ""))  # type: ignore[misc] # a default binds the name
            for name, pems in settings.service_keys.items()
        }
        self._taken: dict[str, float] = {}

    def show(self, audience: str, scope: Scope, *, viewer: str = "", origin: str | None = None) -> str:
        """A new credential for ``audience``; ``viewer`` is the person's token it is bound to. Raises NoKeyError."""
        if self._signer is None:
            msg = f"{self._service} has no key of its own"
            raise NoKeyError(msg)
        now = int(clock.now().timestamp())
        claims = {
            "iss": self._name(self._service),
            "aud": self._name(audience),
            "scope": scope,
            "iat": now,
            "exp": now + SECONDS,
            "jti": uuid4().hex,
        }
        if viewer:
            claims |= {"ath": _digest(viewer), "origin": origin}
        return jwt.encode(self._signer.header | {"typ": _TYPE}, claims, self._signer.key, algorithms=[ALGORITHM])

    def for_feed(self, producer: str) -> str:
        """A new credential for the feed of ``producer``."""
        return self.show(producer, "feed")

    def read(self, credential: str, scope: Scope, *, viewer: str = "") -> Caller | None:
        """Who shows this credential; None when it is forged, old, used, for another, or bound to another token."""
        try:
            token = jwt.decode(credential, self._key_of, algorithms=[ALGORITHM])
            service, _ = self._ring_of(token.header["kid"])
            if not self._holds(token.claims, service, scope, viewer):
                return None
            origin = token.claims.get("origin")
            return Caller(service, str(origin)[:_LONGEST_ADDRESS] if origin else None)
        except (JoseError, KeyError, ValueError, TypeError):
            return None

    def _key_of(self, token: Any) -> OKPKey:
        header = token.headers()
        if header.get("typ") != _TYPE:
            msg = "no service's credential"
            raise ValueError(msg)
        return self._ring_of(header["kid"])[1]

    def _ring_of(self, kid: str) -> tuple[str, OKPKey]:
        for service, ring in self._rings.items():
            found = ring.find(kid)
            if found is not None:
                return service, found
        msg = "no such key"
        raise ValueError(msg)

    def _holds(self, claims: dict[str, Any], service: str, scope: Scope, viewer: str) -> bool:
        now = clock.now().timestamp()
        bound = hmac.compare_digest(str(claims.get("ath", "")), _digest(viewer) if viewer else "")
        holds = (
            bound
            and claims["iss"] == self._name(service)
            and claims["aud"] == self._name(self._service)
            and claims["scope"] == scope
            and claims["iat"] <= now + _LEEWAY
            and now - _LEEWAY < claims["exp"] <= claims["iat"] + SECONDS
        )
        return holds and self._take(str(claims["jti"]), now)

    def _take(self, jti: str, now: float) -> bool:
        """Whether it is the first time; each replica remembers for itself, as long as a credential lives."""
        if jti in self._taken:
            return False
        while self._taken and next(iter(self._taken.values())) < now:  # the oldest stands first
            del self._taken[next(iter(self._taken))]
        self._taken[jti] = now + SECONDS + 2 * _LEEWAY
        return True

    def _name(self, service: str) -> str:
        return f"/{self._municipality}/{service}"


def find_partner(settings: Settings, credential: str) -> str | None:
    """Whose fixed credential this is, compared in constant time; None for nobody's, and never a service."""
    shown, found = _digest(credential), None
    for name, hashes in settings.feed_token_hashes.items():  # all of them, so that time tells nothing
        for known in hashes:
            if hmac.compare_digest(known, shown) and name in settings.feed_readers and name not in SERVICES:
                found = name
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
