"""The forms of a case, each on a page of its own: ask an agency, ask for a visit, write, call, plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.casework.actions import entries, invitations, meetings, opening, plans, visits
from services.casework.pages.cases import case_context
from services.casework.pages.forming import Action, Form
from services.casework.pages.forms import Problem, read_fields
from services.casework.pages.words import agency_choices, choices, member_choices
from services.casework.queries.access import NOT_HERE
from services.casework.queries.directory import list_posts
from services.casework.queries.sharing import GroundView, ground_choices, propose_agencies
from services.casework.requests import (
    AssignTask,
    CallMeeting,
    ChangeLead,
    ChangeOwner,
    CloseCase,
    DraftPlan,
    InviteAgency,
    RequestVisit,
    WriteEntry,
)
from services.casework.rules.sharing import LIVE
from shared import clock
from shared.audit import note
from shared.calendar import add_working_days
from shared.clock import TOKYO
from shared.errors import Missing
from shared.i18n import locale_of, speaking
from shared.identity import Actor, CurrentActor
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from services.casework.queries.directory import Directory

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class CaseForm:
    """One form: what it asks for, what it does, where one lands afterwards."""

    template: str
    model: type[BaseModel]
    action: Action
    section: str
    done: str


async def _change_owner(session: AsyncSession, actor: Actor, case_id: UUID, body: ChangeOwner) -> object:
    return await opening.change_owner(session, actor, case_id, body.owner)


async def _change_lead(session: AsyncSession, actor: Actor, case_id: UUID, body: ChangeLead) -> object:
    return await opening.change_lead(session, actor, case_id, body.agency)


async def _close(session: AsyncSession, actor: Actor, case_id: UUID, body: CloseCase) -> object:
    return await opening.close_case(session, actor, case_id, body.reason, body.note)


FORMS: dict[str, CaseForm] = {
    "invite": CaseForm("forms/invite.html", InviteAgency, invitations.invite_agency, "agencies", "invited"),
    "visit": CaseForm("forms/visit.html", RequestVisit, visits.request_visit, "visits", "visit"),
    "entry": CaseForm("forms/entry.html", WriteEntry, entries.write_entry, "log", "entry"),
    "task": CaseForm("forms/task.html", AssignTask, meetings.assign_task, "tasks", "task"),
    "meeting": CaseForm("forms/meeting.html", CallMeeting, meetings.call_meeting, "meet", "meeting"),
    "plan": CaseForm("forms/plan.html", DraftPlan, plans.draft_plan, "plan", "plan"),
    "owner": CaseForm("forms/owner.html", ChangeOwner, _change_owner, "owner", "owner"),
    "lead": CaseForm("forms/lead.html", ChangeLead, _change_lead, "owner", "lead"),
    "close": CaseForm("forms/close.html", CloseCase, _close, "owner", "closed"),
}


def _form(name: str) -> CaseForm:
    if name not in FORMS:
        raise Missing(NOT_HERE)
    return FORMS[name]


@router.get("/cases/{case_id}/do/{name}")
async def show_form(case_id: UUID, name: str, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """One form, with what is known filled in."""
    chosen = {key: value for key, value in request.query_params.items() if key in {"agency", "basis", "kind"}}
    return await _render(request, here, actor, case_id, name, values=_beginning(name) | chosen, problems=[])


@router.post("/cases/{case_id}/do/{name}")
async def take_form(case_id: UUID, name: str, form: Annotated[Form, Depends()]) -> Response:
    """Do it, or say beside each field what is wrong; nothing typed is lost."""
    chosen = _form(name)

    async def again(fields: dict[str, Any], problems: list[Problem], status: int) -> Response:
        who = (form.request, form.here, form.actor)
        return await _render(*who, case_id, name, values=fields, problems=problems, status=status)

    path = f"/casework/cases/{case_id}?done={chosen.done}#{chosen.section}"
    return await form.send(name, chosen.model, chosen.action, case_id, again=again, to=lambda _: path)


async def _render(
    request: Request,
    here: Service,
    actor: Actor,
    case_id: UUID,
    name: str,
    *,
    values: dict[str, Any],
    problems: list[Problem],
    status: int = 200,
) -> HTMLResponse:
    form, locale = _form(name), locale_of(request)
    async with here.db.transaction() as session:
        context = await case_context(session, actor, case_id)
        await note(session, actor, "view", [context["case"].household])
        proposals = await propose_agencies(session, actor, here.codes, case_id) if name == "invite" else []
        agency, items = str(values.get("agency", "")), _several(values.get("items"))
        grounds = await _grounds(session, actor, here, case_id, agency=agency, items=items) if name == "invite" else []
        posts = [post for post in await list_posts(session) if post.id != actor.post] if name == "meeting" else []
        near = {one.agency for one in context["case"].invitations if one.state in LIVE}
    with speaking(locale):
        return page(
            request,
            form.template,
            status=status,
            f=values,
            errors=problems,
            key=values.get("idempotency_key") or clock.new_id(),
            proposals=proposals,
            grounds=grounds,
            members=member_choices(context["directory"], [post for post in posts if post.agency in near]),
            others=member_choices(context["directory"], [post for post in posts if post.agency not in near]),
            lists=_lists(here, context["directory"], locale),
            answer_due=add_working_days(clock.today(), 3),
            **context,
        )


@router.post("/cases/{case_id}/do/invite/grounds")
async def show_grounds(case_id: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Which grounds would carry what is ticked to the agency that is chosen; asked as soon as either changes."""
    fields = await read_fields(request)
    agency, items = str(fields.get("agency", "")), _several(fields.get("items"))
    async with here.db.read() as session:
        grounds = await _grounds(session, actor, here, case_id, agency=agency, items=items)
    with speaking(locale_of(request)):
        return page(request, "fragments/grounds.html", f=fields, grounds=grounds)


