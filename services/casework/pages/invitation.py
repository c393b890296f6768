"""The page of a request: question, area, urgency, deadline; the household only after acceptance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from services.casework.actions.invitations import answer_invitation, leave_case
from services.casework.api.changing import Changed
from services.casework.pages.forming import Action, Form
from services.casework.pages.forms import Problem
from services.casework.pages.words import choices, done_words
from services.casework.queries.directory import Directory
from services.casework.queries.sharing import read_invitation
from services.casework.requests import AnswerInvitation, LeaveCase
from shared import clock
from shared.audit import note
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

router = APIRouter(include_in_schema=False)


@router.get("/invitations/{invitation_id}")
async def show_invitation(invitation_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """A request and its answer."""
    return await _render(request, here, actor, invitation_id, values={}, problems=[])


class _InvitationForm:
    """A form on the page of a request."""

    def __init__(self, form: Annotated[Form, Depends()]) -> None:
        self._form = form

    async def do(
        self, name: str, model: type[BaseModel], action: Action, about: UUID, to: Callable[[Changed], str]
    ) -> Response:
        """Do it, or show the request once more."""
        form = self._form

        async def again(fields: dict[str, Any], problems: list[Problem], status: int) -> Response:
            who = (form.request, form.here, form.actor)
            return await _render(*who, about, values=fields, problems=problems, status=status)

        return await form.send(name, model, action, about, again=again, to=to)


InvitationForm = Annotated[_InvitationForm, Depends()]


@router.post("/invitations/{invitation_id}/answer")
async def take_answer(invitation_id: UUID, form: InvitationForm) -> Response:
    """Accept, talk it over, or return it."""

    def to(changed: Changed) -> str:
        if changed.state == "accepted":
            return f"/casework/cases/{changed.case}?done=accepted"
        return f"/casework/invitations/{invitation_id}?done=answered"

    return await form.do("answer", AnswerInvitation, answer_invitation, invitation_id, to)


@router.post("/invitations/{invitation_id}/leave")
async def take_leave(invitation_id: UUID, form: InvitationForm) -> Response:
    """The agency ends its part."""
    return await form.do(
        "leave", LeaveCase, _leave, invitation_id, lambda _: f"/casework/invitations/{invitation_id}?done=left"
    )


async def _leave(session: AsyncSession, actor: Actor, invitation_id: UUID, body: LeaveCase) -> object:
    return await leave_case(session, actor, invitation_id, body.reason)


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
