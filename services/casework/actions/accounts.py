"""Accounts of people: invited and reset by an administrator with a code on paper, set up by the person."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.casework.actions.entering import (
    count_try,
    forgive,
    hash_password,
    is_password,
    new_totp_secret,
    sealer_of,
    stranger,
    take_second_factor,
)
from services.casework.actions.sessions import end_sessions_of
from services.casework.rules import accounts as rules
from services.casework.tables import Account, AccountLetter, Person, RecoveryCode
from shared import clock
from shared.audit import note
from shared.errors import Conflict, Forbidden, Missing, Refused
from shared.i18n import N_
from shared.identity import Actor, hash_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.settings import Settings

ADMINISTERS = frozenset({"operator"})
"""Roles that give out accounts and posts; they see no case."""

_LETTER_LENGTH = 20
_RECOVERY_CODES = 10
_RECOVERY_LENGTH = 24
"""120 bits: enough for a plain digest to keep them (ASVS 6.5.2 asks for 112)."""
_NOT_YOURS = N_("この操作は、運用の役割の人だけができます。")
_NO_PERSON = N_("その人は登録されていません。")
_NO_LETTER = N_("このコードは使えません。期限が切れたか、もう使われています。管理者に新しいものをたのんでください。")
_WRONG_CODE = N_("確認コードがちがいます。アプリに出ている6けたの数字を入れてください。")
_TAKEN = N_("そのログイン名は、ほかの人が使っています。")
_SAME = N_("いまのパスワードか確認コードがちがいます。")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed over on paper: shown once, kept as a hash."""

    code: str
    login: str
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter that was opened: whose, and the secret its QR code shows."""

    person: UUID
    login: str
    name: str
    secret: str
    purpose: str


def demand_administrator(actor: Actor) -> None:
    """Who may give out accounts and posts."""
    if actor.role not in ADMINISTERS:
        raise Forbidden(_NOT_YOURS)


async def invite_person(
    session: AsyncSession, settings: Settings, actor: Actor | None, person: UUID, login: str
) -> Letter:
    """Give a person a local account (or another login name) and a code to set it up with; ``actor`` None: console."""
    name = rules.demand_login(login)
    if await session.get(Person, person) is None:
        raise Missing(_NO_PERSON)
    if await session.scalar(select(Account.person).where(Account.login == name, Account.person != person)):
        raise Conflict(_TAKEN, field="login")
    statement = insert(Account).values(person=person, login=name)
    await session.execute(statement.on_conflict_do_update(index_elements=[Account.person], set_={"login": name}))
    return await _write_letter(session, settings, actor, person, "invite")


async def reset_account(session: AsyncSession, settings: Settings, actor: Actor | None, person: UUID) -> Letter:
    """Take password, second factor and recovery codes away at once, end the person's sessions, and write a letter."""
    account = await session.get(Account, person, with_for_update=True)
    if account is None:
        raise Missing(_NO_PERSON)
    account.password_hash, account.totp_secret, account.password_set_at = None, None, None
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person == person))
    await end_sessions_of(session, person, actor)
    return await _write_letter(session, settings, actor, person, "reset")


async def _write_letter(
    session: AsyncSession, settings: Settings, actor: Actor | None, person: UUID, purpose: str
) -> Letter:
    sealer, now = sealer_of(settings), clock.now()
    code = _new_code(_LETTER_LENGTH)
    await session.execute(delete(AccountLetter).where(AccountLetter.person == person, AccountLetter.used_at.is_(None)))
    letter = AccountLetter(
        id=clock.new_id(),
        person=person,
        code_hash=hash_of(code),
        purpose=purpose,
        totp_secret=sealer.seal(new_totp_secret(), person),
        made_at=now,
        made_by=actor.post if actor else None,
        expires_at=now + timedelta(hours=settings.letter_hours),
    )
    session.add(letter)
    await note(session, actor or stranger(person), f"account_{purpose}", basis=f"person:{person}")
    row = (await session.execute(_who(person))).one()
    return Letter(rules.in_groups(code), row.login, row.name, letter.expires_at)


