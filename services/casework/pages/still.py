"""Whether what an open page shows may still be seen: asked by the page itself every few seconds (``sights.js``)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID
from zlib import crc32

from fastapi import APIRouter, Response

from services.casework.queries.access import NOT_HERE, demand, find_sight
from services.casework.queries.councils import load_meeting, sees_sheet
from shared.errors import Conflict, Missing
from shared.i18n import N_
from shared.identity import CurrentActor
from shared.service import Here

if TYPE_CHECKING:
    from collections.abc import Iterable

router = APIRouter(prefix="/fragments", include_in_schema=False)


def mark_of(parts: Iterable[str]) -> str:
    """A short mark of what a page shows of a case, to tell whether its reader still sees as much."""
    return f"{crc32(','.join(sorted(parts)).encode()):08x}"


@router.get("/cases/{case_id}/still")
async def still_case(case_id: UUID, here: Here, actor: CurrentActor, mark: str = "") -> Response:
    """204 while the reader sees what the page shows; 404 when the right has ended, 409 when it is another."""
    async with here.db.read() as session:
        case, seen = await find_sight(session, actor, case_id)
        demand(case, seen, "file")
    if mark and mark != mark_of(seen.parts):
        raise Conflict(N_("見える範囲が変わりました。画面を開き直してください。"))
    return Response(status_code=204)


@router.get("/meetings/{meeting_id}/still")
async def still_meeting(meeting_id: UUID, here: Here, actor: CurrentActor) -> Response:
    """204 while the reader may see the meeting's materials; 404 from the recall or release on."""
    async with here.db.read() as session:
        meeting = await load_meeting(session, actor, meeting_id)
        if not await sees_sheet(session, actor, meeting):
            raise Missing(NOT_HERE)
    return Response(status_code=204)
