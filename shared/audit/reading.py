"""One service's log as an auditor asks for it: narrowed, the newest first, a page at a time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import ColumnElement, or_, select

from shared.audit.rows import AuditEntry
from shared.audit.words import actions_of
from shared.clock import TOKYO
from shared.text import CodeName

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PAGE = 50


def _blank(value: object) -> object:
    return None if value == "" else value


MaybeId = Annotated[UUID | None, BeforeValidator(_blank)]
MaybeDay = Annotated[date | None, BeforeValidator(_blank)]


class AuditQuery(BaseModel):
    """What is asked for: ids, codes and days only, so that it may stand in an address."""

    household: MaybeId = None
    who: MaybeId = None
    """A post or a person."""
    group: Annotated[CodeName | None, BeforeValidator(_blank)] = None
    """Of ``shared.audit.words.GROUPS``."""
    from_day: MaybeDay = None
    to_day: MaybeDay = None
    """Both days count, in Japan's time."""
    before: Annotated[int | None, Field(ge=1, le=2**62)] = None
    """The id of the last row of the page before."""

    def says(self, **more: object) -> dict[str, Any]:
        """As the fields of an address; what is not asked for is left out."""
        return self.model_dump(mode="json", exclude_none=True) | more


class AuditRow(BaseModel):
    """One row. ``number``: its place in the chain, once it is sealed."""

    id: int
    number: int | None
    at: datetime
    post: UUID
    person: UUID
    action: str
    household: UUID | None
    basis: str | None
    reason: str | None
    origin: str | None

    @classmethod
    def of(cls, row: AuditEntry) -> Self:
        """As it is told."""
        return cls.model_validate(row, from_attributes=True)


class AuditPage(BaseModel):
    """A page of rows; ``before`` asks for the next one."""

    service: str
    rows: list[AuditRow]
    before: int | None


async def list_rows(session: AsyncSession, service: str, query: AuditQuery) -> AuditPage:
    """At most fifty rows, the newest first."""
    found = await session.scalars(
        select(AuditEntry).where(*_conditions(query)).order_by(AuditEntry.id.desc()).limit(PAGE + 1)
    )
    rows = [AuditRow.of(row) for row in found]
    return AuditPage(service=service, rows=rows[:PAGE], before=rows[PAGE - 1].id if len(rows) > PAGE else None)


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.household is not None:
        wanted.append(AuditEntry.household == query.household)
    if query.who is not None:
        wanted.append(or_(AuditEntry.post == query.who, AuditEntry.person == query.who))
    if query.group is not None:
        wanted.append(AuditEntry.action.in_(actions_of(query.group)))
    if query.from_day is not None:
        wanted.append(AuditEntry.at >= _midnight(query.from_day))
    if query.to_day is not None:
        wanted.append(AuditEntry.at < _midnight(query.to_day) + timedelta(days=1))
    if query.before is not None:
        wanted.append(AuditEntry.id < query.before)
    return wanted


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time_of_day(), TOKYO)
