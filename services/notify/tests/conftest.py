"""A small ward for the tests of notify: posts, a case, facts as if they had been heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import select, text

from services.notify.app import create_app
from services.notify.handlers import subscriptions
from services.notify.tables import Notification
from shared import clock
from shared.codes import Codes
from shared.db import Database
from shared.events import Envelope, Event
from shared.events.casework import CaseOpened, PostStarted
from shared.events.intake import HouseholdRegistered
from shared.identity import Actor, Tokens
from shared.settings import Settings
from shared.spine.applying import Applier
from shared.testing import FreshDatabase
from shared.web import join

_KEY = OKPKey.generate_key("Ed25519")
PRIVATE, PUBLIC = _KEY.as_pem(private=True).decode(), _KEY.as_pem(private=False).decode()
NOW = datetime(2026, 6, 15, 0, 0, tzinfo=UTC)  # a Monday, nine in the morning in Tokyo

POSTS = {
    "caseworker": ("caseworker", "sukoyaka-n", "sukoyaka", ("n",)),
    "coordinator": ("coordinator", "coordination", "coordination", ()),
    "duty_w": ("coordinator", "coordination-w", "coordination", ("w",)),
    "manager": ("manager", "chiiki", "chiiki", ()),
    "shakyo": ("agency_worker", "shakyo", "shakyo", ()),
    "shakyo2": ("agency_worker", "shakyo", "shakyo", ()),
    "hokatsu": ("agency_worker", "hokatsu-n", "hokatsu", ("n",)),
    "lead": ("outreach_lead", "outreach-n", "outreach", ("n",)),
    "lead_w": ("outreach_lead", "outreach-w", "outreach", ("w",)),
    "worker": ("outreach_worker", "outreach-n", "outreach", ("n",)),
    "worker2": ("outreach_worker", "outreach-n", "outreach", ("n",)),
    "operator": ("operator", "chiiki", "chiiki", ()),
}


@dataclass(slots=True)
class Ward:
    db: Database
    codes: Codes
    settings: Settings
    posts: dict[str, Actor]
    household: UUID = field(default_factory=uuid4)
    case: UUID = field(default_factory=uuid4)
    positions: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> UUID:
        return self.posts[name].post

    async def hear(self, event: Event, *, by: UUID | None = None, at: datetime | None = None) -> Envelope:
        """Apply a fact as the reader would; twice, as nothing promises that it comes once."""
        source = event.type.partition(".")[0]
        self.positions[source] = self.positions.get(source, 0) + 1
        moment = at or clock.now()
        envelope = Envelope(
            id=uuid4(),
            type=event.type,
            source=f"/990001/{source}",
            subjects=event.subjects,
            position=self.positions[source],
            previous=None,
            epoch="e",
            version=event.version,
            occurred_at=moment,
            recorded_at=moment,
            data=event.model_dump(mode="json"),
            actor=str(by) if by else None,
        )
        for _ in range(2):
            async with self.db.transaction() as session:
                await Applier(subscriptions).quick(session, [envelope], set())
        return envelope

    async def told(self, because: Envelope | None = None) -> dict[str, str]:
        """Who was told what: name of the post to the kind; of one fact, or of everything that still waits."""
        names = {actor.post: name for name, actor in self.posts.items()}
        statement = select(Notification)
        if because is not None:
            statement = statement.where(Notification.because == because.id)
        else:
            statement = statement.where(Notification.read_at.is_(None), Notification.settled_at.is_(None))
        async with self.db.read() as session:
            rows = (await session.scalars(statement)).all()
        return {names[row.post]: row.kind for row in rows}

    async def open_case(self, *, urgency: str = "B", by: UUID | None = None) -> Envelope:
        await self.hear(HouseholdRegistered(household=self.household, number="H-10482", area="n"))
        return await self.hear(
            CaseOpened(
                **self.about,
                number="K26-0391",
                owner=self["coordinator"],
                agency="coordination",
                area="n",
                urgency=urgency,  # type: ignore[arg-type]
            ),
            by=by,
        )

    @property
    def about(self) -> dict[str, Any]:
        return {"household": self.household, "case": self.case}

    async def recorded(self, type_: str) -> list[dict[str, Any]]:
        async with self.db.read() as session:
            rows = await session.execute(
                text("SELECT data FROM event_log WHERE type = :type ORDER BY log_id"), {"type": type_}
            )
            return [row.data for row in rows]

    def token(self, name: str) -> str:
        return Tokens(self.settings).sign(self.posts[name])


@pytest.fixture
async def ward(fresh_database: FreshDatabase) -> AsyncIterator[Ward]:
    url = await fresh_database("notify")
    db = Database(url, pool_size=3)
    async with db.read() as session:
        codes = await Codes.load(session)
    posts = {
        name: Actor(uuid4(), uuid4(), uuid4(), agency, kind, role, frozenset(areas), "通知 花子")
        for name, (role, agency, kind, areas) in POSTS.items()
    }
    settings = Settings(
        database_url=url, redis_url=None, signing_key=PRIVATE, verifying_key=PUBLIC, pool_size=3, cookie_secure=False
    )
    found = Ward(db=db, codes=codes, settings=settings, posts=posts)
    for actor in posts.values():
        await found.hear(
            PostStarted(
                post=actor.post,
                person=actor.person,
                agency=actor.agency,
                agency_kind=actor.agency_kind,
                role=actor.role,
                areas=tuple(sorted(actor.areas)),
                starts_on=date(2024, 4, 1),
            )
        )
    yield found
    await db.close()


@pytest.fixture
async def client(ward: Ward) -> AsyncIterator[httpx.AsyncClient]:
    app = join(create_app(ward.settings))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ward") as found:
            yield found