async def _grounds(
    session: AsyncSession, actor: Actor, here: Service, case_id: UUID, *, agency: str, items: list[str]
) -> list[GroundView]:
    every = [code for code, _ in choices(here.codes, "CONSENT_ITEM", "ja")]
    return await ground_choices(session, actor, here.codes, case_id, agency=agency, items=items or every)


def _several(given: Any) -> list[str]:
    """One tick or many."""
    return [] if not given else [given] if isinstance(given, str) else list(given)


def _beginning(name: str) -> dict[str, Any]:
    """What a form starts with."""
    today, now = clock.today(), clock.now().astimezone(TOKYO)
    match name:
        case "visit":
            return {"due_on": add_working_days(today, 5).isoformat(), "persons": "2", "purpose": "contact"}
        case "entry":
            return {"occurred_at": now.strftime("%Y-%m-%dT%H:%M"), "kind": "phone", "scope": "all"}
        case "task":
            return {"due_on": add_working_days(today, 7).isoformat()}
        case "meeting":
            start = add_working_days(today, 5)
            return {"starts_at": f"{start.isoformat()}T14:00", "kind": "support_council"}
        case "plan":
            return {
                "starts_on": today.isoformat(),
                "ends_on": (today + timedelta(days=182)).isoformat(),
                "monitoring_on": (today + timedelta(days=31)).isoformat(),
                "lines": [{}],
            }
    return {}


def _lists(here: Service, directory: Directory, locale: str) -> dict[str, list[tuple[str, str]]]:
    names = (
        "BASIS", "SHARE_REASON", "VISIT_PURPOSE", "VISIT_SLOT", "SKILL", "ENTRY_KIND", "CHANNEL", "WITH_WHOM",
        "ENTRY_SCOPE", "MEETING_KIND", "CLOSE_REASON", "CONSENT_ITEM",
    )  # fmt: skip
    lists = {name: choices(here.codes, name, locale) for name in names}
    lists["agencies"] = agency_choices(directory)
    owning = {entry.code for entry in here.codes["POST_ROLE"].values() if entry.attributes.get("owns")}
    lists["owners"] = [
        (str(post.id), f"{directory.post(post.id)}({directory.title(post.id)})")
        for post in directory.posts.values()
        if post.role in owning
    ]
    return lists
