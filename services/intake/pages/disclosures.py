"""開示請求: the list with its clocks, one request, the file to look through, and the file as it is given."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.intake.actions import disclosures
from services.intake.forms import new_key, problem_of, understand
from services.intake.pages.disclosed import as_json, given_reason, grounds_in, marks_of
from services.intake.queries.access import allowed_to, viewer_of, visible_to
from services.intake.queries.persons_file import PersonsFile, demand_household, find_request, put_together
from services.intake.reasons import short_name
from services.intake.requests.disclosures import (
    DecisionIn,
    DeliveryIn,
    DisclosureIn,
    ExtensionIn,
    ReviewIn,
    WithdrawalIn,
)
from services.intake.rules.disclosure import BLACK, occurrences, stage
from services.intake.tables import DisclosureRequest, Household, Member
from shared import clock
from shared.audit import note
from shared.audit.words import action_word
from shared.disclosure import BASIS
from shared.disclosure.routes import demand_discloser
from shared.disclosure.words import field_word, kind_word
from shared.errors import Conflict, Missing, Refused
from shared.i18n import N_, gettext, locale_of, speaking
from shared.identity import Actor, CurrentActor, token_of
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/disclosures", include_in_schema=False)
M = TypeVar("M", bound=BaseModel)

_LANGUAGES = (("ja", "日本語"), ("en", "English"))
_SHOWN = 200
_MOST_FIELDS = 12000
_LISTS = ("ASKER", "IDENTITY_CHECK", "DELIVERY", "DECISION", "DISCLOSURE_STATE", "DISCLOSURE_GROUND")
_DONE = {
    "received": N_("開示請求を受け付けました。"),
    "extended": N_("期限を延長しました。請求した人に知らせてください。"),
    "reviewed": N_("黒塗りを保存しました。"),
    "decided": N_("決定を記録しました。"),
    "delivered": N_("渡したことを記録しました。"),
    "withdrawn": N_("取下げを記録しました。"),
}
_NOT_WHOLE = N_(
    "書類を作れません。届かない係があるか、確かめたあとで記録が変わっています。もう一度、書類を見て確かめてください。"
)
_NOT_GIVEN = N_("開示する決定がまだないので、渡す書類はありません。")
_DIFFERS = N_("見ているあいだに記録が変わりました。いまの書類をもう一度見てください。")


@router.get("")
async def list_requests(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Requests whose household the actor may see, those that wait for a decision first, the nearest term first."""
    demand_discloser(actor)
    async with here.db.read() as session:
        rows = await session.execute(
            select(DisclosureRequest, Member.name)
            .join(Household, Household.id == DisclosureRequest.household_id)
            .join(Member, Member.id == DisclosureRequest.member_id)
            .where(visible_to(await viewer_of(session, actor)), allowed_to(actor))
            .order_by(DisclosureRequest.state != "received", DisclosureRequest.due_on, DisclosureRequest.number)
            .limit(_SHOWN)
        )
        found = [(row, name) for row, name in rows]
    async with here.db.transaction() as session:
        await note(session, actor, "list", [row.household_id for row, _ in found] or [None], basis=BASIS)
    today = clock.today()
    return page(
        request,
        "disclosures.html",
        rows=[(row, name, stage(row.due_on, today), (row.due_on - today).days) for row, name in found],
        nav_here="disclosures",
    )


