"""The phone page: today's visits, the card before the door, the result in two taps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.outreach.actions import reporting, undoing, visiting
from services.outreach.actions.ending import FORMS, REPORT_FORM, draft_of
from services.outreach.forms import AnswerForm, ReportForm, Tap, WordsForm
from services.outreach.pages.words import done_words, result_groups
from services.outreach.queries import notes, visits
from services.outreach.queries.planning import history_of, slot_rules
from services.outreach.rules.slots import days_to_see_again
from shared import clock
from shared.audit import note as audit
from shared.errors import Refused
from shared.i18n import N_, gettext, locale_of
from shared.identity import CurrentActor
from shared.service import Here
from shared.web import page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.outreach.queries.visits import Card
    from services.outreach.rules.slots import Suggestion
    from shared.identity import Actor
    from shared.service import Service

router = APIRouter(include_in_schema=False)


@router.get("/today")
async def show_today(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Next visit first."""
    async with here.db.transaction() as session:
        day = await visits.day_of(session, actor, clock.today())
        again = await _suggestions(session, here, day.next)
        await audit(session, actor, "view" if day.next else "list", [day.next.visit.household if day.next else None])
    return page(
        request,
        "today.html",
        day=day,
        card=day.next,
        form=ReportForm(),
        again=again,
        notes=[],
        today=clock.today(),
        now=clock.now(),
        key=clock.new_id(),
        groups=result_groups(here.codes, locale_of(request)),
        drafts={form: draft_of(form, day.next.id, actor.person) for form in FORMS} if day.next else {},
        told=done_words(request),
        counts={"visits": len(day.later) + (1 if day.next else 0)},
    )


@router.get("/visits/{visit_id}")
async def show_visit(visit_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """One visit, for those who go and those who sent them."""
    return await _show(request, here, actor, visit_id, form=ReportForm())


@router.post("/visits/{visit_id}/answer")
async def answer(
    visit_id: UUID, request: Request, here: Here, actor: CurrentActor, form: Annotated[AnswerForm, Form()]
) -> Response:
    """行きます / 行けません."""
    if form.answer not in {"accepted", "declined"}:
        raise Refused(N_("行けるかどうかを選んでください。"), field="answer")
    given = cast("Literal['accepted', 'declined']", form.answer)

    async def work(session: AsyncSession) -> None:
        await visiting.answer_assignment(session, actor, here.codes, visit_id, given=given, reason=form.reason or None)

    return await _do(request, here, actor, visit_id, work, key=form.idempotency_key, what="answer", done=form.answer)


@router.post("/visits/{visit_id}/arrive")
async def arrive(
    visit_id: UUID, request: Request, here: Here, actor: CurrentActor, form: Annotated[Tap, Form()]
) -> Response:
    """着いた."""

    async def work(session: AsyncSession) -> None:
        await visiting.check_in(session, actor, visit_id, form.at)

    return await _do(request, here, actor, visit_id, work, key=form.idempotency_key, what="arrive", done="arrived")


@router.post("/visits/{visit_id}/leave")
async def leave(
    visit_id: UUID, request: Request, here: Here, actor: CurrentActor, form: Annotated[Tap, Form()]
) -> Response:
    """出た."""

    async def work(session: AsyncSession) -> None:
        await visiting.check_out(session, actor, visit_id, form.at)

    return await _do(request, here, actor, visit_id, work, key=form.idempotency_key, what="leave", done="left")


@router.post("/visits/{visit_id}/report")
async def report(
    visit_id: UUID, request: Request, here: Here, actor: CurrentActor, form: Annotated[ReportForm, Form()]
) -> Response:
    """The result. What is refused comes back as it was typed, with the sentence beside its field."""
    try:
        told = form.to_request()

        async def work(session: AsyncSession) -> None:
            await reporting.report_visit(session, actor, here.codes, visit_id, told.to_report())

        body = [str(visit_id), told.model_dump(mode="json")]
        await here.perform(actor, work, key=form.idempotency_key, what="report", body=body)
    except Refused as refused:
        if refused.field is None:
            raise
        return await _show(request, here, actor, visit_id, form=form, refused=refused)
    return _go_back(visit_id, "reported", home=actor.role in {"outreach_worker", "outreach_lead"})


@router.post("/visits/{visit_id}/undo")
async def undo(visit_id: UUID, here: Here, actor: CurrentActor, form: Annotated[Tap, Form()]) -> Response:
    """取り消す: the result counts no more, and its form is open again with what was typed."""

    async def work(session: AsyncSession) -> None:
        await undoing.undo_report(session, actor, here.codes, visit_id)

    await here.perform(actor, work, key=form.idempotency_key, what="undo", body=str(visit_id))
    draft = draft_of(REPORT_FORM, visit_id, actor.person)
    return RedirectResponse(f"/outreach/visits/{visit_id}?done=undone&draft={draft}", status_code=303)


@router.post("/visits/{visit_id}/notes")
async def add_note(
    visit_id: UUID, request: Request, here: Here, actor: CurrentActor, form: Annotated[WordsForm, Form()]
) -> Response:
    """ひとこと, later."""

    async def work(session: AsyncSession) -> None:
        await reporting.add_note(session, actor, visit_id, form.words)

    return await _do(request, here, actor, visit_id, work, key=form.idempotency_key, what="note", done="noted")


async def _show(
    request: Request,
    here: Service,
    actor: Actor,
    visit_id: UUID,
    *,
    form: ReportForm,
    refused: Refused | None = None,
) -> HTMLResponse:
    locale = locale_of(request)
    async with here.db.transaction() as session:
        card = await visits.read_visit(session, actor, visit_id)
        await audit(session, actor, "view", [card.visit.household])
        again = await _suggestions(session, here, card)
        written = await notes.show_notes(session, actor, visit_id)
    errors = []
    if refused is not None:
        errors = [{"field": refused.field, "text": gettext(refused.text, locale).format(**refused.params)}]
    return page(
        request,
        "visit.html",
        status=422 if refused else 200,
        card=card,
        form=form,
        errors=errors,
        again=again,
        notes=written,
        today=clock.today(),
        now=clock.now(),
        key=form.idempotency_key or clock.new_id(),
        groups=result_groups(here.codes, locale),
        drafts={form: draft_of(form, visit_id, actor.person) for form in FORMS},
        told=done_words(request),
    )


async def _suggestions(session: AsyncSession, here: Service, card: Card | None) -> list[Suggestion]:
    if card is None:
        return []
    tried, _ = await history_of(session, {card.visit.household}, here.codes, clock.now())
    visited = card.visit.started_at or min(card.visit.starts_at, clock.now())
    return days_to_see_again(slot_rules(here.codes), visited, tried.get(card.visit.household, ()))


async def _do(
    request: Request,
    here: Service,
    actor: Actor,
    visit_id: UUID,
    work: Callable[[AsyncSession], Awaitable[Any]],
    *,
    key: str | None,
    what: str,
    done: str,
) -> Response:
    await here.perform(actor, work, key=key, what=what, body=str(visit_id))
    back = request.headers.get("referer", "")
    return _go_back(visit_id, done, home=back.partition("?")[0].endswith("/today"))


def _go_back(visit_id: UUID, what: str, *, home: bool) -> Response:
    path = "/outreach/today" if home else f"/outreach/visits/{visit_id}"
    return RedirectResponse(f"{path}?done={what}", status_code=303)
