"""Forms about one thing of a case: a corrected entry, a meeting that was held, a plan's decision and evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlalchemy import select
from starlette.responses import HTMLResponse, Response

from services.casework.actions import entries, meetings, plans, visits
from services.casework.api.changing import Changed
from services.casework.pages.cases import case_context
from services.casework.pages.forming import Action, Form
from services.casework.pages.forms import Problem, read_fields
from services.casework.pages.words import agency_choices, choices
from services.casework.queries.access import NOT_HERE
from services.casework.queries.case import read_case
from services.casework.requests import CancelVisitRequest, CorrectEntry, EvaluatePlan, HoldMeeting
from services.casework.rules.care import join_words
from services.casework.tables import Entry, Meeting, Plan, VisitRequest
from shared import clock
from shared.audit import note
from shared.errors import Missing
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

router = APIRouter(include_in_schema=False)
Thing = type[Entry] | type[Meeting] | type[Plan] | type[VisitRequest]


@dataclass(frozen=True, slots=True)
class ThingForm:
    """One form about one row. ``listed``: which list of the case's view holds it."""

    template: str
    table: Thing
    listed: str
    model: type[BaseModel]
    action: Action
    section: str
    done: str


FORMS: dict[str, ThingForm] = {
    "correct": ThingForm(
        "forms/correct.html", Entry, "entries", CorrectEntry, entries.correct_entry, "log", "corrected"
    ),
    "held": ThingForm("forms/held.html", Meeting, "meetings", HoldMeeting, meetings.hold_meeting, "meet", "held"),
    "evaluate": ThingForm("forms/evaluate.html", Plan, "plans", EvaluatePlan, plans.evaluate_plan, "plan", "evaluated"),
    "cancel-visit": ThingForm(
        "forms/cancel_visit.html",
        VisitRequest,
        "visit_requests",
        CancelVisitRequest,
        visits.cancel_visit_request,
        "visits",
        "cancelled",
    ),
}


@router.get("/things/{name}/{thing_id}")
async def show_form(name: str, thing_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The form, with what stands there now."""
    return await _render(request, here, actor, name, thing_id=thing_id, values={}, problems=[])


@router.post("/things/{name}/{thing_id}")
async def take_form(name: str, thing_id: UUID, form: Annotated[Form, Depends()]) -> Response:
    """Do it, or say what is wrong."""
    chosen, fields = _form(name), await read_fields(form.request)
    if name == "correct" and "join" in fields:
        fields |= await _joined(form.here, form.actor, thing_id, fields)

    async def again(typed: dict[str, Any], problems: list[Problem], status: int) -> Response:
        who = (form.request, form.here, form.actor)
        return await _render(*who, name, thing_id=thing_id, values=typed, problems=problems, status=status)

    def to(changed: Changed) -> str:
        return f"/casework/cases/{changed.case}?done={chosen.done}#{chosen.section}"

    return await form.send(name, chosen.model, chosen.action, thing_id, again=again, to=to, fields=fields)


async def _joined(here: Service, actor: Actor, entry_id: UUID, fields: dict[str, Any]) -> dict[str, str]:
    """The three boxes of an entry with what two people wrote at the same time."""
    async with here.db.read() as session:
        case = await read_case(session, actor, await _case_of(session, FORMS["correct"], entry_id))
    theirs = _newest(case.entries, entry_id)
    return {
        box: join_words(getattr(theirs, box), str(fields.get(box, "")).replace("\r\n", "\n"))
        for box in ("facts", "words", "judgement")
    }


def _newest(listed: Sequence[Any], thing_id: UUID) -> Any:
    """The row as it is now; an entry that was corrected meanwhile is found in its newest version. Raises Missing."""
    for one in listed:
        if one.id == thing_id or any(old.id == thing_id for old in getattr(one, "earlier", ())):
            return one
    raise Missing(NOT_HERE)


def _form(name: str) -> ThingForm:
    if name not in FORMS:
        raise Missing(NOT_HERE)
    return FORMS[name]


async def _case_of(session: AsyncSession, form: ThingForm, thing_id: UUID) -> UUID:
    case_id = await session.scalar(select(form.table.case_id).where(form.table.id == thing_id))
    if case_id is None:
        raise Missing(NOT_HERE)
    return case_id


async def _render(
    request: Request,
    here: Service,
    actor: Actor,
    name: str,
    *,
    thing_id: UUID,
    values: dict[str, Any],
    problems: list[Problem],
    status: int = 200,
) -> HTMLResponse:
    form, locale = _form(name), locale_of(request)
    async with here.db.transaction() as session:
        case_id = await _case_of(session, form, thing_id)
        context = await case_context(session, actor, case_id)
        await note(session, actor, "view", [context["case"].household])
    thing = _newest(getattr(context["case"], form.listed), thing_id)
    clashed = bool(values) and thing.id != thing_id
    names = ("ATTAINMENT", "SEEN_CHANGE", "NEXT_POLICY", "CANCEL_REASON")
    with speaking(locale):
        lists = {one: choices(here.codes, one, locale) for one in names}
        lists["agencies"] = agency_choices(context["directory"])
        return page(
            request,
            form.template,
            status=status,
            thing=thing,
            f=values or thing.model_dump(mode="json"),
            errors=[] if clashed else problems,
            clashed=clashed,
            key=values.get("idempotency_key") or clock.new_id(),
            lists=lists,
            **context,
        )
