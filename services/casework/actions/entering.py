"""Coming in with a local account: login name, password and one-time code in one step.

Whatever is wrong, the answer is the same and takes as long: an unknown name is weighed against a password nobody has.
Each try is written down before it is weighed, so that tries at the same moment are counted too. What failed is
counted for the login name and for the address, whether or not there is such an account.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.casework.actions.sessions import SignedIn, enter
from services.casework.rules import accounts as rules
from services.casework.sealing import Sealer
from services.casework.tables import Account, RecoveryCode, SignInFailure
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Refused
from shared.i18n import N_
from shared.identity import Actor, hash_of
from shared.limits import network_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.settings import Settings

HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""Argon2id with 19 MiB, two passes (OWASP Password Storage Cheat Sheet); a hash with others is made anew at sign-in."""

_NOBODYS_HASH: Final = HASHER.hash("a password that nobody has")
_NOBODYS_SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - opens nothing
_AT_ONCE = asyncio.Semaphore(2)
"""Hashing takes memory and a processor on purpose; sign-ins queue so that they don't take the service with them."""

NOBODY: Final = UUID(int=0)
_WRONG = N_("ログイン名・パスワード・確認コードのどれかがちがいます。")
_RESTING = N_("うまくいかないことが続いたので、しばらく受け付けません。{minutes}分ほどしてからためしてください。")
_NOT_OFFERED = N_("この環境では、パスワードでは入れません。")


class RestingError(Refused):
    """Too many failures: nothing is weighed for a while."""

    status = 429


class WrongError(Refused):
    """Not the right name, password or code; which, nobody is told."""

    status = 401


@dataclass(frozen=True, slots=True)
class Proof:
    """What a person shows. ``code``: six figures from the second factor, or a recovery code."""

    login: str
    password: str
    code: str


async def sign_in_locally(db: Database, settings: Settings, proof: Proof, address: str, device: str) -> SignedIn:
    """Begin a session. WrongError, or RestingError after too many failures; Refused for who holds no post today."""
    sealer = sealer_of(settings)
    login = rules.plain_login(proof.login)[:200]
    await count_try(db, sealer, address=address, login=login)
    async with db.read() as session:
        account = await session.scalar(select(Account).where(Account.login == login))
    right = await is_password(account.password_hash if account else None, proof.password)
    code = rules.plain_code(proof.code)
    secret = sealer.open(account.totp_secret, account.person) if account and account.totp_secret else _NOBODYS_SECRET
    step = rules.matching_step(secret, code, clock.now())
    async with db.transaction() as session:
        taken = await _take_code(session, account.person if account and right else NOBODY, step, code)
        if account is not None and right and taken:
            await forgive(session, sealer, address, login)
            if account.password_hash and HASHER.check_needs_rehash(account.password_hash):
                fresh = await hash_password(proof.password)
                await session.execute(
                    update(Account).where(Account.person == account.person).values(password_hash=fresh)
                )
            return await enter(session, settings, account.person, "local", device)
        await note(session, stranger(account.person if account else NOBODY), "sign_in_failed", basis="local")
    raise WrongError(_WRONG)


async def is_password(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; as slow for nobody's account."""
    async with _AT_ONCE:
        right = await asyncio.to_thread(_verify, password_hash or _NOBODYS_HASH, rules.plain_password(password))
    return right and password_hash is not None


async def hash_password(password: str) -> str:
    """A new hash, with today's parameters."""
    async with _AT_ONCE:
        return await asyncio.to_thread(HASHER.hash, rules.plain_password(password))


async def take_second_factor(session: AsyncSession, sealer: Sealer, account: Account, typed: str) -> bool:
    """Whether ``typed`` is a code of this account that was not used before; it is used now."""
    code = rules.plain_code(typed)
    secret = sealer.open(account.totp_secret, account.person) if account.totp_secret else _NOBODYS_SECRET
    return await _take_code(session, account.person, rules.matching_step(secret, code, clock.now()), code)


async def count_try(db: Database, sealer: Sealer, *, address: str, login: str | None = None) -> None:
    """Count a try before it is weighed; RestingError where there were too many. Its own transaction."""
    keys: dict[str, Literal["account", "address"]] = {_address_key(sealer, address): "address"}
    if login is not None:
        keys[_login_key(sealer, login)] = "account"
    now = clock.now()
    rested = None
    async with db.transaction() as session:
        fresh = [{"key": key, "failures": 0, "last_at": now} for key in sorted(keys)]
        await session.execute(insert(SignInFailure).values(fresh).on_conflict_do_nothing())
        query = select(SignInFailure).where(SignInFailure.key.in_(keys)).order_by(SignInFailure.key).with_for_update()
        rows = list(await session.scalars(query))
        for row in rows:
            if now - row.last_at > rules.FORGOTTEN_AFTER:
                row.failures = 0
            until = rules.rests_until(keys[row.key], row.failures, row.last_at)
            if until is not None and now < until:
                rested = max(until, rested or until)
        if rested is None:
            for row in rows:
                row.failures, row.last_at = row.failures + 1, now
                if row.failures == rules.TRIES[keys[row.key]]:
                    await note(session, stranger(NOBODY), "sign_in_locked", basis=keys[row.key])
    if rested is not None:
        minutes = -(-int((rested - now).total_seconds()) // 60)
        raise RestingError(_RESTING, minutes=minutes)


async def forget_failures(session: AsyncSession) -> None:
    """Delete what has been forgotten; part of the sweep."""
    await session.execute(delete(SignInFailure).where(SignInFailure.last_at < clock.now() - rules.FORGOTTEN_AFTER))


def sealer_of(settings: Settings) -> Sealer:
    """What keeps second factors. Forbidden where local accounts are not offered."""
    if not settings.account_key:
        raise Forbidden(_NOT_OFFERED)
    return Sealer(settings.account_key)


def new_totp_secret() -> str:
    """A second factor's secret: 160 bits in base32, as authenticator apps take it."""
    return pyotp.random_base32()


def stranger(person: UUID) -> Actor:
    """Who is not in: for the audit of failures. ``person``: whose account it was about, if anybody's."""
    return Actor(NOBODY, person, NOBODY, "", "", "", frozenset(), "")


async def _take_code(session: AsyncSession, person: UUID, step: int | None, code: str) -> bool:
    """Use up a code: a step later than every one before, or a recovery code. Two statements whatever it is."""
    later = update(Account).where(Account.person == person, Account.totp_step < (step or 0))
    by_step = await session.execute(later.values(totp_step=step or 0))
    unused = update(RecoveryCode).where(
        RecoveryCode.code_hash == hash_of(code), RecoveryCode.person == person, RecoveryCode.used_at.is_(None)
    )
    by_paper = await session.execute(unused.values(used_at=func.now()))
    assert isinstance(by_step, CursorResult)  # noqa: S101 - what an UPDATE gives
    assert isinstance(by_paper, CursorResult)  # noqa: S101
    return bool(by_step.rowcount or by_paper.rowcount)


async def forgive(session: AsyncSession, sealer: Sealer, address: str, login: str) -> None:
    """The account begins anew; of the address only this one try is taken back, since others fail from there too."""
    await session.execute(delete(SignInFailure).where(SignInFailure.key == _login_key(sealer, login)))
    await session.execute(
        update(SignInFailure)
        .where(SignInFailure.key == _address_key(sealer, address))
        .values(failures=func.greatest(SignInFailure.failures - 1, 0))
    )


def _login_key(sealer: Sealer, login: str) -> str:
    return "account:" + sealer.digest(login)


def _address_key(sealer: Sealer, address: str) -> str:
    return "address:" + sealer.digest(network_of(address))


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
