"""The page of a meeting of named members (支援会議): its sheet and what was laid before it, seen here alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.casework.actions import councils
from services.casework.pages.forming import Action, Form
from services.casework.pages.forms import Problem
from services.casework.pages.words import choices, done_words, member_choices
from services.casework.queries.access import NOT_HERE
from services.casework.queries.councils import load_meeting, note_seen, read_sheet
from services.casework.queries.directory import Directory, list_posts
from services.casework.requests import LayMaterial, NameMember, SignSecrecy
from shared import clock
from shared.audit import note
from shared.errors import Missing
from shared.i18n import locale_of, speaking
from shared.identity import Actor, CurrentActor
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from services.casework.queries.councils import SheetView

router = APIRouter(include_in_schema=False)


class Nothing(BaseModel):
    """A button without a form."""


async def _recall(session: AsyncSession, actor: Actor, meeting: UUID, _: Nothing) -> object:
    return await councils.recall_meeting(session, actor, meeting)


async def _cancel(session: AsyncSession, actor: Actor, meeting: UUID, _: Nothing) -> object:
    return await councils.cancel_meeting(session, actor, meeting)


class TakeBack(BaseModel):
    """Which sheet is taken back."""

    material: UUID


async def _take_back(session: AsyncSession, actor: Actor, meeting: UUID, body: TakeBack) -> object:
    del meeting
    return await councils.take_back_material(session, actor, body.material)


DEEDS: dict[str, tuple[type[BaseModel], Action, str]] = {
    "name": (NameMember, councils.name_member, "named"),
    "release": (NameMember, councils.release_member, "released"),
    "sign": (SignSecrecy, councils.sign_secrecy, "signed"),
    "lay": (LayMaterial, councils.lay_material, "laid"),
    "take-back": (TakeBack, _take_back, "taken_back"),
    "recall": (Nothing, _recall, "recalled"),
    "cancel": (Nothing, _cancel, "called_off"),
}
"""Name → what it asks for, what it does, the receipt's words."""


@router.get("/meetings/{meeting_id}")
async def show_meeting(meeting_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The meeting, for its named members; each look is written down, and at each sheet who has seen it."""
    async with here.db.transaction() as session:
        meeting = await load_meeting(session, actor, meeting_id)
        sheet = await read_sheet(session, actor, meeting)
        await note(
            session, actor, "view_meeting", [sheet.household_for_audit], basis=sheet.basis, reason=f"meeting:{sheet.id}"
        )
        await note_seen(session, actor, sheet)
        context = await _context(session, here, sheet)
    with speaking(locale_of(request)):
        return page(request, "council.html", told=done_words(request), **context)


@router.post("/meetings/{meeting_id}/{deed}")
async def do_deed(meeting_id: UUID, deed: str, form: Annotated[Form, Depends()]) -> Response:
    """Name, release, sign, lay, take back, recall, call off."""
    if deed not in DEEDS:
        raise Missing(NOT_HERE)
    model, action, told = DEEDS[deed]

    async def again(fields: dict[str, Any], problems: list[Problem], status: int) -> Response:
        async with form.here.db.read() as session:
            sheet = await read_sheet(session, form.actor, await load_meeting(session, form.actor, meeting_id))
            context = await _context(session, form.here, sheet, values=fields, problems=problems)
        with speaking(locale_of(form.request)):
            return page(form.request, "council.html", status=status, **context)

    return await form.send(
        deed, model, action, meeting_id, again=again, to=lambda _: f"/casework/meetings/{meeting_id}?done={told}"
    )


async def _context(
    session: AsyncSession,
    here: Service,
    sheet: SheetView,
    *,
    values: dict[str, Any] | None = None,
    problems: list[Problem] | None = None,
) -> dict[str, Any]:
    directory = await Directory.load(session)
    seated = {seat.post for seat in sheet.seats if seat.released_at is None}
    posts = [post for post in await list_posts(session) if post.id not in seated] if sheet.chairs else []
    return {
        "met": sheet,
        "directory": directory,
        "f": values or {},
        "errors": problems or [],
        "key": (values or {}).get("idempotency_key") or clock.new_id(),
        "new_key": clock.new_id,
        "now": clock.now(),
        "today": clock.today(),
        "items_of": lambda locale: choices(here.codes, "CONSENT_ITEM", locale),
        "free_posts": lambda: member_choices(directory, posts),
    }
