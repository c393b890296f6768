"""Ed25519 keys as settings hold them: one that signs, and a ring of those that verify.

A ring may hold several public keys, the newest first, so that a signing key can be changed while what the one before
has signed still stands. A token names its key (``kid``, the thumbprint of RFC 7638); a name that is not on the ring
makes it look at its file again, so that nobody must be restarted before the one who signs.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from joserfc.jwk import OKPKey

from shared import clock

if TYPE_CHECKING:
    from collections.abc import Callable

ALGORITHM: Final = "Ed25519"
"""RFC 9864."""
_BLOCK = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
_LOOKS_AGAIN_SECONDS: Final = 5.0
"""How often a name that nobody knows may make a ring read its file."""


class Keyring:
    """Public keys by their names. ``pems``: PEM blocks one after the other; ``again`` reads them anew."""

    def __init__(self, pems: str, again: Callable[[], str] | None = None) -> None:
        self._keys = _keys_in(pems)
        self._again = again
        self._looked_at = float("-inf")

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, kid: object) -> OKPKey | None:
        """The key of this name; None when there is none, also after looking again. No name: the only key."""
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        found = self._keys.get(str(kid))
        if found is None and self._again is not None and clock.monotonic() - self._looked_at > _LOOKS_AGAIN_SECONDS:
            self._looked_at = clock.monotonic()
            with suppress(ValueError):  # half written: it is looked at again
                self._keys = _keys_in(self._again()) or self._keys
            found = self._keys.get(str(kid))
        return found


class Signer:
    """A private key and its name."""

    def __init__(self, pem: str) -> None:
        self.key = OKPKey.import_key(pem)
        self.header = {"alg": ALGORITHM, "kid": self.key.thumbprint()}


def make_key() -> str:
    """A new private key as PEM."""
    return OKPKey.generate_key(ALGORITHM).as_pem(private=True).decode()


def public_of(private: str) -> str:
    """The public key of a private one, both as PEM."""
    return OKPKey.import_key(private).as_pem(private=False).decode()


def _keys_in(pems: str) -> dict[str, OKPKey]:
    keys = [OKPKey.import_key(block) for block in _BLOCK.findall(pems)]
    return {key.thumbprint(): key for key in keys}
