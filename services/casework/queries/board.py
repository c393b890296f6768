"""The board: which case stands still in which agency, how far the ward reaches, who carries how much. No names."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Date, DateTime, Text, any_, case, cast, func, literal, or_, select, tuple_

from services.casework.queries.access import showing, viewer_of
from services.casework.queries.cases import CaseFilter, lacks_lead, narrow, select_rows, views_of
from services.casework.queries.views import CaseView
from services.casework.rules import board
from services.casework.tables import Agency, Case, Clock, Household, HouseholdType, Invitation, Post, VisitRequest
from shared import clock
from shared.errors import Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.identity import Actor

PAGE = 50
Sort = Literal["still", "urgency", "due"]
_FAR_DAY = date(9999, 12, 31)
_FAR = datetime(9999, 12, 31).astimezone()
_MONTHS = 6
_WITH_KIN = literal("with_kin") == any_(HouseholdType.tags)


class Cell(BaseModel):
    """What one kind of agency does in a case. ``days``: working days since it was asked."""

    light: str
    days: int | None = None
    lead: bool = False


class BoardRow(BaseModel):
    """A case with its cells by agency kind."""

    case: CaseView
    still: bool
    waiting_days: int | None
    open_days: int
    cells: dict[str, Cell]


class BoardPage(BaseModel):
    """A page of the board; ``next`` is the key of the page after it."""

    rows: list[BoardRow]
    total: int
    still: int
    next: str | None


class Reach(BaseModel):
    """How many households of a type are in care, against the ward's estimate. Never to be added together."""

    code: str
    strict: int
    broad: int
    possible: int
    estimate: int


class Figures(BaseModel):
    """The tiles above the board."""

    reach: list[Reach]
    sight_met: int
    sight_all: int
    sight_by_month: list[int]
    """Per cent, oldest first, for the months in which there were any."""
    met_8050: int
    open_8050: int
    no_lead: int
    open_cases: int


