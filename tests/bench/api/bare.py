"""The same endpoints as one writes them with FastAPI and SQLAlchemy alone: ``python -m tests.bench.api.bare PORT``.

The same tables and rows in the same databases. A new consultation writes what Kasane wrote for the same request, with
ids of its own; a page shows each row that Kasane reads for it in a plain table. No rights, audit, idempotency keys,
rules, languages, layout or events. The order (``KASANE_BENCH_BARE``, JSON) names the databases and the household whose
rows are the pattern.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI, Request
from jinja2 import Environment
from pydantic import BaseModel
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import aliased
from starlette.responses import HTMLResponse

from services.casework import tables as casework
from services.intake import tables as intake
from services.intake.requests import ConsultationIn
from services.notify import tables as notify
from shared.db import async_url

VARIABLE = "KASANE_BENCH_BARE"
_PAGE = 50
_OF_HOUSEHOLD: tuple[Any, ...] = (
    intake.Member,
    intake.Consultation,
    intake.TypeFinding,
    intake.Consent,
    intake.Protection,
    intake.CaseOfHousehold,
)
_WRITTEN: tuple[Any, ...] = (intake.Consent, intake.TypeFinding, intake.SearchKey)
_TEMPLATE = Environment(autoescape=True).from_string("""<!doctype html><title>bare</title>
{% for name, rows in tables.items() %}<h2>{{ name }}</h2>
<table>{% for row in rows %}<tr>{% for value in row.values() %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</table>{% endfor %}""")

Rows = dict[str, list[dict[str, Any]]]


class LabelsIn(BaseModel):
    """Ids whose names are wanted."""

    households: list[UUID]
    members: list[UUID]


@dataclass(slots=True)
class Bare:
    """Sessions on the databases, and the pattern's rows by table."""

    intake: async_sessionmaker[AsyncSession]
    casework: async_sessionmaker[AsyncSession]
    notify: async_sessionmaker[AsyncSession]
    pattern: Rows


def create_app(urls: dict[str, str], sample: UUID) -> FastAPI:
    """The application on the databases of intake, casework and notify."""

    @contextlib.asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        engines = {service: create_async_engine(async_url(url), pool_size=10) for service, url in urls.items()}
        sessions = {service: async_sessionmaker(engine, expire_on_commit=False) for service, engine in engines.items()}
        async with sessions["intake"]() as session:
            app.state.bare = Bare(**sessions, pattern=await _pattern(session, sample))
        yield
        for engine in engines.values():
            await engine.dispose()

    app = FastAPI(lifespan=living)
    app.post("/consultations", status_code=201)(post_consultation)
    app.get("/households/{household}/page")(show_household)
    app.get("/households/{household}")(get_household)
    app.get("/board")(show_board)
    app.get("/inbox/{post}")(show_inbox)
    app.post("/labels")(tell_labels)
    return app


async def post_consultation(body: ConsultationIn, request: Request) -> dict[str, UUID]:
    """A household, its members, a consultation, consents, findings, search keys: six inserts in one transaction."""
    bare: Bare = request.app.state.bare
    pattern, household = bare.pattern, uuid4()
    members = {row["id"]: uuid4() for row in pattern["member"]}
    async with bare.intake() as session, session.begin():
        number = await session.scalar(select(intake.household_number.next_value()))
        (home,) = pattern["household"]
        told = {"id": household, "number": f"H-{number}", "address": body.address, "room": body.room}
        session.add(intake.Household(**home | told))
        await session.flush()
        for row, member in zip(pattern["member"], body.members, strict=True):
            named = {"id": members[row["id"]], "household_id": household, "name": member.name, "kana": member.kana}
            session.add(intake.Member(**row | named))
        (said,) = pattern["consultation"]
        session.add(intake.Consultation(**said | {"id": uuid4(), "household_id": household, "words": body.words}))
        await session.flush()
        for table in _WRITTEN:
            for row in pattern[table.__tablename__]:
                own = row | {"household_id": household}
                if row.get("member_id"):
                    own["member_id"] = members[row["member_id"]]
                if table is intake.Consent:
                    own["id"] = uuid4()
                session.add(table(**own))
    return {"household": household}


async def show_household(household: UUID, request: Request) -> HTMLResponse:
    """The household's rows as a page."""
    return HTMLResponse(_TEMPLATE.render(tables=await _household(request, household)))


async def get_household(household: UUID, request: Request) -> Rows:
    """The household's rows as JSON."""
    return await _household(request, household)


async def show_board(request: Request) -> HTMLResponse:
    """Fifty cases with the parts of their agencies, the figures above and beside them, and whose names they show."""
    bare: Bare = request.app.state.bare
    case, home, part, kind = casework.Case, casework.Household, casework.Invitation, casework.HouseholdType
    async with bare.casework() as session:
        counts = (await session.execute(select(func.count(), func.count(case.waiting_since)).select_from(case))).all()
        paired = (
            await session.execute(
                select(case, home)
                .join(home, home.id == case.household)
                .order_by(case.waiting_since, case.urgency, case.number)
                .limit(_PAGE + 1)
            )
        ).all()
        ids, homes = [one.id for one, _ in paired], [one.id for _, one in paired]
        tables: Rows = {
            "counts": [row._asdict() for row in counts],
            "cases": [_plain(one) | _plain(other) for one, other in paired],
            "parts": await _all(session, select(part).where(part.case_id.in_(ids)).order_by(part.asked_at)),
            "types": await _all(session, select(kind).where(kind.household.in_(homes))),
            "agencies": await _all(session, select(casework.Agency)),
        }
        month = func.date_trunc("month", casework.Clock.started_at)
        for name, query in {
            "verdicts": select(kind.code, kind.verdict, func.count().label("n")).group_by(kind.code, kind.verdict),
            "clocks": select(month.label("month"), func.count().label("n")).group_by(month),
            "met": select(func.count(case.person_met_at).label("met"), func.count(case.lead).label("led")),
            "districts": select(home.district, func.count().label("n")).group_by(home.district),
            "loads": select(case.owner, func.count().label("n")).group_by(case.owner),
        }.items():
            tables[name] = [row._asdict() for row in await session.execute(query)]
        held = await session.execute(
            select(casework.Post, casework.Person).join(casework.Person, casework.Person.id == casework.Post.person)
        )
        tables["posts"] = [_plain(person) | _plain(post) for post, person in held]
    return HTMLResponse(_TEMPLATE.render(tables=tables))


async def show_inbox(post: UUID, request: Request) -> HTMLResponse:
    """What waits for a post, and how much of it."""
    bare: Bare = request.app.state.bare
    one, before = notify.Notification, aliased(notify.Notification)
    waiting = (one.post == post, one.read_at.is_(None), one.settled_at.is_(None))
    async with bare.notify() as session:
        lines = await session.execute(
            select(one, before.kind)
            .outerjoin(before, before.id == one.passed_up_from)
            .where(*waiting)
            .order_by(one.read_by, one.id)
            .limit(_PAGE + 1)
        )
        tables: Rows = {"lines": [_plain(line) | {"passed": kind} for line, kind in lines]}
        count = await session.execute(select(func.count().label("n")).where(*waiting))
        tables["count"] = [row._asdict() for row in count]
    return HTMLResponse(_TEMPLATE.render(tables=tables))


async def tell_labels(body: LabelsIn, request: Request) -> dict[UUID, str]:
    """Names by id."""
    bare: Bare = request.app.state.bare
    home, member = intake.Household, intake.Member
    async with bare.intake() as session:
        homes = await session.execute(
            select(home.id, home.number, member.name)
            .outerjoin(member, member.household_id == home.id)
            .where(home.id.in_(body.households))
            .order_by(home.id, member.position.desc())
        )
        found = {household: name or number for household, number, name in homes}
        people = await session.execute(select(member.id, member.name).where(member.id.in_(body.members)))
        return found | {one: name for one, name in people}  # noqa: C416 - a Row is no pair


async def _household(request: Request, household: UUID) -> Rows:
    bare: Bare = request.app.state.bare
    link = intake.HouseholdLink
    async with bare.intake() as session:
        found = {"household": await _all(session, select(intake.Household).where(intake.Household.id == household))}
        for table in _OF_HOUSEHOLD:
            found[table.__tablename__] = await _all(session, select(table).where(table.household_id == household))
        linked = select(link).where(or_(link.first_id == household, link.second_id == household))
        return found | {"links": await _all(session, linked)}


async def _pattern(session: AsyncSession, sample: UUID) -> Rows:
    """The rows that a new consultation made, by table."""
    rows = {"household": await _all(session, select(intake.Household).where(intake.Household.id == sample))}
    for table in (intake.Member, intake.Consultation, *_WRITTEN):
        rows[table.__tablename__] = await _all(session, select(table).where(table.household_id == sample))
    for key in rows["search_key"]:
        del key["id"]  # PostgreSQL's own to give
    return rows


async def _all(session: AsyncSession, query: Any) -> list[dict[str, Any]]:
    return [_plain(row) for row in await session.scalars(query)]


def _plain(row: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}


def main() -> None:
    """Serve on the port of the command line, as ``./kasane serve`` does."""
    order = json.loads(os.environ[VARIABLE])
    app = create_app(order["urls"], UUID(order["sample"]))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)


if __name__ == "__main__":
    main()
