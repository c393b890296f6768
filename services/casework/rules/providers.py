"""What a provider's claims say about a person: the second factor, and by which of our fields they are known. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Signatures that are believed: never a shared secret, never none."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def has_second_factor(claims: Mapping[str, Any], acr: Sequence[str], amr: Sequence[str]) -> bool:
    """Whether the sign-in reached one of the classes, and used one of the methods, that the ward demands (if any)."""
    used = claims.get("amr")
    methods = set(used) if isinstance(used, list) else set()
    return (not acr or claims.get("acr") in acr) and (not amr or bool(methods & set(amr)))


def known_by(claims: Mapping[str, Any], match: str, claim: str) -> str | None:
    """The value by which a person may be found, or None. An e-mail address counts only where it is verified."""
    value = claims.get(claim or match)
    if not match or not isinstance(value, str) or not value.strip():
        return None
    if match == "email":
        return value.strip().lower() if claims.get("email_verified") is True else None
    return value.strip()


def is_safe_address(url: object) -> bool:
    """Whether an address of a provider may be spoken to: TLS, or this very machine."""
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
