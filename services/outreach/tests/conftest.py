"""A small ward for the tests of outreach: a team, an agency, facts as if they had been heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import text

from services.outreach.app import create_app
from services.outreach.handlers import subscriptions
from shared import clock
from shared.codes import Codes
from shared.db import Database
from shared.events import Envelope, Event
from shared.events.casework import CaseOpened, PostStarted, VisitRequested
from shared.events.intake import HouseholdRegistered
from shared.identity import Actor, Tokens
from shared.settings import Settings
from shared.spine.applying import Applier
from shared.testing import FreshDatabase
from shared.web import join

_KEY = OKPKey.generate_key("Ed25519")
PRIVATE, PUBLIC = _KEY.as_pem(private=True).decode(), _KEY.as_pem(private=False).decode()
TODAY = date(2026, 6, 15)  # a Monday
NOW = datetime(2026, 6, 15, 0, 0, tzinfo=UTC)  # nine in the morning in Tokyo


def make_actor(role: str, agency: str, kind: str, areas: tuple[str, ...] = ()) -> Actor:
    return Actor(
        post=uuid4(),
        person=uuid4(),
        session=uuid4(),
        agency=agency,
        agency_kind=kind,
        role=role,
        areas=frozenset(areas),
        name="訪問 太郎",
    )


@dataclass(slots=True)
class Ward:
    db: Database
    codes: Codes
    settings: Settings
    lead: Actor
    workers: list[Actor]
    coordinator: Actor
    manager: Actor
    other_lead: Actor
    positions: dict[str, int] = field(default_factory=dict)

    async def hear(self, event: Event, *, at: datetime | None = None) -> Envelope:
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
        )
        for _ in range(2):
            async with self.db.transaction() as session:
                await Applier(subscriptions).quick(session, [envelope], set())
        return envelope

    async def start_post(self, actor: Actor) -> None:
        await self.hear(
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

    async def request(self, **more: Any) -> VisitRequested:
        """A household with a case for which a visit is wanted."""
        household, case = uuid4(), uuid4()
        area = more.pop("area", "n")
        await self.hear(HouseholdRegistered(household=household, number="H-10482", area=area, district="kitahara"))
        await self.hear(
            CaseOpened(
                household=household,
                case=case,
                number="K26-0391",
                owner=self.coordinator.post,
                agency="coordination",
                area=area,
                urgency=more.get("urgency", "B"),
            )
        )
        event = VisitRequested(
            **{
                "household": household,
                "case": case,
                "request": uuid4(),
                "number": "K26-0391",
                "purpose": "contact",
                "due_on": clock.today() + timedelta(days=5),
                "area": area,
                "district": "kitahara",
                "urgency": "B",
                "requested_by": self.coordinator.post,
            }
            | more
        )
        await self.hear(event)
        return event

    async def recorded(self, type_: str | None = None) -> list[dict[str, Any]]:
        """The facts in outreach's own log, in their order."""
        query = "SELECT type, data, actor FROM event_log ORDER BY log_id"
        async with self.db.read() as session:
            rows = [row._asdict() for row in await session.execute(text(query))]
        return [row["data"] | {"type": row["type"]} for row in rows if type_ in {None, row["type"]}]

    def token(self, actor: Actor) -> str:
        return Tokens(self.settings).sign(actor)


@pytest.fixture
async def ward(fresh_database: FreshDatabase) -> AsyncIterator[Ward]:
    url = await fresh_database("outreach")
    db = Database(url, pool_size=3)
    async with db.read() as session:
        codes = await Codes.load(session)
    settings = Settings(
        database_url=url, redis_url=None, signing_key=PRIVATE, verifying_key=PUBLIC, pool_size=3, cookie_secure=False
    )
    team = ("outreach-n", "outreach", ("n",))
    found = Ward(
        db=db,
        codes=codes,
        settings=settings,
        lead=make_actor("outreach_lead", *team),
        workers=[make_actor("outreach_worker", *team) for _ in range(3)],
        coordinator=make_actor("coordinator", "coordination", "coordination"),
        manager=make_actor("manager", "chiiki", "chiiki"),
        other_lead=make_actor("outreach_lead", "outreach-w", "outreach", ("w",)),
    )
    with clock.at(NOW):
        for actor in [found.lead, *found.workers, found.coordinator, found.manager, found.other_lead]:
            await found.start_post(actor)
    yield found
    await db.close()


@pytest.fixture
async def client(ward: Ward) -> AsyncIterator[httpx.AsyncClient]:
    app = join(create_app(ward.settings))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ward") as found:
            yield found


class People:
    """Sends requests as one of the ward's posts."""

    def __init__(self, ward: Ward, client: httpx.AsyncClient) -> None:
        self.ward, self.client = ward, client

    async def ask(self, actor: Actor, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.ward.token(actor)}"} | ({"idempotency-key": key} if key else {})
        return await self.client.request(method, f"/outreach/api{path}", headers=headers, **more)

    async def publish(self, request: UUID) -> dict[str, Any]:
        plan = await self.ask(self.ward.lead, "POST", "/plan", json={"requests": [str(request)]})
        assert plan.status_code == 200, plan.text
        (row,) = plan.json()
        visit = row["proposal"]
        published = await self.ask(self.ward.lead, "POST", "/visits/publish", json={"visits": [visit["visit"]]})
        assert published.status_code == 200, published.text
        return dict(visit)

    def actor_of(self, post: str) -> Actor:
        return next(a for a in [self.ward.lead, *self.ward.workers] if str(a.post) == post)


@pytest.fixture
def people(ward: Ward, client: httpx.AsyncClient) -> People:
    return People(ward, client)


def ids(rows: list[dict[str, Any]], name: str) -> set[UUID]:
    return {UUID(row[name]) for row in rows}
