"""The operator's routes, the same in every service: its card, the heart-beat's light, one parked event, retry and skip.

The page around the cards is casework's (``/casework/operations``); each card is asked of its own service, so that one
that is down is seen to be down and the others are seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Request
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from sqlalchemy.exc import DBAPIError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared import clock
from shared.audit import note
from shared.errors import Conflict, Forbidden, Refused
from shared.i18n import N_, gettext, locale_of
from shared.identity import Actor, CurrentActor
from shared.operations import Operations
from shared.pages import page
from shared.service import Here, Service
from shared.spine.parked import give_up, look_closely, try_again
from shared.text import clean

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.spine.parked import ParkedLine

MENDING = frozenset({"operator"})
WATCHING = MENDING | {"manager"}
LONGEST_REASON = 500

router = APIRouter(tags=["operations"])


async def watcher(actor: CurrentActor) -> Actor:
    """Who may look at the machinery: operators and managers. Raises Forbidden."""
    if actor.role not in WATCHING:
        raise Forbidden(N_("システムの運用は、運用担当と管理職だけが見られます。"))
    return actor


async def mender(actor: CurrentActor) -> Actor:
    """Who may decide about a parked event: operators alone. Raises Forbidden."""
    if actor.role not in MENDING:
        raise Forbidden(N_("保留の処理は、運用担当だけができます。"))
    return actor


Watcher = Annotated[Actor, Depends(watcher)]
Mender = Annotated[Actor, Depends(mender)]
Number = Annotated[int, Path(ge=1, le=2**62)]
Reason = Annotated[str, StringConstraints(max_length=LONGEST_REASON), AfterValidator(clean)]


class RetryForm(BaseModel):
    """Try it again, and why now."""

    retry_reason: Reason = ""
    idempotency_key: str | None = Field(default=None, max_length=200)


class SkipForm(BaseModel):
    """Give it up, why, and that one knows what this means."""

    skip_reason: Reason = ""
    certain: bool = False
    idempotency_key: str | None = Field(default=None, max_length=200)


@router.get("/api/operations")
async def read_operations(here: Here, _: Watcher) -> Operations:
    """The service's log, stream, readers, parked events, feed readers and deliveries; at most two seconds old."""
    return await here.operations.get()


@router.get("/fragments/operations", include_in_schema=False)
async def show_card(request: Request, here: Here, _: Watcher) -> HTMLResponse:
    """The service's card on the operator's page."""
    return page(request, "operations/card.html", found=await here.operations.get())


@router.get("/fragments/heartbeat", include_in_schema=False)
async def show_light(request: Request, here: Here, _: Watcher) -> HTMLResponse:
    """The heart-beat's one light, as this service knows it: at intake the probe comes home."""
    return page(request, "operations/light.html", spine=(await here.operations.get()).status)


@router.get("/operations/parked/{number}", include_in_schema=False)
async def show_parked(number: Number, request: Request, here: Here, _: Watcher) -> HTMLResponse:
    """One parked event: what it is, why it stands, what stands behind it, and what can be done."""
    return await _show(request, here, number)


@router.post("/operations/parked/{number}/retry", include_in_schema=False)
async def retry_parked(
    number: Number, request: Request, here: Here, actor: Mender, form: Annotated[RetryForm, Form()]
) -> Response:
    """Have it tried again within a second or two."""

    async def work(session: AsyncSession) -> None:
        if not form.retry_reason:
            raise Refused(_NO_REASON, field="retry_reason")
        line = await try_again(session, number, by=str(actor.post), reason=form.retry_reason)
        await _note(session, actor, "retry_parked", line, form.retry_reason)

    return await _decide(request, here, number, work, form, done="retried")


@router.post("/operations/parked/{number}/skip", include_in_schema=False)
async def skip_parked(
    number: Number, request: Request, here: Here, actor: Mender, form: Annotated[SkipForm, Form()]
) -> Response:
    """Give it up for good; what stands behind it is tried."""

    async def work(session: AsyncSession) -> None:
        if not form.skip_reason:
            raise Refused(_NO_REASON, field="skip_reason")
        if not form.certain:
            raise Refused(N_("この事象が適用されないことを確かめ、印をつけてください。"), field="certain")
        line = await give_up(session, number, by=str(actor.post), reason=form.skip_reason)
        await _note(session, actor, "skip_parked", line, form.skip_reason)

    return await _decide(request, here, number, work, form, done="skipped")


_LOCKED = "55P03"
"""SQLSTATE lock_not_available: a reader holds its cursor for longer than we wait."""
_NO_REASON = N_("理由を入力してください。")


async def _decide(
    request: Request, here: Service, number: int, work: Any, form: RetryForm | SkipForm, *, done: str
) -> Response:
    body = form.model_dump(exclude={"idempotency_key"})
    try:
        await here.perform(request.state.actor, work, key=form.idempotency_key, what=f"{done}/{number}", body=body)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCKED:
            raise Conflict(N_("読んでいる係が混み合っています。少し待って、もう一度押してください。")) from error
        raise
    except Refused as refused:
        if refused.field is None:
            raise
        text = gettext(refused.text, locale_of(request))
        return await _show(request, here, number, values=body, errors=[{"field": refused.field, "text": text}])
    here.operations.forget()
    return RedirectResponse(f"/casework/operations?done={done}#{here.name}", status_code=303)


async def _show(
    request: Request,
    here: Service,
    number: int,
    *,
    values: dict[str, Any] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> HTMLResponse:
    async with here.db.read() as session:
        shown = await look_closely(session, number)
    return page(
        request,
        "operations/parked.html",
        status=422 if errors else 200,
        shown=shown,
        values=values or {},
        errors=errors or [],
        longest=LONGEST_REASON,
        may_mend=request.state.actor.role in MENDING,
        new_key=clock.new_id,
        nav_here="operations",
    )


async def _note(session: AsyncSession, actor: Actor, action: str, line: ParkedLine, reason: str) -> None:
    """Who decided what about which households, and why; a post or an agency that it concerns is none."""
    about = (await look_closely(session, line.id)).envelope.get("data", {})
    households = [UUID(subject) for subject in line.subjects if subject in {about.get("household"), about.get("other")}]
    await note(session, actor, action, households or [None], basis=f"{line.source}:{line.position}", reason=reason)
