"""The only reader of time and randomness, so that tests and the demo can move both."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKYO = ZoneInfo("Asia/Tokyo")

_moved: ContextVar[timedelta | datetime | None] = ContextVar("kasane_clock", default=None)


def now() -> datetime:
    """The present as an aware UTC datetime (moved by :func:`at` and :func:`shifted`)."""
    moved = _moved.get()
    if isinstance(moved, datetime):
        return moved
    present = datetime.now(UTC)
    return present if moved is None else present + moved


def today() -> date:
    """The calendar day in Tokyo: what the ward's deadlines and ages are counted by."""
    return now().astimezone(TOKYO).date()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Stand the clock still at an aware ``moment`` for the current task."""
    if moment.tzinfo is None:
        msg = "a moment needs its time zone"
        raise ValueError(msg)
    token = _moved.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _moved.reset(token)


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Let the clock run, but ``by`` earlier or later, for the current task."""
    token = _moved.set(by)
    try:
        yield
    finally:
        _moved.reset(token)


def monotonic() -> float:
    """Seconds that never jump: for time-outs and back-off, never for facts."""
    return time.monotonic()


def new_id() -> UUID:
    """A time-ordered UUID, version 7 of RFC 9562: 48 bits of milliseconds, then chance."""
    milliseconds = int(now().timestamp() * 1000) & ((1 << 48) - 1)
    chance = int.from_bytes(os.urandom(10))
    value = milliseconds << 80 | 0x7 << 76 | (chance >> 64 & 0xFFF) << 64 | 0b10 << 62 | chance & ((1 << 62) - 1)
    return UUID(int=value)


def new_secret(length: int = 32) -> str:
    """``length`` random bytes as URL-safe text, for session ids and idempotency keys."""
    return secrets.token_urlsafe(length)
