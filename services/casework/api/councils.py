"""Meetings of named members over JSON: naming, signing, laying, recalling. What was laid is shown on pages alone."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from services.casework.actions import councils
from services.casework.api.changing import Changed, Sent
from services.casework.requests import LayMaterial, NameMember, SignSecrecy

router = APIRouter(prefix="/api", tags=["councils"])


@router.post("/meetings/{meeting_id}/members")
async def name_member(meeting_id: UUID, body: NameMember, sent: Sent) -> Changed:
    """The chair names a post to sit in the meeting."""
    return await sent.do("name-member", councils.name_member, meeting_id, body)


@router.post("/meetings/{meeting_id}/members/release")
async def release_member(meeting_id: UUID, body: NameMember, sent: Sent) -> Changed:
    """The chair takes a post off the list."""
    return await sent.do("release-member", councils.release_member, meeting_id, body)


@router.post("/meetings/{meeting_id}/secrecy")
async def sign_secrecy(meeting_id: UUID, body: SignSecrecy, sent: Sent) -> Changed:
    """守秘確認: by the member itself, or by the chair from a signed paper."""
    return await sent.do("secrecy", councils.sign_secrecy, meeting_id, body)


@router.post("/meetings/{meeting_id}/materials")
async def lay_material(meeting_id: UUID, body: LayMaterial, sent: Sent) -> Changed:
    """Lay a sheet before the meeting."""
    return await sent.do("material", councils.lay_material, meeting_id, body)


@router.post("/materials/{material_id}/take-back")
async def take_back(material_id: UUID, sent: Sent) -> Changed:
    """Who laid a sheet takes it back."""
    return await sent.do("take-back", councils.take_back_material, material_id)


@router.post("/meetings/{meeting_id}/recall")
async def recall(meeting_id: UUID, sent: Sent) -> Changed:
    """The chair recalls what was laid before the meeting."""
    return await sent.do("recall", councils.recall_meeting, meeting_id)


@router.post("/meetings/{meeting_id}/cancel")
async def cancel(meeting_id: UUID, sent: Sent) -> Changed:
    """The meeting does not take place."""
    return await sent.do("cancel-meeting", councils.cancel_meeting, meeting_id)
