"""How one service is told where it runs: environment variables ``KASANE_*`` or files of the same name.

Secrets come as files in ``KASANE_SECRETS_DIR`` (``kasane_database_url``, ``kasane_signing_key`` …), so that none
stands in an environment or on a command line.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events import EVENTS, SERVICES


class Settings(BaseSettings):
    """Everything a service needs to know from outside; times are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="KASANE_", extra="ignore", frozen=True)

    municipality: str = "990001"
    """Local government code (全国地方公共団体コード); names the streams and the event source."""
    database_url: str = "postgresql+asyncpg://localhost/kasane"
    redis_url: str | None = None
    """None: no transport at all; every reader follows the feeds."""
    urls: dict[str, str] = {}
    """Where the other services answer, each with its prefix: ``{"intake": "http://intake:8000/intake"}``."""

    signing_key: str | None = None
    """Ed25519 private key as PEM, for people's tokens; casework alone has it."""
    verifying_key: str = ""
    """Its public key as PEM; several one after the other while it changes, the newest first."""
    service_key: str = ""
    """This service's own Ed25519 private key as PEM, for what it asks the other services."""
    service_keys: dict[str, str] = {}
    """The public keys of the services, by name; several PEM blocks for one while its key changes."""
    feed_token_hashes: dict[str, list[str]] = {}
    """SHA-256 (hex) of each partner's credential; two while it changes."""
    feed_readers: dict[str, list[str]] = {}
    """Partners' systems beside the four services: the types that each one's credential opens."""

    demo_sign_in: bool = False
    """Whether anybody may choose a post to sign in as: the demo and the story, never a ward."""
    cookie_secure: bool = True
    """Whether browsers reach us by TLS alone: cookies are then ``Secure`` and bear a prefix that says so."""
    rate_limits: bool = True
    """Whether requests are counted by person and address (``shared/limits.py``); benches and faults ask faster."""
    token_seconds: int = 900
    session_idle_seconds: int = 3600
    """How long a session lasts without anybody touching a page."""
    session_absolute_seconds: int = 12 * 3600
    """How long it lasts at most."""
    account_key: str = ""
    """Under which casework keeps second factors: 32 bytes as base64, newest first when there are several (comma).
    Without one there are no local accounts."""
    letter_hours: int = 72
    """How long an invitation or recovery code on paper may be used."""
    oidc_issuer: str = ""
    """The OpenID Connect provider, as it names itself; without one nobody signs in by it."""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_label: str = ""
    """What stands on its button, such as the name of the ward's directory."""
    oidc_scope: str = "openid"
    oidc_match: Literal["", "email", "employee_number"] = ""
    """By which field of a person a subject that nobody has bound yet may be known; ``email`` must be verified."""
    oidc_claim: str = ""
    """The claim that holds it, where it is not called like the field."""
    oidc_acr: list[str] = []
    """One of these the provider must have reached (``acr``); empty: not asked."""
    oidc_amr: list[str] = []
    """One of these methods must have been used (``amr``, such as ``mfa``); empty: not asked."""

    read_minutes: int | None = None
    """Overrides every notification's read deadline, so that the story need not wait a day."""
    smtp_url: str | None = None
    """Where e-mail leaves: ``smtp://[user:password@]host[:port]`` (STARTTLS where offered) or ``smtps://…``; None:
    nobody is offered e-mail."""
    mail_from: str = "kasane@localhost"
    public_url: str = ""
    """Where people reach Kasane (``https://kasane.example.lg.jp``), for links in messages."""
    sweep_seconds: float = 30.0
    """How often clocks, escalations and check-ins are looked at."""
    max_body_bytes: int = 2 * 1024 * 1024
    pool_size: int = 10
    secrets_folder: Path | None = None
    """Where the files of secrets lie, when :meth:`load` has read some."""

    @field_validator("feed_token_hashes", mode="before")
    @classmethod
    def _one_or_two(cls, hashes: Any) -> Any:
        """A single hash may stand without brackets."""
        if not isinstance(hashes, dict):
            return hashes
        return {name: [known] if isinstance(known, str) else known for name, known in hashes.items()}

    @field_validator("feed_readers")
    @classmethod
    def _known_types(cls, readers: dict[str, list[str]]) -> dict[str, list[str]]:
        """A partner has a name of its own and types that there are."""
        for name, types in readers.items():
            if name in SERVICES:
                msg = f"{name} is a service; a partner needs another name"
                raise ValueError(msg)
            unknown = set(types) - EVENTS.keys()
            if unknown:
                msg = f"{name} may not read {', '.join(sorted(unknown))}: there is no such event"
                raise ValueError(msg)
        return readers

    @classmethod
    def load(cls) -> Self:
        """Read the environment and, where named, the folder of secret files."""
        folder = os.environ.get("KASANE_SECRETS_DIR")
        return cls(_secrets_dir=folder, secrets_folder=Path(folder)) if folder else cls()

    def read_again(self, name: str) -> Any:
        """A setting as its file has it now, for what may change while we run; as it was where it is in no file."""
        known = getattr(self, name)
        if self.secrets_folder is None:
            return known
        try:
            told = (self.secrets_folder / f"kasane_{name}").read_text(encoding="utf-8")
            return told if isinstance(known, str) else json.loads(told)
        except (OSError, ValueError):  # being written just now, or gone: what we know stands
            return known