async def open_letter(db: Database, settings: Settings, code: str, address: str) -> Opened:
    """What a code opens. Missing for one that is unknown, used or too old; tries are counted by address."""
    sealer = sealer_of(settings)
    await count_try(db, sealer, address=address)
    async with db.read() as session:
        letter = await session.scalar(_letter(code))
        if letter is None:
            raise Missing(_NO_LETTER)
        row = (await session.execute(_who(letter.person))).one()
        return Opened(
            letter.person, row.login, row.name, sealer.open(letter.totp_secret, letter.person), letter.purpose
        )


async def enrol(
    db: Database, settings: Settings, code: str, *, password: str, one_time: str, address: str
) -> tuple[str, list[str]]:
    """Set password and second factor, using the letter up; the login name and the recovery codes, told once."""
    opened = await open_letter(db, settings, code, address)
    await asyncio.to_thread(rules.judge_password, password, (opened.login, opened.name, "kasane"))
    step = rules.matching_step(opened.secret, rules.plain_code(one_time), clock.now())
    if step is None:
        raise Refused(_WRONG_CODE, field="code")
    fresh = await hash_password(password)
    sealer = sealer_of(settings)
    async with db.transaction() as session:
        letter = await session.scalar(_letter(code).with_for_update())
        if letter is None:
            raise Missing(_NO_LETTER)
        letter.used_at = clock.now()
        await session.execute(
            update(Account)
            .where(Account.person == letter.person)
            .values(
                password_hash=fresh,
                password_set_at=clock.now(),
                totp_secret=sealer.seal(opened.secret, letter.person),
                totp_step=step,
            )
        )
        await end_sessions_of(session, letter.person, None)
        await note(session, stranger(letter.person), "account_set_up", basis=letter.purpose)
        return opened.login, await _new_recovery_codes(session, letter.person)


async def change_password(db: Database, settings: Settings, actor: Actor, *, old: str, code: str, new: str) -> None:
    """The person's own change: old password and a code, then the new one; all their other sessions end."""
    sealer = sealer_of(settings)
    async with db.read() as session:
        row = (await session.execute(_who(actor.person))).first()
        account = await session.get(Account, actor.person)
    if row is None or account is None:
        raise Missing(_NO_PERSON)
    await count_try(db, sealer, address=str(actor.session), login=account.login)
    right = await is_password(account.password_hash, old)
    await asyncio.to_thread(rules.judge_password, new, (row.login, row.name, "kasane"))
    fresh = await hash_password(new)
    async with db.transaction() as session:
        if not (await take_second_factor(session, sealer, account, code) and right):
            raise Refused(_SAME, field="old")
        values = {"password_hash": fresh, "password_set_at": clock.now()}
        await session.execute(update(Account).where(Account.person == actor.person).values(values))
        await forgive(session, sealer, str(actor.session), account.login)
        await end_sessions_of(session, actor.person, actor, keep=actor.session)
        await note(session, actor, "password_changed")


async def _new_recovery_codes(session: AsyncSession, person: UUID) -> list[str]:
    codes = [_new_code(_RECOVERY_LENGTH) for _ in range(_RECOVERY_CODES)]
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person == person))
    await session.execute(insert(RecoveryCode).values([{"code_hash": hash_of(c), "person": person} for c in codes]))
    return [rules.in_groups(code) for code in codes]


def _letter(code: str) -> Select[AccountLetter]:
    return select(AccountLetter).where(
        AccountLetter.code_hash == hash_of(rules.plain_code(code)),
        AccountLetter.used_at.is_(None),
        AccountLetter.expires_at > clock.now(),
    )


def _who(person: UUID) -> Select[str, str]:
    return select(Account.login, Person.name).join(Person, Person.id == Account.person).where(Account.person == person)


def _new_code(length: int) -> str:
    return "".join(secrets.choice(rules.CODE_LETTERS) for _ in range(length))
