"""What went wrong while an event was applied: something that passes, or this event itself.

What passes (lost connections, deadlocks, a full disk, a server that stops) is tried again for ever. Anything else is
kept with the event as class, SQLSTATE and constraint: never as a message, for messages quote values.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_PASSING_CLASSES = ("08", "40", "53", "57", "58")
_PASSING = {"55P03", "25P03", "25P04"}
"""lock_not_available; a session that PostgreSQL ended because it stood idle or took too long in its transaction."""


@dataclass(frozen=True, slots=True)
class Failure:
    """All that is kept of an error."""

    error_class: str
    sqlstate: str | None = None
    constraint: str | None = None


def failure_of(error: BaseException) -> Failure:
    """The error without its words."""
    if not isinstance(error, DBAPIError):
        return Failure(type(error).__name__)
    cause = getattr(error.orig, "__cause__", None)
    return Failure(
        type(cause or error.orig).__name__, _sqlstate(error), getattr(cause, "constraint_name", None) or None
    )


def passes(error: BaseException) -> bool:
    """Whether the same thing may well succeed later."""
    if isinstance(error, DBAPIError):
        state = _sqlstate(error)
        if state is None:
            return bool(error.connection_invalidated) or isinstance(error.orig, OSError)
        return error.connection_invalidated or state[:2] in _PASSING_CLASSES or state in _PASSING
    return isinstance(error, (OSError, TimeoutError, PoolTimeoutError))


def _sqlstate(error: DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    return str(state) if state else None
