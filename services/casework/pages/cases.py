"""The page of one case."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.casework.pages.words import done_words
from services.casework.queries.access import load_case
from services.casework.queries.cases import read_case
from services.casework.queries.directory import Directory
from services.casework.queries.sharing import waiting_request
from shared import clock
from shared.audit import AuditEntry, note
from shared.errors import Refused
from shared.i18n import N_, locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here
from shared.text import Line
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.tables import Case
    from shared.identity import Actor

router = APIRouter(include_in_schema=False)
_REASON_HOLDS = timedelta(hours=12)
"""How long a reason given for opening a case is good for."""


@router.get("/cases/{case_id}")
async def show_case(case_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Everything about a case. A manager who has no part in it says why first; each look is written down.

    Who is only asked about it is led to the request, which shows no household.
    """
    async with here.db.transaction() as session:
        asked = await waiting_request(session, actor, case_id)
        if asked is not None:
            return RedirectResponse(f"/casework/invitations/{asked}", status_code=303)
        case = await load_case(session, actor, case_id)
        if await _must_say_why(session, actor, case):
            return page(request, "why.html", case=case)
        await note(session, actor, "view", [case.household])
        context = await case_context(session, actor, case_id)
    with speaking(locale_of(request)):
        return page(request, "case.html", told=done_words(request), **context)


@router.post("/cases/{case_id}/open")
async def say_why(case_id: UUID, here: Here, actor: CurrentActor, reason: Annotated[Line, Form()] = "") -> Response:
    """Write down why a manager opens a case, then open it."""
    if not reason:
        raise Refused(N_("見る理由を書いてください。"), field="reason")
    async with here.db.transaction() as session:
        case = await load_case(session, actor, case_id)
        await note(session, actor, "open_with_reason", [case.household], reason=reason)
    return RedirectResponse(f"/casework/cases/{case_id}?done=opened", status_code=303)


async def _must_say_why(session: AsyncSession, actor: Actor, case: Case) -> bool:
    """Managers see status and deadlines; the record of a family only with a reason (domain paper 5)."""
    if actor.role != "manager" or case.owner == actor.post:
        return False
    given = await session.scalar(
        select(AuditEntry.id)
        .where(
            AuditEntry.post == actor.post,
            AuditEntry.household == case.household,
            AuditEntry.action == "open_with_reason",
            AuditEntry.at > clock.now() - _REASON_HOLDS,
        )
        .limit(1)
    )
    return given is None


async def case_context(session: AsyncSession, actor: Actor, case_id: UUID) -> dict[str, Any]:
    """What every page about a case has."""
    return {
        "case": await read_case(session, actor, case_id),
        "directory": await Directory.load(session),
        "now": clock.now(),
        "today": clock.today(),
        "new_key": clock.new_id,
    }


@router.get("/cases/{case_id}/handover")
async def show_handover(case_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """引継書: one page for whoever takes over, made to be printed."""
    async with here.db.transaction() as session:
        case = await load_case(session, actor, case_id)
        await note(session, actor, "print", [case.household])
        context = await case_context(session, actor, case_id)
    with speaking(locale_of(request)):
        return page(request, "handover.html", **context)
