"""Secrets that must be read again (second factors) are kept encrypted; what need not be read is kept as a digest."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY_BYTES = 32


class Sealer:
    """AES-256-GCM under ``account_key`` (NIST SP 800-38D). The first key seals; every key opens, so keys can rotate."""

    def __init__(self, keys: str) -> None:
        """Keys in base64, separated by commas. ValueError for one that is not 32 bytes, or for none."""
        self._keys = [base64.b64decode(key.strip()) for key in keys.split(",") if key.strip()]
        if not self._keys or any(len(key) != _KEY_BYTES for key in self._keys):
            msg = "KASANE_ACCOUNT_KEY needs 32 bytes as base64 (./kasane secrets makes one)"
            raise ValueError(msg)

    def seal(self, secret: str, about: object) -> bytes:
        """Encrypt ``secret`` so that it opens for ``about`` (a person's id) alone."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._keys[0]).encrypt(nonce, secret.encode(), str(about).encode())

    def open(self, sealed: bytes, about: object) -> str:
        """The secret again. ValueError when no key opens it: it was sealed for another, or the key is gone."""
        for key in self._keys:
            try:
                return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], str(about).encode()).decode()
            except InvalidTag:
                continue
        msg = "no key opens this secret"
        raise ValueError(msg)

    def digest(self, text: str) -> str:
        """HMAC-SHA-256 in hex, for what is easily guessed (addresses, login names)."""
        return hmac.new(self._keys[0], text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
