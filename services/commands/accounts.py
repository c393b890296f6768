"""``./kasane account invite | reset | list``: accounts from the console, for the first administrator and in need."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.actions.accounts import Letter, invite_person, reset_account
from services.casework.actions.people import register_person, start_post
from services.casework.queries.people import list_people
from services.casework.requests import RegisterPerson, StartPost
from services.casework.rules.accounts import demand_login
from services.casework.tables import Account, Agency
from services.commands.places import database, settings_of
from services.commands.trouble import Trouble
from shared import clock
from shared.settings import Settings

_NO_KEY = "local accounts are off: set KASANE_ACCOUNT_KEY for casework (./kasane secrets makes one)"


def invite(data: Path | None, login: str, *, name: str, role: str, agency: str, as_json: bool) -> int:
    """Invite; a person who is new is registered with a first post. Prints the code, which is shown this once."""
    settings = _settings(data)

    async def work(session: AsyncSession) -> Letter:
        known = await session.scalar(select(Account.person).where(Account.login == demand_login(login)))
        person = known or await _register(session, name, role, agency)
        return await invite_person(session, settings, None, person, login)

    return _tell(asyncio.run(_in_database(settings, work)), settings, as_json=as_json)


def reset(data: Path | None, login: str, *, as_json: bool) -> int:
    """Reset; prints the new code."""
    settings = _settings(data)

    async def work(session: AsyncSession) -> Letter:
        person = await session.scalar(select(Account.person).where(Account.login == demand_login(login)))
        if person is None:
            msg = f"nobody has the login name {login}; ./kasane account list shows who has one"
            raise Trouble(msg)
        return await reset_account(session, settings, None, person)

    return _tell(asyncio.run(_in_database(settings, work)), settings, as_json=as_json)


def list_(data: Path | None, *, as_json: bool) -> int:
    """Print login names, names, posts and states."""
    found = asyncio.run(_in_database(settings_of("casework", data), list_people))
    rows = [
        {
            "login": one.login,
            "name": one.name,
            "state": one.account,
            "posts": [f"{post.role}@{post.agency}" for post in one.posts],
        }
        for one in found
        if one.login
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    table = Table("login", "name", "posts", "state")
    for row in rows:
        table.add_row(str(row["login"]), str(row["name"]), ", ".join(row["posts"]), str(row["state"]))
    Console().print(table)
    return 0


async def _register(session: AsyncSession, name: str, role: str, agency: str) -> UUID:
    if not name:
        msg = "this login name is new: say whose it is with --name"
        raise Trouble(msg)
    if await session.get(Agency, agency) is None:
        session.add(Agency(code=agency, kind="chiiki", ja=agency, en=agency))
        await session.flush()
    person = await register_person(session, None, RegisterPerson(name=name))
    await start_post(session, None, person.id, StartPost(agency=agency, role=role, starts_on=clock.today()))
    return person.id


async def _in_database(settings: Settings, work: Any) -> Any:
    async with database(settings) as db, db.transaction() as session:
        return await work(session)


def _settings(data: Path | None) -> Settings:
    settings = settings_of("casework", data)
    if not settings.account_key:
        raise Trouble(_NO_KEY)
    return settings


def _tell(letter: Letter, settings: Settings, *, as_json: bool) -> int:
    address = f"{settings.public_url}/casework/sign-in/letter"
    until = letter.expires_at.astimezone(clock.TOKYO)
    if as_json:
        told = {"login": letter.login, "code": letter.code, "address": address, "expires_at": until.isoformat()}
        print(json.dumps(told, ensure_ascii=False))
    else:
        lines = {"login name": letter.login, "code": letter.code, "open": address, "until": f"{until:%Y-%m-%d %H:%M}"}
        print("\n".join(f"{name:<11} {value}" for name, value in lines.items()))
        print("The code is shown this once and works once.")
    return 0
