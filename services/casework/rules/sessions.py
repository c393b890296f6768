"""Sessions: how long a sign-in lasts, and where it may lead back to. Pure."""

from __future__ import annotations

from datetime import date, datetime
from urllib.parse import unquote, urlsplit


def is_running(*, ended: bool, last_seen_at: datetime, ends_at: datetime, idle_seconds: int, now: datetime) -> bool:
    """Whether a session goes on: not ended, used lately, not past its absolute end (ASVS 5.0, 7.3)."""
    return not ended and now < ends_at and (now - last_seen_at).total_seconds() < idle_seconds


def holds_post(*, starts_on: date, ends_on: date | None, ended: bool, today: date) -> bool:
    """Whether a post may be signed in as today; rights end with the post."""
    return not ended and starts_on <= today and (ends_on is None or today <= ends_on)


def local_path(wanted: str | None) -> str:
    """``wanted`` if it is a path of this site, else the home page: no sign-in ever leads to another site."""
    home = "/casework/"
    if not wanted or len(wanted) > 2000:  # noqa: PLR2004 - longer than any address of ours
        return home
    plain = unquote(wanted)
    try:
        parts = urlsplit(wanted)
    except ValueError:  # half an IPv6 address and the like
        return home
    unsafe = parts.scheme or parts.netloc or not wanted.startswith("/") or plain.startswith(("//", "/\\"))
    if unsafe or "\\" in plain or any(ord(letter) < 32 for letter in plain):  # noqa: PLR2004 - control characters
        return home
    return home if parts.path.startswith(("/casework/session", "/casework/sign-")) else wanted


_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPad", "iPad"),
    ("iPhone", "iPhone"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """``Edge / Windows``: enough for a person to know their own device again, and no more."""
    found = [next((name for mark, name in marks if mark in user_agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    return " / ".join(part for part in found if part)
