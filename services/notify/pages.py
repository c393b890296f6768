"""The pages of notify: the inbox, its settings; fragments for the home page and the badge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.notify.actions.reading import acknowledge, choose_channels
from services.notify.queries import inbox
from services.notify.requests import InboxFilter, PreferenceIn, PreferenceOut
from services.notify.tables import Preference
from shared import clock
from shared.audit import note
from shared.errors import Refused
from shared.i18n import N_, gettext, locale_of
from shared.identity import CurrentActor
from shared.service import Here
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notify.queries.inbox import Line
    from shared.identity import Actor
    from shared.service import Service

router = APIRouter(include_in_schema=False)

DONE = {
    "read": N_("受け取りました。送った人にも、見たことが伝わります。"),
    "saved": N_("通知の受け取り方を記録しました。"),
}
_HOME = 6


class Tap(BaseModel):
    """A button that needs nothing but its key."""

    idempotency_key: str | None = Field(default=None, max_length=200)


class SettingsForm(BaseModel):
    """The settings, as they were typed."""

    idempotency_key: str | None = Field(default=None, max_length=200)
    channels: list[str] = Field(default=[], max_length=10)
    email: str = Field(default="", max_length=300)
    quiet_since: str = Field(default="", max_length=10)
    quiet_until: str = Field(default="", max_length=10)
    version: int | None = Field(default=None, ge=0, le=2**31 - 1)


@router.get("/")
async def show_inbox(
    request: Request, here: Here, actor: CurrentActor, wanted: Annotated[InboxFilter, Query()]
) -> HTMLResponse:
    """What waits for the viewer's post, why, until when."""
    async with here.db.read() as session:
        lines = await inbox.read_inbox(
            session, actor, wanted=wanted.filter, after=wanted.after_id, limit=wanted.limit + 1
        )
        waiting, late = await inbox.count_waiting(session, actor, clock.now())
    shown = lines[: wanted.limit]
    more = f"/notify/?filter={wanted.filter}&after_id={shown[-1].notification.id}" if len(lines) > wanted.limit else ""
    done = DONE.get(request.query_params.get("done", ""))
    return page(
        request,
        "inbox.html",
        lines=_with_keys(shown),
        filter=wanted.filter,
        next_href=more,
        waiting=waiting,
        late=late,
        now=clock.now(),
        told=gettext(done, locale_of(request)) if done else None,
        counts={"inbox": waiting},
    )


@router.post("/notifications/{notification_id}/open")
async def open_notification(
    notification_id: UUID, here: Here, actor: CurrentActor, form: Annotated[Tap, Form()]
) -> Response:
    """One tap to the place; opening is the receipt."""
    path = await _acknowledge(here, actor, notification_id, form.idempotency_key)
    return RedirectResponse(path, status_code=303)


@router.post("/notifications/{notification_id}/read")
async def read_notification(
    notification_id: UUID, request: Request, here: Here, actor: CurrentActor, form: Annotated[Tap, Form()]
) -> Response:
    """Acknowledge without going there; htmx gets the line as it now stands."""
    await _acknowledge(here, actor, notification_id, form.idempotency_key)
    if "hx-request" not in request.headers:
        return RedirectResponse("/notify/?done=read", status_code=303)
    async with here.db.read() as session:
        notification = await inbox.load_notification(session, actor, notification_id)
    line = inbox.Line(notification, None, taken_by_others=False)
    return page(request, "fragments/line.html", line=line, now=clock.now(), key=clock.new_id())


@router.get("/settings")
async def show_settings(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """My channels and quiet hours."""
    async with here.db.read() as session:
        chosen = PreferenceOut.of(await session.get(Preference, actor.post))
    return _settings(request, _form_of(chosen))


@router.post("/settings")
async def choose_settings(
    request: Request, here: Here, actor: CurrentActor, form: Annotated[SettingsForm, Form()]
) -> Response:
    """Set them; what is refused comes back as it was typed."""
    try:
        try:
            told = PreferenceIn.model_validate(form.model_dump(exclude={"idempotency_key"}))
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            raise Refused(N_("この欄を読み取れませんでした。書き直してください。"), field=field) from error

        async def work(session: AsyncSession) -> None:
            await choose_channels(session, actor, here.codes, **told.model_dump())

        body = told.model_dump(mode="json")
        await here.perform(actor, work, key=form.idempotency_key, what="preferences", body=body)
    except Refused as refused:
        if refused.field is None:
            raise
        text = gettext(refused.text, locale_of(request)).format(**refused.params)
        return _settings(request, form, [{"field": refused.field, "text": text}])
    return RedirectResponse("/notify/?done=saved", status_code=303)


@router.get("/fragments/waiting")
async def show_waiting(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The most pressing notifications, for the home page."""
    async with here.db.read() as session:
        lines = await inbox.read_inbox(session, actor, limit=_HOME)
        waiting, late = await inbox.count_waiting(session, actor, clock.now())
    return page(request, "fragments/waiting.html", lines=_with_keys(lines), waiting=waiting, late=late, now=clock.now())


@router.get("/fragments/count")
async def show_count(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The badge beside 通知; empty when nothing waits."""
    async with here.db.read() as session:
        waiting, late = await inbox.count_waiting(session, actor, clock.now())
    return page(request, "fragments/count.html", waiting=waiting, late=late)


@router.get("/fragments/told/{household}")
async def show_told(household: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Who was told what about a household, and has seen it: the receipt after saving."""
    async with here.db.transaction() as session:
        rows = await inbox.told_about(session, actor, household)
        await note(session, actor, "view", [household])
    return page(request, "fragments/told.html", rows=rows, now=clock.now())


async def _acknowledge(here: Service, actor: Actor, notification_id: UUID, key: str | None) -> str:
    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"path": (await acknowledge(session, actor, notification_id)).path}

    done = await here.perform(actor, work, key=key, what="read", body=str(notification_id))
    return str(done.answer["path"])


def _with_keys(lines: list[Line]) -> list[dict[str, Any]]:
    return [{"line": line, "key": clock.new_id()} for line in lines]


def _form_of(chosen: PreferenceOut) -> SettingsForm:
    return SettingsForm(
        channels=chosen.channels,
        email=chosen.email or "",
        quiet_since=chosen.quiet_since.strftime("%H:%M") if chosen.quiet_since else "",
        quiet_until=chosen.quiet_until.strftime("%H:%M") if chosen.quiet_until else "",
        version=chosen.version,
    )


def _settings(request: Request, form: SettingsForm, errors: list[dict[str, str]] | None = None) -> HTMLResponse:
    return page(
        request,
        "settings.html",
        status=422 if errors else 200,
        form=form,
        errors=errors or [],
        key=form.idempotency_key or clock.new_id(),
    )
