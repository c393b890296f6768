from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.app import create_app
from shared.credentials import HEADER, Credentials
from shared.db import Database
from shared.identity import TOKEN_COOKIE, Actor, Tokens
from shared.keys import make_key, public_of
from shared.service import Service
from shared.settings import Settings
from shared.testing import FreshDatabase
from shared.web import join


def post_of(role: str, *areas: str, agency: str = "sukoyaka-c", post: UUID | None = None) -> Actor:
    """Somebody in a post, made up."""
    return Actor(
        post=post or uuid4(),
        person=uuid4(),
        session=uuid4(),
        agency=agency,
        agency_kind=agency.partition("-")[0],
        role=role,
        areas=frozenset(areas),
        name="佐藤 美咲",
    )


@pytest.fixture
def caseworker() -> Actor:
    return post_of("caseworker", "c")


@pytest.fixture
async def db(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    database = Database(await fresh_database("intake"), pool_size=4)
    yield database
    await database.close()


async def events_of(session: AsyncSession, household: UUID | None = None) -> list[tuple[str, dict[str, Any]]]:
    """(type without prefix, data) of the log, in order."""
    rows = await session.execute(
        text("SELECT type, data FROM event_log WHERE CAST(:h AS text) IS NULL OR :h = ANY(subjects) ORDER BY log_id"),
        {"h": str(household) if household else None},
    )
    return [(name.removeprefix("intake."), data) for name, data in rows]


_KEY = OKPKey.generate_key("Ed25519")
_SERVICE_KEYS = {"outreach": make_key(), "notify": make_key()}


@dataclass
class House:
    """Intake alone, alive, and a client in front of it."""

    service: Service
    client: httpx.AsyncClient
    tokens: Tokens

    def sign_in(self, actor: Actor) -> None:
        self.client.cookies.set(TOKEN_COOKIE, self.tokens.sign(actor))

    async def post(
        self, path: str, body: object, *, actor: Actor | None = None, key: str | None = None
    ) -> httpx.Response:
        if actor is not None:
            self.sign_in(actor)
        headers = {"idempotency-key": key} if key else {}
        return await self.client.post(f"/intake{path}", json=body, headers=headers)

    async def post_for(self, service: str, path: str, body: object, **bound: str) -> httpx.Response:
        """As another service asks for whoever is signed in; ``bound`` changes what its credential is bound to."""
        token = self.client.cookies[TOKEN_COOKIE]
        shown = Credentials(self.service.settings.model_copy(update={"service_key": _SERVICE_KEYS[service]}), service)
        credential = shown.show("intake", "behalf", **{"viewer": token, "origin": "192.0.2.77", **bound})
        return await self.client.post(f"/intake{path}", json=body, headers={HEADER: credential})

    async def get(self, path: str, *, actor: Actor | None = None, page: bool = False) -> httpx.Response:
        if actor is not None:
            self.sign_in(actor)
        return await self.client.get(f"/intake{path}", headers={"accept": "text/html"} if page else {})


@pytest.fixture
async def house(fresh_database: FreshDatabase) -> AsyncIterator[House]:
    settings = Settings(
        database_url=await fresh_database("intake"),
        redis_url=None,
        signing_key=_KEY.as_pem(private=True).decode(),
        verifying_key=_KEY.as_pem(private=False).decode(),
        service_keys={service: public_of(key) for service, key in _SERVICE_KEYS.items()},
        pool_size=3,
        cookie_secure=False,
    )
    app = create_app(settings)
    whole = join(app)
    service: Service = app.state.service

    async with (
        whole.router.lifespan_context(whole),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(whole, raise_app_exceptions=False), base_url="http://ward.test"
        ) as client,
    ):
        yield House(service, client, Tokens(settings))
