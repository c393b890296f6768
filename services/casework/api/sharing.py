"""Requests to agencies over JSON: whom to ask, asking, answering, leaving."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter

from services.casework.actions import invitations
from services.casework.api.changing import Changed, Sent
from services.casework.queries import sharing
from services.casework.queries.views import InvitationView, ProposalView
from services.casework.requests import AnswerInvitation, InviteAgency, LeaveCase
from services.casework.rules.sharing import LIVE, TAKING_PART, WAITING
from shared.audit import note
from shared.identity import CurrentActor
from shared.service import Here

router = APIRouter(prefix="/api", tags=["sharing"])
_STATES = {"waiting": WAITING, "taking_part": TAKING_PART, "live": LIVE}


@router.get("/cases/{case_id}/proposals")
async def propose(case_id: UUID, here: Here, actor: CurrentActor) -> list[ProposalView]:
    """Which agencies to ask, best first, each with its reasons and the grounds that could hold."""
    async with here.db.read() as session:
        return await sharing.propose_agencies(session, actor, here.codes, case_id)


@router.post("/cases/{case_id}/invitations")
async def invite(case_id: UUID, body: InviteAgency, sent: Sent) -> Changed:
    """Ask an agency in, on a ground in law."""
    return await sent.do("invite", invitations.invite_agency, case_id, body)


@router.get("/invitations")
async def list_mine(
    here: Here, actor: CurrentActor, states: Literal["waiting", "taking_part", "live"] = "waiting"
) -> list[InvitationView]:
    """Requests to the viewer's own agency; those without an answer show question and area, never the household."""
    async with here.db.transaction() as session:
        found = await sharing.list_invitations(session, actor, states=_STATES[states])
        await note(session, actor, "list")
    return found


@router.get("/invitations/{invitation_id}")
async def one_invitation(invitation_id: UUID, here: Here, actor: CurrentActor) -> InvitationView:
    """One request."""
    async with here.db.transaction() as session:
        found = await sharing.read_invitation(session, actor, invitation_id)
        await note(session, actor, "view", [found.household])
    return found


@router.post("/invitations/{invitation_id}/answer")
async def answer(invitation_id: UUID, body: AnswerInvitation, sent: Sent) -> Changed:
    """Accept, ask to talk it over, or return it with a reason."""
    return await sent.do("answer", invitations.answer_invitation, invitation_id, body)


@router.post("/invitations/{invitation_id}/act")
async def act(invitation_id: UUID, sent: Sent) -> Changed:
    """The agency is at work."""
    return await sent.do("act", invitations.begin_acting, invitation_id)


@router.post("/invitations/{invitation_id}/leave")
async def leave(invitation_id: UUID, body: LeaveCase, sent: Sent) -> Changed:
    """The agency has ended its part."""
    return await sent.do("leave", invitations.leave_case, invitation_id, body.reason, body=body)


@router.post("/invitations/{invitation_id}/remind")
async def remind(invitation_id: UUID, sent: Sent) -> Changed:
    """Ask again, once a day at most."""
    return await sent.do("remind", invitations.remind_agency, invitation_id)
