"""How often one may ask: a bucket for each person and kind of request, and one for each address.

Kept in each replica's memory: nothing is asked of a database before a request is let in, and what runs out is let in
again by itself. The generic cell rate algorithm (ITU-T I.371): one time stamp for each bucket says when it is full.
What is tried at the sign-in is counted in the database beside it (``services/casework/rules/accounts.py``).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared import clock
from shared.errors import Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` requests at once, then ``per_second`` on average."""

    burst: int
    per_second: float


PERSON: Final[Mapping[str, Rate]] = {
    "export": Rate(10, 0.1),
    "search": Rate(60, 2),
    "labels": Rate(200, 10),
    "drafts": Rate(120, 4),
    "everything": Rate(600, 30),
}
"""By kind of request, for one person in all their windows; a request of a kind counts for ``everything`` too."""
ADDRESS: Final[Mapping[str, Rate]] = {"sign_in": Rate(200, 2), "everything": Rate(3000, 300)}
"""An office may share one address: everybody's morning sign-in must pass."""

_KINDS: Final = (
    ("export", re.compile(r"/export(\.\{\w+\})?$|/file(\.json)?$|/(paper|receipt)$")),
    ("search", re.compile(r"/search$")),
    ("labels", re.compile(r"^/labels$|/api/cells$")),
    ("drafts", re.compile(r"^/drafts/")),
)
_SIGN_IN: Final = re.compile(r"^/casework/(sign-in|api/session)(/|$)")
_UNCOUNTED: Final = re.compile(r"^/\w+/(events|health|metrics)$")
"""Between services, with credentials of their own; asked by whoever watches them."""
_MOST_BUCKETS: Final = 20_000
_ROUNDING: Final = 1e-9


class TooManyError(Refused):
    """Too many requests; ``seconds`` until the next one is let in."""

    status = 429

    def __init__(self, seconds: float) -> None:
        super().__init__(N_("続けて送りすぎです。少し待ってください。"))
        self.seconds = seconds


def admit(full_at: float, now: float, rate: Rate) -> tuple[float, float]:
    """Whether one more may pass: when the bucket will be full then, and how long to wait (0: it passes)."""
    each = 1 / rate.per_second
    ahead = max(full_at, now) - now
    wait = ahead - (rate.burst - 1) * each
    return (full_at, wait) if wait > _ROUNDING else (now + ahead + each, 0.0)


def kind_of(path: str) -> str:
    """The kind of a request by its route, without the service's prefix."""
    return next((kind for kind, pattern in _KINDS if pattern.search(path)), "everything")


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that an IPv6 host can choose from."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))  # noqa: PLR2004


@dataclass(slots=True)
class Limits:
    """One replica's buckets."""

    now: Callable[[], float] = clock.monotonic
    _full_at: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def count_person(self, person: str, path: str) -> None:
        """Let a person's request to a route pass. Raises TooManyError."""
        for kind in {kind_of(path), "everything"}:
            self._count("person", kind, person, PERSON[kind])

    def count_address(self, address: str, method: str, path: str) -> None:
        """Let a request from an address pass, with its whole path. Raises TooManyError."""
        if _UNCOUNTED.match(path):
            return
        if method == "POST" and _SIGN_IN.match(path):
            self._count("address", "sign_in", network_of(address), ADDRESS["sign_in"])
        self._count("address", "everything", network_of(address), ADDRESS["everything"])

    def _count(self, what: str, kind: str, who: str, rate: Rate) -> None:
        key, now = (what, kind, who), self.now()
        if len(self._full_at) >= _MOST_BUCKETS and key not in self._full_at:
            self._full_at = {key: full for key, full in self._full_at.items() if full > now}
        self._full_at[key], wait = admit(self._full_at.get(key, now), now, rate)
        if wait:
            raise TooManyError(wait)
