"""A small service on the shared ground: one table of notes, one route for each thing the ground promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from joserfc.jwk import OKPKey
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared import clock
from shared.db import SharedBase
from shared.errors import Missing, Refused
from shared.events.casework import PostStarted
from shared.events.intake import HouseholdRegistered
from shared.identity import TOKEN_COOKIE, Actor, CurrentActor, Tokens
from shared.service import Here, IdempotencyKeyHeader, Service
from shared.settings import Settings
from shared.spine import Received, SpineBase, Subscriptions, ensure_partitions, hold, record
from shared.testing import FreshDatabase
from shared.text import Line
from shared.web import build_service, join, page

_KEY = OKPKey.generate_key("Ed25519")
PRIVATE, PUBLIC = _KEY.as_pem(private=True).decode(), _KEY.as_pem(private=False).decode()


class NewNote(BaseModel):
    """One line to keep."""

    line: Line


router = APIRouter()


@router.post("/api/notes")
async def keep_note(body: NewNote, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> dict[str, Any]:
    """Keep a line and state a fact about the actor's post."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        await hold(session, actor.post)
        await session.execute(text("INSERT INTO note (line) VALUES (:line)"), {"line": body.line})
        fact = PostStarted(
            post=actor.post,
            person=actor.person,
            agency="jiritsu",
            agency_kind="jiritsu",
            role="caseworker",
            starts_on=date(2026, 4, 1),
        )
        await record(session, fact, actor=actor)
        return {"length": len(body.line)}

    done = await here.perform(actor, work, key=key, what="note", body=body.model_dump())
    return {"position": done.position, "repeated": done.repeated, **done.answer}


@router.get("/refused")
async def refuse(_: CurrentActor) -> None:
    """A rule says no."""
    raise Refused("この欄がありません。", field="line")


@router.get("/missing")
async def miss(_: CurrentActor) -> None:
    """Nothing here."""
    raise Missing("ここには何もありません。番号が変わったか、見る権限がありません。")


@router.get("/broken")
async def break_down(_: CurrentActor) -> None:
    """A surprise whose message holds a name."""
    raise RuntimeError("大槻トシ子")


@router.get("/page")
async def show(request: Request, _: CurrentActor) -> HTMLResponse:
    """A page in the shared frame."""
    return page(request, "sheet.html")


@dataclass
class House:
    """The running service and what a test needs of it."""

    app: FastAPI
    client: httpx.AsyncClient
    actor: Actor
    tokens: Tokens

    @property
    def service(self) -> Service:
        service: Service = self.app.state.service
        return service

    def sign_in(self, actor: Actor | None = None) -> None:
        self.client.cookies.set(TOKEN_COOKIE, self.tokens.sign(actor or self.actor))

    async def notes(self) -> int:
        async with self.service.db.read() as session:
            return int(await session.scalar(text("SELECT count(*) FROM note")) or 0)

    async def facts(self) -> int:
        async with self.service.db.read() as session:
            return int(await session.scalar(text("SELECT count(*) FROM event_log")) or 0)


async def furnish(url: str) -> None:
    """The tables that every service has, and ``note``."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for metadata in (SharedBase.metadata, SpineBase.metadata):
            await connection.run_sync(metadata.create_all)
        await connection.execute(text("CREATE TABLE note (line text NOT NULL)"))
        await ensure_partitions(connection, clock.today())
    await engine.dispose()


@pytest.fixture
async def house(fresh_database: FreshDatabase, redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The small service, alive, and a client in front of it that is not signed in."""
    url = await fresh_database("ground", furnish)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "sheet.html").write_text(
        '{% extends "layout.html" %}{% block main %}<h1>{{ _("世帯") }}</h1>{% endblock %}', encoding="utf-8"
    )
    settings = Settings(
        database_url=url, redis_url=redis_url, signing_key=PRIVATE, verifying_key=PUBLIC, cookie_secure=False
    )
    subscriptions = Subscriptions("casework")

    @subscriptions.on(HouseholdRegistered, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdRegistered]) -> None:
        await session.execute(text("INSERT INTO note (line) VALUES (:line)"), {"line": heard.event.number})

    app = build_service(
        name="casework", folder=tmp_path, settings=settings, subscriptions=subscriptions, routers=[router]
    )
    actor = Actor(
        post=clock.new_id(),
        person=clock.new_id(),
        session=clock.new_id(),
        agency="jiritsu",
        agency_kind="jiritsu",
        role="caseworker",
        areas=frozenset({"c"}),
        name="佐藤 美咲",
    )
    whole = join(app)
    async with (
        whole.router.lifespan_context(whole),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(whole, raise_app_exceptions=False), base_url="http://ward.test"
        ) as client,
    ):
        yield House(app, client, actor, Tokens(settings))
