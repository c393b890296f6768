"""The list of households, and search: by keyset, a fixed number of queries, protected households left out in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, false, func, not_, or_, select, true, tuple_

from services.intake.queries.access import allowed_to, downloadable, kept_back, showing, viewer_of
from services.intake.queries.facts import birth_of, members_of
from services.intake.rules.birth import shown_age
from services.intake.rules.matching import search_keys
from services.intake.tables import CaseOfHousehold, Consultation, Household, SearchKey, TypeFinding
from shared import clock

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.queries.access import Viewer
    from services.intake.requests import SearchIn
    from services.intake.tables import Member
    from shared.identity import Actor

PAGE = 50
_MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One household of the list."""

    id: UUID
    number: str
    members: list[tuple[str, str, int | None, bool]]
    """(relation, name, age, estimated) of those who belong to it now."""
    area: str | None
    district: str | None
    protected: bool
    types: list[tuple[str, str]]
    """(code, verdict)"""
    urgency: str | None
    case: tuple[UUID, str] | None
    last_heard_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, how many there are in all (None when not counted), and where the next page begins."""

    rows: list[Row]
    total: int | None
    next_at: datetime | None
    next_id: UUID | None


def _found(viewer: Viewer, request: SearchIn, *, for_file: bool) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [downloadable(viewer) if for_file else showing(viewer, "listed")]
    if request.q:
        # a search finds no protected household, whoever asks: it is reached by its case
        conditions += [not_(kept_back()), _matches(request.q)]
    else:
        conditions.append(allowed_to(viewer.actor))
    if request.area:
        conditions.append(Household.area == request.area)
    if request.type:
        conditions.append(
            exists(
                select(TypeFinding.code).where(
                    TypeFinding.household_id == Household.id,
                    TypeFinding.code == request.type,
                    TypeFinding.verdict != "no",
                )
            )
        )
    return and_(*conditions)


def _matches(words: str) -> ColumnElement[bool]:
    """Every word must be found: as a number, or as the beginning of a name, kana, address or telephone number."""
    conditions: list[ColumnElement[bool]] = []
    for word in words.split()[:_MOST_WORDS]:
        keys = [
            and_(SearchKey.kind == kind, SearchKey.value.startswith(value, autoescape=True))
            for kind, value in search_keys(word)
        ]
        found = Household.id.in_(select(SearchKey.household_id).where(or_(false(), *keys)))
        conditions.append(or_(Household.number == word.upper(), found))
    return and_(true(), *conditions)


async def list_households(
    session: AsyncSession, actor: Actor, request: SearchIn, *, most: int = PAGE, for_file: bool = False
) -> Page:
    """One page of ``most`` rows, the household last heard of first; ``for_file``: of those that may be taken out."""
    condition = _found(await viewer_of(session, actor), request, for_file=for_file)
    statement = select(Household).where(condition)
    total = None
    if request.before is None:
        total = await session.scalar(select(func.count()).select_from(Household).where(condition)) or 0
    elif request.before_id is not None:
        statement = statement.where(tuple_(Household.last_heard_at, Household.id) < (request.before, request.before_id))
    homes = (
        await session.scalars(statement.order_by(Household.last_heard_at.desc(), Household.id.desc()).limit(most + 1))
    ).all()
    more, homes = len(homes) > most, homes[:most]
    rows = await _rows(session, list(homes))
    last = homes[-1] if more else None
    return Page(rows, total, last.last_heard_at if last else None, last.id if last else None)


async def _rows(session: AsyncSession, homes: list[Household]) -> list[Row]:
    ids = [home.id for home in homes]
    if not ids:
        return []
    members = await members_of(session, ids)
    types: dict[UUID, list[tuple[str, str]]] = {}
    found = await session.execute(
        select(TypeFinding.household_id, TypeFinding.code, TypeFinding.verdict)
        .where(
            TypeFinding.household_id.in_(ids),
            TypeFinding.verdict != "no",
            func.coalesce(TypeFinding.answer, "") != "rejected",
        )
        .order_by(TypeFinding.verdict, TypeFinding.code)
    )
    for household, code, verdict in found:
        types.setdefault(household, []).append((code, verdict))
    urgencies = await session.execute(
        select(Consultation.household_id, func.min(Consultation.urgency))
        .where(Consultation.household_id.in_(ids), Consultation.urgency.is_not(None))
        .group_by(Consultation.household_id)
    )
    urgency = {household: level for household, level in urgencies}  # noqa: C416 - a Row is no pair
    cases = await session.execute(
        select(CaseOfHousehold.household_id, CaseOfHousehold.case_id, CaseOfHousehold.number).where(
            CaseOfHousehold.household_id.in_(ids), CaseOfHousehold.closed.is_(False)
        )
    )
    case = {household: (identity, number) for household, identity, number in cases}
    today = clock.today()

    def shown(member: Member) -> tuple[str, str, int | None, bool]:
        birth = birth_of(member)
        return member.relation, member.name, shown_age(birth, today), birth.estimated

    return [
        Row(
            id=home.id,
            number=home.number,
            members=[shown(m) for m in members[home.id] if m.left_reason == "none"],
            area=home.area,
            district=home.district,
            protected=home.protected,
            types=types.get(home.id, []),
            urgency=urgency.get(home.id),
            case=case.get(home.id),
            last_heard_at=home.last_heard_at,
        )
        for home in homes
    ]
