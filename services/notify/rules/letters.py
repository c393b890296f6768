"""What leaves by e-mail: the sentence of the kind, until when, where to look. Never a name, a number or an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import TOKYO

MOST_ATTEMPTS = 8
LEASE = timedelta(minutes=5)
"""While one replica talks to the mail server, no other takes the same letter."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: ``subject`` and ``body`` in both languages, as nobody knows what the reader's post box speaks."""

    subject: str
    body: str


def write_letter(ja: str, en: str, read_by: datetime | None, address: str) -> Letter:
    """The message for one notification; ``address`` of the inbox page."""
    lines = [ja]
    if read_by is not None:
        local = read_by.astimezone(TOKYO)
        lines.append(f"{local.month}月{local.day}日 {local:%H:%M} までに見てください。")
    lines += [address, "", en]
    if read_by is not None:
        lines.append(f"Please look by {read_by.astimezone(TOKYO):%d %b %H:%M}.")
    lines += [address, "", "このメールに、名前や住所は書いてありません。返信しないでください。"]
    return Letter("[Kasane] 通知があります / You have a notification", "\n".join(lines) + "\n")


def again_after(attempts: int) -> timedelta | None:
    """How long to wait after the ``attempts``-th failure: 1, 2, 4 … minutes; None when it is given up."""
    return None if attempts >= MOST_ATTEMPTS else timedelta(minutes=2 ** (attempts - 1))
