"""Pieces of casework for other services' pages, with the viewer's rights."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import HTMLResponse

from services.casework.queries.access import NOT_HERE, demand, find_sight, load_case
from services.casework.queries.case import running_clocks
from services.casework.queries.views import VisitRequestView
from services.casework.tables import VisitRequest
from shared.audit import note
from shared.errors import Missing
from shared.identity import CurrentActor
from shared.service import Here
from shared.web import page

router = APIRouter(prefix="/fragments", include_in_schema=False)


@router.get("/cases/{case_id}/due")
async def show_due(case_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The next deadline of a case as the fourth flag of a strip (intake's strip asks for it)."""
    async with here.db.read() as session:
        case, seen = await find_sight(session, actor, case_id)
        clocks = await running_clocks(session, actor, demand(case, seen, "file").id, seen)
    return page(request, "fragments/due.html", clocks=clocks)


@router.get("/visit-requests/{request_id}")
async def show_aim(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The aim of a visit in the requester's words, for who goes there."""
    async with here.db.transaction() as session:
        wanted = await session.scalar(select(VisitRequest).where(VisitRequest.id == request_id))
        if wanted is None:
            raise Missing(NOT_HERE)
        await note(session, actor, "view", [wanted.household])
        await load_case(session, actor, wanted.case_id, "visits")
    return page(request, "fragments/aim.html", wanted=VisitRequestView.model_validate(wanted))
