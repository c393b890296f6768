"""Passwords, one-time codes and how often one may try. Pure.

OWASP ASVS 5.0 chapter 6: at least 12 characters, any characters, no rules of composition, none that many people chose;
a second factor whose codes are taken once; growing rests after failures instead of accounts that stay shut.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import pyotp
from zxcvbn import zxcvbn

from shared.errors import Refused
from shared.i18n import N_

SHORTEST: Final = 12
LONGEST: Final = 128
_WEIGHED: Final = 72
"""How much of a long password zxcvbn is asked about: its effort grows with the square."""
_STRONG: Final = 3
"""zxcvbn: safe against 10^10 guesses (offline, slow hash)."""

TRIES: Final = {"account": 5, "address": 50}
"""Failures before the first rest. An office shares an address, so it may fail more often than one account."""
_FIRST_REST = timedelta(seconds=30)
_LONGEST_REST = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=24)

STEP: Final = 30
"""Seconds that a one-time code stands (RFC 6238)."""
CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""For codes on paper: 32 letters and figures that nobody confuses."""
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,98}[a-z0-9])?")


def plain_login(text: str) -> str:
    """A login name as it is kept: NFKC, lower case, without spaces around it and what can't be seen or stored."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isprintable()).strip().lower()


def demand_login(text: str) -> str:
    """A login name that can be given out: letters, figures and ``._@+-``, at most 100."""
    login = plain_login(text)
    if _LOGIN.fullmatch(login) is None:
        raise Refused(N_("ログイン名は、半角の英数字と . _ @ + - で、100字までです。"), field="login")
    return login


def plain_password(text: str) -> str:
    """A password as it is hashed: NFC, so that it is the same from every keyboard; nothing is cut off."""
    return unicodedata.normalize("NFC", text)


def judge_password(password: str, known: Sequence[str]) -> None:
    """Refuse what is short, or what many people or this person (``known``: their names) would choose."""
    if len(password) < SHORTEST:
        raise Refused(
            N_("パスワードは{n}文字以上にしてください。文字の種類は問いません。"), field="password", n=SHORTEST
        )
    if len(password) > LONGEST:
        raise Refused(N_("パスワードは{n}文字までです。"), field="password", n=LONGEST)
    if (
        zxcvbn(password[:_WEIGHED], user_inputs=[word for word in known if word], max_length=_WEIGHED)["score"]
        < _STRONG
    ):
        raise Refused(
            N_("よく使われるか、当てられやすいパスワードです。関係のない言葉をいくつか並べると強くなります。"),
            field="password",
        )


def rests_until(kind: Literal["account", "address"], failures: int, last_at: datetime) -> datetime | None:
    """Until when nothing is tried after so many failures; None while there are tries left.

    The rest doubles with each further failure, up to a quarter of an hour: an account can be slowed down by a
    stranger, never shut for good.
    """
    beyond = failures - TRIES[kind]
    if beyond < 0:
        return None
    return last_at + min(_FIRST_REST * (1 << min(beyond, 10)), _LONGEST_REST)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is: the present one, or one beside it for clocks that differ."""
    totp, found = pyotp.TOTP(secret, interval=STEP), None
    present = int(now.timestamp()) // STEP
    for step in (present - 1, present, present + 1):  # always all three: the answer takes as long either way
        if pyotp.utils.strings_equal(totp.generate_otp(step), code):
            found = step
    return found


def plain_code(text: str) -> str:
    """A code as typed from paper or telephone: NFKC, upper case, without spaces and hyphens."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum())


def in_groups(code: str) -> str:
    """A paper code in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
