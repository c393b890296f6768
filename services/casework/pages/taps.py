"""Buttons without a form: fix an entry, begin, remind, move a task, decide a plan, go on with a case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.casework.actions import entries, handing, invitations, meetings, opening, plans, undoing
from services.casework.api.changing import change
from services.casework.queries.access import NOT_HERE
from services.casework.requests import DecidePlan
from shared.errors import Missing
from shared.identity import Actor, CurrentActor
from shared.service import Here
from shared.text import Line

router = APIRouter(include_in_schema=False)
Tap = Callable[[AsyncSession, Actor, UUID, str], Awaitable[Any]]


async def _fix(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await entries.fix_entry(session, actor, thing)


async def _undo(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await undoing.undo_entry(session, actor, thing)


async def _act(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await invitations.begin_acting(session, actor, thing)


async def _remind(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await invitations.remind_agency(session, actor, thing)


async def _begin_task(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await meetings.move_task(session, actor, thing, "doing")


async def _finish_task(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await meetings.move_task(session, actor, thing, "done")


async def _drop_task(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await meetings.move_task(session, actor, thing, "dropped")


async def _decide(session: AsyncSession, actor: Actor, thing: UUID, words: str) -> object:
    return await plans.decide_plan(session, actor, thing, DecidePlan(document=words))


async def _review(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await plans.review_plan(session, actor, thing)


async def _reopen(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await opening.reopen_case(session, actor, thing)


async def _acknowledge(session: AsyncSession, actor: Actor, thing: UUID, _: str) -> object:
    return await handing.acknowledge(session, actor, thing)


TAPS: dict[str, tuple[Tap, str, str]] = {
    "fix-entry": (_fix, "fixed", "log"),
    "undo-entry": (_undo, "undone", "log"),
    "act": (_act, "acting", "agencies"),
    "remind": (_remind, "reminded", "agencies"),
    "begin-task": (_begin_task, "moved", "tasks"),
    "finish-task": (_finish_task, "moved", "tasks"),
    "drop-task": (_drop_task, "moved", "tasks"),
    "decide-plan": (_decide, "decided", "plan"),
    "review-plan": (_review, "reviewed", "plan"),
    "reopen": (_reopen, "reopened", "owner"),
    "acknowledge": (_acknowledge, "acknowledged", "owner"),
}
"""Name → what it does, the receipt's words, the section to land in."""


@router.post("/taps/{name}/{thing_id}")
async def tap(
    name: str,
    thing_id: UUID,
    here: Here,
    actor: CurrentActor,
    *,
    words: Annotated[Line, Form()] = "",
    idempotency_key: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """One button; back to the case it belongs to."""
    if name not in TAPS:
        raise Missing(NOT_HERE)
    action, told, section = TAPS[name]
    done, changed = await change(
        here,
        actor,
        lambda session: action(session, actor, thing_id, words),
        key=idempotency_key or None,
        what=f"{name}/{thing_id}",
    )
    case_id = changed.case or changed.id
    return RedirectResponse(done.link(f"/casework/cases/{case_id}?done={told}#{section}"), status_code=303)