class Load(BaseModel):
    """What one post carries."""

    post: UUID
    cases: int
    weight: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the board is asked for."""

    filter: CaseFilter
    moving: bool = True
    """Also what moves, not only what stands still."""
    sort: Sort = "still"
    key: str | None = None


async def read_board(session: AsyncSession, actor: Actor, wanted: Wanted, limit: int = PAGE) -> BoardPage:
    """``limit`` cases in the wanted order, with the lights of every agency: seven queries. Raises Refused (bad key)."""
    today = clock.today()
    viewer = await viewer_of(session, actor)
    where = [showing(viewer, "row"), *narrow(wanted.filter, today)]
    still = Case.waiting_since <= today - timedelta(days=board.STANDS_STILL_DAYS)
    if not wanted.moving:
        where.append(still)
    counted = select(func.count(), func.count().filter(still)).select_from(Case)
    total, standing = (
        await session.execute(counted.join(Household, Household.id == Case.household).where(*where))
    ).one()
    order = _order(wanted.sort)
    query = select_rows(viewer).where(*where)
    if wanted.key:
        query = query.where(tuple_(*order) > tuple_(*_read_key(wanted.key, wanted.sort)))
    cases = await views_of(session, viewer, query.order_by(*order).limit(limit + 1))
    shown, more = cases[:limit], len(cases) > limit
    cells = await _cells(session, shown, today)
    return BoardPage(
        rows=[
            BoardRow(
                case=view,
                still=board.stands_still(view.waiting_since, today),
                waiting_days=(today - view.waiting_since).days if view.waiting_since else None,
                open_days=max((clock.now() - view.opened_at).days, 0),
                cells=cells[view.id],
            )
            for view in shown
        ],
        total=total,
        still=standing,
        next=_write_key(shown[-1], wanted.sort) if more else None,
    )


def _order(sort: Sort) -> tuple[Any, ...]:
    waiting = func.coalesce(Case.waiting_since, literal(_FAR_DAY, Date()))
    if sort == "urgency":
        return (Case.urgency, waiting, Case.number)
    if sort == "due":
        return (func.coalesce(Case.next_due_at, literal(_FAR, DateTime(timezone=True))), Case.number)
    return (waiting, Case.urgency, Case.number)


def _write_key(view: CaseView, sort: Sort) -> str:
    waiting = (view.waiting_since or _FAR_DAY).isoformat()
    parts = {
        "still": [waiting, view.urgency, view.number],
        "urgency": [view.urgency, waiting, view.number],
        "due": [(view.next_due_at or _FAR).isoformat(), view.number],
    }[sort]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _read_key(key: str, sort: Sort) -> list[Any]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        readers: tuple[Any, ...] = {
            "still": (_day, _text, _text),
            "urgency": (_text, _day, _text),
            "due": (_moment, _text),
        }[sort]
        return [read(part) for read, part in zip(readers, parts, strict=True)]
    except (ValueError, TypeError, binascii.Error) as error:
        raise Refused(N_("つづきの位置を読めません。ボードを開き直してください。")) from error


def _text(value: str) -> Any:
    if "\x00" in value:
        raise ValueError(value)
    return cast(literal(str(value)), Text)


def _day(value: str) -> Any:
    return literal(date.fromisoformat(value), Date())


def _moment(value: str) -> Any:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return literal(moment, DateTime(timezone=True))


async def _cells(session: AsyncSession, shown: Iterable[CaseView], today: date) -> dict[UUID, dict[str, Cell]]:
    """The light of each kind of agency; where several of a kind take part, the one that needs somebody most.

    The owner's own office is at work without having been asked; outreach, once a visit was asked for.
    """
    leads = {view.id: view.lead for view in shown}
    cells: dict[UUID, dict[str, Cell]] = defaultdict(dict)
    if not leads:
        return cells
    parts = (
        select(Invitation, Agency.kind)
        .join(Agency, Agency.code == Invitation.agency)
        .where(Invitation.case_id.in_(leads), Invitation.state != "withdrawn")
        .order_by(Invitation.asked_at)
    )
    latest = {(part.case_id, part.agency): (part, kind) for part, kind in (await session.execute(parts)).all()}
    for part, kind in latest.values():
        light = board.light(part.state, part.answer_due, today)
        _put(cells[part.case_id], kind, light, board.asked_days(part.asked_on, today))
        if leads[part.case_id] == part.agency:
            cells[part.case_id][kind].lead = True
    visits = (
        select(VisitRequest)
        .where(VisitRequest.case_id.in_(leads), VisitRequest.state != "cancelled")
        .order_by(VisitRequest.requested_at)
    )
    for visit in {visit.case_id: visit for visit in await session.scalars(visits)}.values():
        light = board.visit_light(visit.state, visit.due_on, today)
        asked = board.asked_days(visit.requested_at.astimezone(clock.TOKYO).date(), today)
        _put(cells[visit.case_id], board.VISITING, light, asked)
    owners = (
        select(Case.id, Agency.kind)
        .join(Post, Post.id == Case.owner)
        .join(Agency, Agency.code == Post.agency)
        .where(Case.id.in_(leads), Case.state == "open")
    )
    for case_id, kind in (await session.execute(owners)).all():
        _put(cells[case_id], kind, "acting", 0)
    return cells


def _put(cells: dict[str, Cell], kind: str, light: board.Light, asked_days: int) -> None:
    before = cells.get(kind)
    if before is not None and board.LIGHT_RANK[light] >= board.LIGHT_RANK[before.light]:
        return
    days = asked_days if light in {"asked", "late"} else None
    cells[kind] = Cell(light=light, days=days, lead=before is not None and before.lead)


async def read_figures(session: AsyncSession, actor: Actor, codes: Codes) -> Figures:
    """The tiles: four queries over the rows that the viewer sees."""
    seen = showing(await viewer_of(session, actor), "row")
    mine = select(Case.household).where(seen, Case.state == "open")
    verdicts = await session.execute(
        select(HouseholdType.code, HouseholdType.verdict, _WITH_KIN, func.count())
        .where(HouseholdType.household.in_(mine), HouseholdType.answer.is_distinct_from("rejected"))
        .group_by(HouseholdType.code, HouseholdType.verdict, _WITH_KIN)
    )
    counts: Counter[tuple[str, str, bool]] = Counter()
    for code, verdict, with_kin, number in verdicts:
        counts[code, verdict, with_kin] += number
    now = clock.now()
    month = func.date_trunc("month", func.timezone("Asia/Tokyo", Clock.started_at))
    sight = (
        await session.execute(
            select(month, func.count(), func.count().filter(Clock.outcome == "met"))
            .join(Case, Case.id == Clock.case_id)
            .where(
                seen,
                Clock.kind == "sight_check",
                Clock.outcome.is_distinct_from("dropped"),
                or_(Clock.stopped_at.is_not(None), Clock.due_at < now),
                Clock.started_at > now - timedelta(days=31 * _MONTHS),
            )
            .group_by(month)
            .order_by(month)
        )
    ).all()
    eighty = select(HouseholdType.household).where(
        HouseholdType.code.in_(["T8050", "T8050W"]), HouseholdType.verdict == "match"
    )
    is_eighty = Case.household.in_(eighty)
    met, of_eighty, no_lead, open_cases = (
        await session.execute(
            select(
                func.count().filter(is_eighty, Case.person_met_at.is_not(None)),
                func.count().filter(is_eighty),
                func.count().filter(lacks_lead()),
                func.count(),
            ).where(seen, Case.state == "open")
        )
    ).one()
    return Figures(
        reach=[_reach(entry.code, entry.attributes, counts) for entry in codes["REACH"].values() if entry.active],
        sight_met=sum(row[2] for row in sight),
        sight_all=sum(row[1] for row in sight),
        sight_by_month=[round(100 * row[2] / row[1]) for row in sight],
        met_8050=met,
        open_8050=of_eighty,
        no_lead=no_lead,
        open_cases=open_cases,
    )


def _reach(code: str, attributes: dict[str, Any], counts: Counter[tuple[str, str, bool]]) -> Reach:
    without_kin = "with_kin" in attributes.get("strict_without", ())

    def total(types: list[str], verdict: str, *, leave_kin: bool = False) -> int:
        return sum(counts[one, verdict, kin] for one in types for kin in ((False,) if leave_kin else (False, True)))

    possible = total(attributes["broad"], "possible")
    broad = total(attributes["broad"], "match")
    return Reach(
        code=code,
        strict=total(attributes["strict"], "match", leave_kin=without_kin),
        broad=broad + possible if attributes.get("broad_counts_possible") else broad,
        possible=possible,
        estimate=int(attributes["estimate"]),
    )


async def count_districts(session: AsyncSession, actor: Actor) -> dict[str, int | None]:
    """Open cases by district; None where there are fewer than five (but not none)."""
    seen = showing(await viewer_of(session, actor), "row")
    rows = await session.execute(
        select(Household.district, func.count())
        .select_from(Case)
        .join(Household, Household.id == Case.household)
        .where(seen, Case.state == "open", Household.district.is_not(None))
        .group_by(Household.district)
    )
    return {str(district): number if number >= board.SMALL_CELL else None for district, number in rows.all()}


async def weigh_loads(session: AsyncSession, actor: Actor, limit: int = 12) -> list[Load]:
    """What each owner carries, the heaviest first."""
    seen = showing(await viewer_of(session, actor), "row")
    weight = func.sum(case(*((Case.urgency == level, points) for level, points in board.WEIGHTS.items()), else_=0))
    rows = await session.execute(
        select(Case.owner, func.count(), weight)
        .where(seen, Case.state == "open")
        .group_by(Case.owner)
        .order_by(weight.desc(), Case.owner)
        .limit(limit)
    )
    return [Load(post=post, cases=number, weight=points) for post, number, points in rows.all()]