@router.get("/new/{household}")
async def show_form(household: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The form on which a request is taken in."""
    return await _form(request, here, actor, household)


@router.post("/new/{household}")
async def receive(household: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Take a request in."""
    fields = await _fields(request)
    body, problems = understand(fields, DisclosureIn, here.codes, locale_of(request))
    status = 422
    if body is not None:
        try:
            done = await here.perform(
                actor,
                lambda session: _id_of(disclosures.receive_request(session, actor, household, body)),
                key=fields.get("idempotency_key"),
                what=request.url.path,
                body=body.model_dump(mode="json"),
            )
            return RedirectResponse(f"/intake/disclosures/{done.uuid('id')}?done=received", status_code=303)
        except Missing:
            raise
        except Refused as refused:
            problems, status = [problem_of(refused, locale_of(request))], refused.status
    return await _form(request, here, actor, household, fields=fields, problems=problems, status=status)


@router.get("/{request_id}")
async def show_request(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """One request with its clock and what can be done next."""
    return await _record(request, here, actor, request_id)


@router.post("/{request_id}/extend")
async def extend(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Extend the term."""
    return await _change(
        request, here, actor, request_id=request_id, model=ExtensionIn, act=disclosures.extend_term, done="extended"
    )


@router.post("/{request_id}/decide")
async def decide(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Record the decision."""
    return await _change(
        request, here, actor, request_id=request_id, model=DecisionIn, act=disclosures.decide_request, done="decided"
    )


@router.post("/{request_id}/deliver")
async def deliver(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Record that it was handed over."""
    return await _change(
        request, here, actor, request_id=request_id, model=DeliveryIn, act=disclosures.deliver_file, done="delivered"
    )


@router.post("/{request_id}/withdraw")
async def withdraw(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Record that it was taken back."""
    return await _change(
        request,
        here,
        actor,
        request_id=request_id,
        model=WithdrawalIn,
        act=disclosures.withdraw_request,
        done="withdrawn",
    )


@router.get("/{request_id}/review")
async def look_through(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The whole file with what is proposed to be blacked out; an officer ticks, grounds, and saves."""
    return await _review(request, here, actor, request_id)


@router.post("/{request_id}/review")
async def keep_review(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Keep the ticks."""
    fields = await _fields(request)
    try:
        body = ReviewIn(digest=str(fields.get("digest", "")), marks=marks_of(fields))
    except ValidationError:
        raise Conflict(_DIFFERS) from None
    await here.perform(
        actor,
        lambda session: _id_of(disclosures.keep_review(session, actor, request_id, body)),
        key=fields.get("idempotency_key"),
        what=request.url.path,
        body=body.model_dump(mode="json"),
    )
    goes_to = "/review" if fields.get("add_phrase") else ""
    return RedirectResponse(f"/intake/disclosures/{request_id}{goes_to}?done=reviewed", status_code=303)


@router.get("/{request_id}/file")
async def show_file(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The file as it is given, to be printed; only after a decision, and only of what was looked through."""
    with speaking(locale_of(request)):
        file = await _final(request, here, actor, request_id, "print")
    language = file.request.language
    with speaking(language):
        context = _words(here, request) | {"grounds": sorted(grounds_in(file))}
        return page(request, "disclosure_file.html", locale=language, **context, file=file, now=clock.now())


@router.get("/{request_id}/file.json")
async def download_file(request_id: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """The same file as JSON."""
    with speaking(locale_of(request)):
        file = await _final(request, here, actor, request_id, "export")
    with speaking(file.request.language):
        content = as_json(file, here, file.request.language)
    name = f"kasane-{file.request.number}.json"
    return Response(
        json.dumps(content, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


async def _final(request: Request, here: Service, actor: Actor, request_id: UUID, action: str) -> PersonsFile:
    file = await put_together(here, actor, token_of(request), request_id, action=action, final=True)
    if file.request.decision not in {"full", "partial"}:
        raise Conflict(_NOT_GIVEN)
    if not file.current:
        raise Conflict(_NOT_WHOLE)
    return file


async def _review(request: Request, here: Service, actor: Actor, request_id: UUID) -> HTMLResponse:
    with speaking(locale_of(request)):
        file = await put_together(here, actor, token_of(request), request_id, action="disclose", final=False)
        marks = [
            (mark, new, occurrences(mark.phrase, file.texts)) for mark, new in file.marks if mark.phrase or mark.field
        ]
        return page(
            request,
            "disclosure_review.html",
            **_words(here, request),
            file=file,
            marks=marks,
            whole={mark.part: mark.ground for mark, _ in file.marks if not mark.field and not mark.phrase},
            counts_by_kind=Counter(view.part.kind for view in file.parts),
            key=new_key(),
            nav_here="disclosures",
            told=_told(request),
        )


async def _record(
    request: Request,
    here: Service,
    actor: Actor,
    request_id: UUID,
    *,
    problems: list[dict[str, str]] | None = None,
    status: int = 200,
) -> HTMLResponse:
    async with here.db.transaction() as session:
        found = await find_request(session, actor, request_id)
        member = await session.get_one(Member, found.member_id)
        home = await session.get_one(Household, found.household_id)
        await note(session, actor, "view", [home.id], basis=BASIS, reason=found.number)
        today = clock.today()
        return page(
            request,
            "disclosure.html",
            status=status,
            **_words(here, request),
            asked=found,
            member=member,
            home=home,
            stage=stage(found.due_on, today),
            left=(found.due_on - today).days,
            today=today,
            errors=problems or [],
            key=new_key,
            nav_here="disclosures",
            told=_told(request),
        )


async def _form(
    request: Request,
    here: Service,
    actor: Actor,
    household: UUID,
    *,
    fields: dict[str, Any] | None = None,
    problems: list[dict[str, str]] | None = None,
    status: int = 200,
) -> HTMLResponse:
    async with here.db.transaction() as session:
        home = await demand_household(session, actor, household)
        members = list(
            await session.scalars(select(Member).where(Member.household_id == household).order_by(Member.position))
        )
        await note(session, actor, "view", [household], basis=BASIS)
        return page(
            request,
            "disclosure_new.html",
            status=status,
            **_words(here, request),
            home=home,
            people=[
                (str(one.id), short_name(one.name, here.codes.label("RELATION", one.relation, locale_of(request))))
                for one in members
            ],
            languages=_LANGUAGES,
            f=fields or {},
            errors=problems or [],
            key=new_key(),
            today=clock.today(),
            nav_here="disclosures",
        )


async def _change(
    request: Request,
    here: Service,
    actor: Actor,
    *,
    request_id: UUID,
    model: type[M],
    act: Callable[[AsyncSession, Actor, UUID, M], Awaitable[DisclosureRequest]],
    done: str,
) -> Response:
    fields = await _fields(request)
    body, problems = understand(fields, model, here.codes, locale_of(request))
    status = 422
    if body is not None:
        try:
            await here.perform(
                actor,
                lambda session: _id_of(act(session, actor, request_id, body)),
                key=fields.get("idempotency_key"),
                what=request.url.path,
                body=body.model_dump(mode="json"),
            )
            return RedirectResponse(f"/intake/disclosures/{request_id}?done={done}", status_code=303)
        except Missing:
            raise
        except Refused as refused:
            if refused.field is None:
                raise
            problems, status = [problem_of(refused, locale_of(request))], refused.status
    return await _record(request, here, actor, request_id, problems=problems, status=status)


def _words(here: Service, request: Request) -> dict[str, Any]:
    locale = locale_of(request)
    return {
        "choices": {name: here.codes.choices(name, locale) for name in _LISTS},
        "kind_word": kind_word,
        "field_word": lambda name: field_word(name.partition(".")[0]),
        "action_word": action_word,
        "given_reason": given_reason,
        "black": BLACK,
    }


def _told(request: Request) -> str | None:
    text = _DONE.get(request.query_params.get("done", ""))
    return gettext(text, locale_of(request)) if text else None


async def _fields(request: Request) -> dict[str, Any]:
    async with request.form(max_fields=_MOST_FIELDS, max_files=0) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


async def _id_of(made: Awaitable[DisclosureRequest]) -> dict[str, Any]:
    return {"id": str((await made).id)}
