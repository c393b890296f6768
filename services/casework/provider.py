"""An OpenID Connect provider as casework speaks to it: discovery, code with PKCE, ID token, sign-out.

OpenID Connect Core 1.0 with RFC 7636 (PKCE), RFC 9207 (issuer in the answer) and RP-Initiated Logout 1.0. Authlib
knows the protocol, joserfc the signatures, our own httpx client does the talking. Keys are read anew when a token
names one that is not there, so a provider may change its keys at any time.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import httpx
import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet

from services.casework.rules.providers import ALGORITHMS, is_safe_address
from shared import clock
from shared.errors import Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from shared.settings import Settings

_SECONDS: Final = 10.0
_KEPT_SECONDS: Final = 600.0
"""How long metadata and keys are believed without asking again."""
_ASKED_AGAIN_SECONDS: Final = 5.0
"""How often a token with an unknown key may make us read the keys."""
_LEEWAY: Final = 60
_MOST_BYTES: Final = 1024 * 1024
_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_FAILED = N_("庁内の認証でサインインできませんでした。もう一度ためしてください。")
_AWAY = N_("庁内の認証に、いまつながりません。少ししてからためしてください。")
_NOT_OFFERED = N_("この環境では、庁内の認証は使えません。")
log = structlog.get_logger()


class ProviderError(Refused):
    """The provider's answer was not one that lets anybody in."""

    status = 401


class ProviderAwayError(Refused):
    """The provider could not be reached."""

    status = 503


class NotOfferedError(Refused):
    """No provider has been set up."""

    status = 404


@dataclass(frozen=True, slots=True)
class Begun:
    """What ties the answer to who asked: kept by us, never shown but for the state."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider and what is known of it. Made once a process; safe to use by many requests at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_at = {"metadata": 0.0, "keys": 0.0}

    async def address_to_begin(self, begun: Begun, redirect_uri: str) -> str:
        """Where the browser goes to sign in."""
        metadata = await self._discovered()
        settings = self._settings
        wanted = {"acr_values": " ".join(settings.oidc_acr)} if settings.oidc_acr else {}
        return str(
            prepare_grant_uri(
                metadata["authorization_endpoint"],
                client_id=settings.oidc_client_id,
                response_type="code",
                redirect_uri=redirect_uri,
                scope=settings.oidc_scope,
                state=begun.state,
                nonce=begun.nonce,
                code_challenge=create_s256_code_challenge(begun.verifier),
                code_challenge_method="S256",
                **wanted,
            )
        )

    async def claims_for(
        self, code: str, *, nonce: str, verifier: str, redirect_uri: str, issuer: str | None
    ) -> dict[str, Any]:
        """Exchange the code; the claims of the ID token, with those of the user-info endpoint where there is one.

        ``issuer``: what the answer says it is from (RFC 9207), if it says so. ProviderError for anything that does
        not hold: signature, issuer, audience, nonce, times, access token hash.
        """
        metadata = await self._discovered()
        if issuer is not None and issuer != self._settings.oidc_issuer:
            raise ProviderError(_FAILED)
        tokens = await self._exchange(metadata, code, verifier, redirect_uri)
        claims = await self._read(metadata, tokens, nonce)
        endpoint, access = metadata.get("userinfo_endpoint"), tokens.get("access_token")
        if is_safe_address(endpoint) and isinstance(access, str):
            more = await self._get(str(endpoint), bearer=access)
            if more.get("sub") != claims["sub"]:
                raise ProviderError(_FAILED)
            claims = more | claims
        return claims

    async def address_to_leave(self, back: str) -> str | None:
        """Where the browser goes to sign out at the provider too; None where it offers that nowhere."""
        endpoint = (await self._discovered()).get("end_session_endpoint")
        if not is_safe_address(endpoint):
            return None
        query = urlencode({"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": back})
        return f"{endpoint}{'&' if '?' in str(endpoint) else '?'}{query}"

    async def _discovered(self) -> dict[str, Any]:
        issuer = self._settings.oidc_issuer
        if not issuer or not self._settings.oidc_client_id:
            raise NotOfferedError(_NOT_OFFERED)
        if self._metadata and clock.monotonic() - self._read_at["metadata"] < _KEPT_SECONDS:
            return self._metadata
        found = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer or not all(is_safe_address(found.get(name)) for name in _NEEDED):
            log.warning("the provider's metadata do not fit", issuer=issuer)
            raise ProviderError(_FAILED)
        self._metadata, self._read_at["metadata"] = found, clock.monotonic()
        return found

    async def _exchange(self, metadata: dict[str, Any], code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        settings = self._settings
        offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
        auth = ClientAuth(
            settings.oidc_client_id, settings.oidc_client_secret, method if settings.oidc_client_secret else "none"
        )
        body = prepare_token_request("authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier)
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        url, headers, body = auth.prepare("POST", metadata["token_endpoint"], headers, body)
        return await self._ask("POST", url, headers, body)

    async def _read(self, metadata: dict[str, Any], tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
        settings, raw = self._settings, tokens.get("id_token")
        if not isinstance(raw, str):
            raise ProviderError(_FAILED)
        try:
            token = await self._verified(metadata, raw)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"essential": True, "value": settings.oidc_issuer},
                 "aud": {"essential": True, "value": settings.oidc_client_id}},
                {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": tokens.get("access_token")},
            )  # fmt: skip
            claims.validate(now=int(clock.now().timestamp()), leeway=_LEEWAY)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("an ID token was refused", error=type(error).__name__)
            raise ProviderError(_FAILED) from None
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise ProviderError(_FAILED)
        return dict(claims)

    async def _verified(self, metadata: dict[str, Any], raw: str) -> jwt.Token:
        keys = self._keys
        if keys is not None and clock.monotonic() - self._read_at["keys"] < _KEPT_SECONDS:
            try:
                return _decoded(raw, keys)
            except (JoseError, ValueError):
                if clock.monotonic() - self._read_at["keys"] < _ASKED_AGAIN_SECONDS:
                    raise
        keys = KeySet.import_key_set(await self._get(metadata["jwks_uri"]))  # type: ignore[arg-type] # checked by it
        self._keys, self._read_at["keys"] = keys, clock.monotonic()
        return _decoded(raw, keys)

    async def _get(self, url: str, *, bearer: str | None = None) -> dict[str, Any]:
        headers = {"accept": "application/json"} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
        return await self._ask("GET", url, headers)

    async def _ask(self, method: str, url: str, headers: dict[str, str], body: str | None = None) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as http:
                answer = await http.request(method, url, headers=headers, content=body)
        except httpx.HTTPError as error:
            log.warning("the provider is out of reach", error=type(error).__name__)
            raise ProviderAwayError(_AWAY) from None
        if answer.status_code >= 500:  # noqa: PLR2004 - its own trouble
            raise ProviderAwayError(_AWAY)
        try:
            found = json.loads(answer.content) if len(answer.content) <= _MOST_BYTES else None
        except ValueError:
            found = None
        if answer.status_code != 200 or not isinstance(found, dict):  # noqa: PLR2004
            log.warning("the provider refused", status=answer.status_code)
            raise ProviderError(_FAILED)
        return found


def _decoded(raw: str, keys: KeySet) -> jwt.Token:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)  # providers go on saying so
        return jwt.decode(raw, keys, algorithms=list(ALGORITHMS))
