"""Cases over JSON: lists, one case, its owner and lead, its end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from services.casework.actions import opening, reasons
from services.casework.api.changing import Changed, Sent
from services.casework.queries.case import read_case
from services.casework.queries.cases import CaseFilter, list_cases
from services.casework.queries.views import CaseDetail, CaseView
from services.casework.requests import ChangeLead, ChangeOwner, CloseCase, OpenCase
from shared.audit import note
from shared.identity import CurrentActor
from shared.service import Here
from shared.text import CodeName

router = APIRouter(prefix="/api", tags=["cases"])


class CaseQuery(BaseModel):
    """What a list is narrowed to. ``opened_before`` and ``before`` are the key of the last row seen."""

    state: Literal["open", "closed", ""] = "open"
    area: CodeName | None = None
    type: CodeName | None = None
    urgency: Literal["A", "B", "C", "D"] | None = None
    owner: UUID | None = None
    agency: CodeName | None = None
    number: Annotated[str | None, Field(pattern=r"^K\d{2}-\d{4,8}$")] = None
    household: UUID | None = None
    opened_before: AwareDatetime | None = None
    before: Annotated[str, Field(pattern=r"^(K\d{2}-\d{4,8})?$")] = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    def filter(self) -> CaseFilter:
        """As the queries take it."""
        return CaseFilter(
            state=self.state,
            area=self.area or "",
            type=self.type or "",
            urgency=self.urgency or "",
            owner=self.owner,
            agency=self.agency or "",
            number=self.number or "",
            household=self.household,
        )

    def key(self) -> tuple[datetime, str] | None:
        """Where the page begins."""
        return (self.opened_before, self.before) if self.opened_before is not None else None


class CaseList(BaseModel):
    """A page of cases, the newest first."""

    cases: list[CaseView]
    total: int


@router.get("/cases")
async def list_of_cases(wanted: Annotated[CaseQuery, Query()], here: Here, actor: CurrentActor) -> CaseList:
    """The cases that the viewer sees."""
    async with here.db.transaction() as session:
        found, total = await list_cases(session, actor, wanted.filter(), before=wanted.key(), limit=wanted.limit)
        await note(session, actor, "list")
    return CaseList(cases=found, total=total)


@router.get("/cases/{case_id}")
async def one_case(case_id: UUID, here: Here, actor: CurrentActor) -> CaseDetail:
    """Everything about a case that the viewer may see. The look is written down."""
    async with here.db.transaction() as session:
        found = await read_case(session, actor, case_id)
        await note(session, actor, "view", [found.household])
    return found


@router.post("/cases/{case_id}/open")
async def open_with_reason(case_id: UUID, body: OpenCase, sent: Sent) -> Changed:
    """A manager writes down why they look; the case is open to them for twelve hours."""
    return await sent.do("open", reasons.give_reason, case_id, body.reason, body=body)


@router.post("/cases/{case_id}/owner")
async def hand_over(case_id: UUID, body: ChangeOwner, sent: Sent) -> Changed:
    """Hand the case to another post."""
    return await sent.do("owner", opening.change_owner, case_id, body.owner, body=body)


@router.post("/cases/{case_id}/lead")
async def name_lead(case_id: UUID, body: ChangeLead, sent: Sent) -> Changed:
    """Name the lead agency, or none."""
    return await sent.do("lead", opening.change_lead, case_id, body.agency, body=body)


@router.post("/cases/{case_id}/close")
async def close(case_id: UUID, body: CloseCase, sent: Sent) -> Changed:
    """End the case, with a reason."""
    return await sent.do("close", opening.close_case, case_id, body.reason, body.note, body=body)


@router.post("/cases/{case_id}/reopen")
async def reopen(case_id: UUID, sent: Sent) -> Changed:
    """Go on with a closed case."""
    return await sent.do("reopen", opening.reopen_case, case_id)
