"""The page of a request: question, area, urgency, deadline; the household only after acceptance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.casework.actions.invitations import answer_invitation, leave_case
from services.casework.api.changing import change
from services.casework.pages.forms import Problem, key_of, problems_of, read_fields, understand
from services.casework.pages.words import choices, done_words
from services.casework.queries.directory import Directory
from services.casework.queries.sharing import read_invitation
from services.casework.requests import AnswerInvitation, LeaveCase
from shared import clock
from shared.audit import note
from shared.errors import Missing, Refused
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from shared.identity import Actor

router = APIRouter(include_in_schema=False)


@router.get("/invitations/{invitation_id}")
async def show_invitation(invitation_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """A request and its answer."""
    return await _render(request, here, actor, invitation_id, values={}, problems=[])


@router.post("/invitations/{invitation_id}/answer")
async def take_answer(invitation_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Accept, talk it over, or return it."""
    fields = await read_fields(request)
    body, problems = understand(fields, AnswerInvitation, locale_of(request))
    status = 422
    if body is not None:
        try:
            done, changed = await change(
                here,
                actor,
                lambda session: answer_invitation(session, actor, invitation_id, body),
                key=key_of(fields),
                what=f"answer/{invitation_id}",
                body=body,
            )
            if changed.state == "accepted":
                target = f"/casework/cases/{changed.case}?done=accepted"
            else:
                target = f"/casework/invitations/{invitation_id}?done=answered"
            return RedirectResponse(done.link(target), status_code=303)
        except Missing:
            raise
        except Refused as refused:
            problems, status = problems_of(request, refused), refused.status
    return await _render(request, here, actor, invitation_id, values=fields, problems=problems, status=status)


@router.post("/invitations/{invitation_id}/leave")
async def take_leave(invitation_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """The agency ends its part."""
    fields = await read_fields(request)
    body, problems = understand(fields, LeaveCase, locale_of(request))
    status = 422
    if body is not None:
        try:
            done, _ = await change(
                here,
                actor,
                lambda session: leave_case(session, actor, invitation_id, body.reason),
                key=key_of(fields),
                what=f"leave/{invitation_id}",
                body=body,
            )
            return RedirectResponse(done.link(f"/casework/invitations/{invitation_id}?done=left"), status_code=303)
        except Missing:
            raise
        except Refused as refused:
            problems, status = problems_of(request, refused), refused.status
    return await _render(request, here, actor, invitation_id, values=fields, problems=problems, status=status)


async def _render(
    request: Request,
    here: Service,
    actor: Actor,
    invitation_id: UUID,
    *,
    values: dict[str, Any],
    problems: list[Problem],
    status: int = 200,
) -> HTMLResponse:
    locale = locale_of(request)
    async with here.db.transaction() as session:
        asked = await read_invitation(session, actor, invitation_id)
        await note(session, actor, "view", [asked.household])
        directory = await Directory.load(session)
    with speaking(locale):
        return page(
            request,
            "invitation.html",
            status=status,
            asked=asked,
            directory=directory,
            f=values,
            errors=problems,
            key=values.get("idempotency_key") or clock.new_id(),
            now=clock.now(),
            today=clock.today(),
            return_reasons=choices(here.codes, "RETURN_REASON", locale),
            leave_reasons=choices(here.codes, "AGENCY_LEAVE", locale),
            told=done_words(request),
        )
