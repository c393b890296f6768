"""The auditor's routes, the same in every service: its own log, narrowed and paged. Looking at it is written down too.

The page around the four logs is casework's (``/casework/audit``); each is asked of its own service with the auditor's
own rights, and names come from the labels, where the auditor may see them.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import select
from starlette.responses import HTMLResponse

from shared.audit.reading import PAGE, AuditPage, AuditQuery, list_rows
from shared.audit.rows import note
from shared.audit.unusual import Thresholds
from shared.audit.weekly import Week, read_week, without_households
from shared.audit.words import action_word
from shared.errors import Forbidden
from shared.i18n import N_, locale_of, speaking
from shared.identity import Actor, CurrentActor, KnownPost
from shared.pages import page
from shared.service import Here, Service

_ONLY_AUDITORS = N_("監査記録は、監査の役割の人だけが見られます。")
AUDITING = frozenset({"auditor"})

router = APIRouter(tags=["audit"])


async def auditor(actor: CurrentActor) -> Actor:
    """Who may read the log: auditors alone. Raises Forbidden."""
    if actor.role not in AUDITING:
        raise Forbidden(_ONLY_AUDITORS)
    return actor


Auditor = Annotated[Actor, Depends(auditor)]
Wanted = Annotated[AuditQuery, Query()]


@router.get("/api/audit")
async def read_audit(here: Here, actor: Auditor, wanted: Wanted) -> AuditPage:
    """Fifty rows of this service's log, the newest first."""
    return await _read(here, actor, wanted)


@router.get("/fragments/audit", include_in_schema=False)
async def show_audit(request: Request, here: Here, actor: Auditor, wanted: Wanted) -> HTMLResponse:
    """The same rows as a piece of the auditor's page."""
    found = await _read(here, actor, wanted)
    with speaking(locale_of(request)):
        return page(
            request,
            "audit/rows.html",
            found=found,
            size=PAGE,
            word=action_word,
            more=urlencode(wanted.says(before=found.before)) if found.before else "",
            narrow={row.household: urlencode(wanted.says(household=row.household)) for row in found.rows},
        )


class UnusualQuery(Thresholds):
    """Which week, and from which numbers on (the ward's own, which casework keeps)."""

    day: date


@router.get("/api/audit/unusual")
async def read_unusual(
    request: Request, here: Here, actor: CurrentActor, wanted: Annotated[UnusualQuery, Query()]
) -> Week:
    """What stands out in this service's log of a week.

    All of it for auditors. For who answers for an agency casework asks: lines of its own posts, without households.
    """
    whole = actor.role in AUDITING
    if not whole and request.state.asked_by != "casework":
        raise Forbidden(_ONLY_AUDITORS)
    async with here.db.transaction() as session:
        found = await read_week(session, here.name, wanted.day, wanted, here.relate)
        await note(session, actor, "audit")
        if whole:
            return found
        own = await session.scalars(select(KnownPost.post).where(KnownPost.agency == actor.agency))
        return without_households(found, set(own))


async def _read(here: Service, actor: Actor, wanted: AuditQuery) -> AuditPage:
    async with here.db.transaction() as session:
        found = await list_rows(session, here.name, wanted)
        await note(session, actor, "audit", [wanted.household])
    return found
