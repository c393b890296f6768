"""The page of one case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.casework.actions.disclosing import disclose_print
from services.casework.actions.reasons import give_reason
from services.casework.pages.still import mark_of
from services.casework.pages.words import done_words
from services.casework.queries.access import demand, find_sight, load_case, must_say_why
from services.casework.queries.case import read_case
from services.casework.queries.directory import Directory
from services.casework.queries.sharing import waiting_request
from services.casework.queries.told import disclosures_of
from shared import clock
from shared.audit import note
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here
from shared.text import Line
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

router = APIRouter(include_in_schema=False)


@router.get("/cases/{case_id}")
async def show_case(case_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """A case as far as the viewer sees it. A manager who has no part in it says why first; each look is written down.

    Who is only asked about it is led to the request, which shows no household.
    """
    async with here.db.transaction() as session:
        asked = await waiting_request(session, actor, case_id)
        if asked is not None:
            return RedirectResponse(f"/casework/invitations/{asked}", status_code=303)
        case, seen = await find_sight(session, actor, case_id)
        if case is not None and must_say_why(seen):
            return page(request, "why.html", case=case)
        await note(session, actor, "view", [demand(case, seen, "file").household])
        context = await case_context(session, actor, case_id)
    with speaking(locale_of(request)):
        return page(request, "case.html", told=done_words(request), **context)


@router.post("/cases/{case_id}/open")
async def say_why(
    case_id: UUID, here: Here, actor: CurrentActor, reason: Annotated[Line | None, Form()] = None
) -> Response:
    """Write down why a manager opens a case, then open it."""
    async with here.db.transaction() as session:
        await give_reason(session, actor, case_id, reason or "")
    return RedirectResponse(f"/casework/cases/{case_id}?done=opened", status_code=303)


async def case_context(session: AsyncSession, actor: Actor, case_id: UUID) -> dict[str, Any]:
    """What every page about a case has."""
    case = await read_case(session, actor, case_id)
    return {
        "case": case,
        "disclosures": await disclosures_of(session, case.household)
        if case.household and "consents" in case.parts
        else [],
        "mark": mark_of(case.parts),
        "directory": await Directory.load(session),
        "now": clock.now(),
        "today": clock.today(),
        "new_key": clock.new_id,
    }


@router.get("/cases/{case_id}/handover")
async def show_handover(case_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """引継書: one page for whoever takes over, made to be printed."""
    async with here.db.transaction() as session:
        case = await load_case(session, actor, case_id, "print")
        await note(session, actor, "print", [case.household])
        await disclose_print(session, actor, case)
        context = await case_context(session, actor, case_id)
    with speaking(locale_of(request)):
        return page(request, "handover.html", **context)
