"""A small ward for the tests of casework: offices, posts, and facts as if they had been heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from joserfc.jwk import OKPKey
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.handlers import subscriptions
from services.casework.tables import Case
from shared import clock
from shared.codes import Codes
from shared.db import Database
from shared.events import Envelope, Event
from shared.events.intake import (
    ConsultationReceived,
    ConsultationScreened,
    HouseholdRegistered,
    TypeMatched,
    Urgency,
    Verdict,
)
from shared.identity import Actor, Tokens
from shared.settings import Settings
from shared.spine.applying import Applier

_KEY = OKPKey.generate_key("Ed25519")
PRIVATE, PUBLIC = _KEY.as_pem(private=True).decode(), _KEY.as_pem(private=False).decode()
TODAY = date(2026, 6, 18)  # a Thursday
NOW = datetime(2026, 6, 18, 1, 14, tzinfo=UTC)  # 10:14 in Tokyo
_NAMES = UUID("b7a0b7a0-0000-4000-8000-000000000001")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Office:
    code: str
    kind: str
    ja: str
    en: str
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    code: str
    agency: str
    role: str
    areas: tuple[str, ...] = ()
    name: str = "職員 花子"
    kana: str = "ショクイン ハナコ"
    romaji: str = "Hanako Shokuin"
    title_ja: str = "担当"
    title_en: str = "Worker"
    head: bool = False

    @property
    def id(self) -> UUID:
        return uuid5(_NAMES, f"post:{self.code}")

    @property
    def person(self) -> UUID:
        return uuid5(_NAMES, f"person:{self.code}")


class SmallWard:
    AGENCIES = (
        Office("sukoyaka-n", "sukoyaka", "北すこやか", "North Sukoyaka", ("n",)),
        Office("sukoyaka-c", "sukoyaka", "中央すこやか", "Central Sukoyaka", ("c",)),
        Office("hokatsu-n", "hokatsu", "地域包括 北", "Elder care North", ("n",)),
        Office("hokatsu-c", "hokatsu", "地域包括 中央", "Elder care Central", ("c",)),
        Office("outreach-n", "outreach", "アウトリーチ 北", "Outreach North", ("n",)),
        Office("shakyo", "shakyo", "社協", "Shakyo"),
        Office("seikatsu", "seikatsu", "生活援護課", "Public aid"),
        Office("coordination", "coordination", "多機関協働", "Coordination"),
        Office("chiiki", "chiiki", "地域福祉課", "Community welfare"),
    )
    POSTS = (
        Job("caseworker-n", "sukoyaka-n", "caseworker", ("n",), head=True, name="佐藤 美咲", romaji="Misaki Sato"),
        Job("caseworker-c", "sukoyaka-c", "caseworker", ("c",), head=True),
        Job("coordinator", "coordination", "coordinator", head=True, name="高梨 恵", romaji="Megumi Takanashi"),
        Job("hokatsu", "hokatsu-n", "agency_worker", ("n",), head=True),
        Job("shakyo", "shakyo", "agency_worker", head=True),
        Job("seikatsu", "seikatsu", "agency_worker", head=True),
        Job("lead", "outreach-n", "outreach_lead", ("n",), head=True),
        Job("worker", "outreach-n", "outreach_worker", ("n",)),
        Job("worker-2", "outreach-n", "outreach_worker", ("n",)),
        Job("manager", "chiiki", "manager", head=True),
        Job("operator", "chiiki", "operator"),
    )
    STARTS_ON = date(2024, 4, 1)


JOBS = {job.code: job for job in SmallWard.POSTS}
KINDS = {office.code: office.kind for office in SmallWard.AGENCIES}


def actor_of(code: str) -> Actor:
    job = JOBS[code]
    return Actor(
        post=job.id,
        person=job.person,
        session=uuid5(_NAMES, f"session:{code}"),
        agency=job.agency,
        agency_kind=KINDS[job.agency],
        role=job.role,
        areas=frozenset(job.areas),
        name=job.name,
    )


@dataclass(slots=True)
class Ward:
    db: Database
    codes: Codes
    settings: Settings
    positions: dict[str, int] = field(default_factory=dict)

    async def hear(self, event: Event, *, at: datetime | None = None, actor: str | None = None) -> Envelope:
        """Apply a fact as the reader would, in the transaction that moves the cursor."""
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
            recorded_at=clock.now(),
            data=event.model_dump(mode="json"),
            actor=actor,
        )
        async with self.db.transaction() as session:
            await Applier(subscriptions).quick(session, [envelope], set())
        await self.listen(source)
        return envelope

    async def listen(self, source: str = "intake", *, at: datetime | None = None) -> None:
        """Move the cursor: casework has heard of ``source`` just now."""
        async with self.db.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO cursor (source, event_at) VALUES (:source, :at) "
                    "ON CONFLICT (source) DO UPDATE SET event_at = :at"
                ),
                {"source": source, "at": at or clock.now()},
            )

    async def take_call(  # a household, a call, what was found, how it was screened
        self,
        *,
        by: str = "caseworker-n",
        area: str | None = "n",
        district: str | None = "kitahara",
        household: UUID | None = None,
        urgency: Urgency = "B",
        result: str = "toward_consent",
        worries: tuple[str, ...] = ("withdrawal", "care"),
        flags: tuple[str, ...] = (),
        types: dict[str, Verdict] | None = None,
        at: datetime | None = None,
        sight_check: bool = False,
    ) -> UUID:
        moment = at or clock.now()
        known = household is not None
        household, call, job = household or uuid4(), uuid4(), JOBS[by]
        if not known:
            await self.hear(
                HouseholdRegistered(household=household, number="H-10001", area=area, district=district), at=moment
            )
        await self.hear(
            ConsultationReceived(
                household=household,
                consultation=call,
                channel="phone",
                worries=worries,
                safety_flags=flags,
                received_by=job.id,
                agency=job.agency,
            ),
            at=moment,
        )
        found: dict[str, Verdict] = {"T8050": "match", "T8050W": "match"} if types is None else types
        for code, verdict in found.items():
            await self.hear(TypeMatched(household=household, code=code, verdict=verdict, rule_version="2026-04"))
        await self.hear(
            ConsultationScreened(
                household=household,
                consultation=call,
                urgency=urgency,
                result=result,
                sight_check_due=moment + timedelta(hours=48) if sight_check else None,
                screened_by=job.id,
            ),
            at=moment,
            actor=str(job.id),
        )
        return household

    async def case_of(self, household: UUID) -> Case:
        async with self.db.read() as session:
            found = await session.scalars(
                select(Case).where(Case.household == household).order_by(Case.opened_at.desc())
            )
            return found.first()  # type: ignore[return-value]

    async def open_case(self, **more: Any) -> Case:
        return await self.case_of(await self.take_call(**more))

    async def do(self, action: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        """Run an action in a transaction of its own."""
        async with self.db.transaction() as session:
            return await action(session)

    async def recorded(self, type_: str | None = None) -> list[dict[str, Any]]:
        """The facts in casework's own log, in their order."""
        query = "SELECT type, data, actor, occurred_at FROM event_log ORDER BY log_id"
        async with self.db.read() as session:
            rows = [row._asdict() for row in await session.execute(text(query))]
        return [
            row["data"] | {"type": row["type"], "at": row["occurred_at"], "actor": row["actor"]}
            for row in rows
            if type_ in {None, row["type"]}
        ]

    def headers(self, code: str) -> dict[str, str]:
        return {"authorization": f"Bearer {Tokens(self.settings).sign(actor_of(code))}"}
