"""The page of the texts that are explained and signed: every version as it was, and the form of the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy import select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.intake.actions.consent_texts import state_text
from services.intake.forms import Problem, new_key, problem_of, read_fields
from services.intake.pages.consent_words import CONSENT_ROLES
from services.intake.requests.consents import ConsentTextIn
from services.intake.rules.wording import EDITABLE, VARIANTS, paragraphs, with_readings
from services.intake.tables import ConsentText
from shared import clock
from shared.answers import field_errors
from shared.errors import Forbidden, Refused
from shared.i18n import N_, locale_of
from shared.identity import Actor, CurrentActor
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/consent-texts", include_in_schema=False)

_PATH = "/intake/consent-texts"


@router.get("")
async def show_texts(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Every version, the newest first; managers may write the next one."""
    return await _show(request, here, actor)


@router.post("")
async def write_text(request: Request, here: Here, actor: CurrentActor) -> Response:
    """The next version."""
    fields = await read_fields(request)
    wording = {variant: {part: fields.get(f"{variant}_{part}", "") for part in EDITABLE} for variant in VARIANTS}
    try:
        body = ConsentTextIn.model_validate({"valid_from": fields.get("valid_from"), "wording": wording})
    except ValidationError as error:
        located = [{**found, "loc": ("body", *found["loc"])} for found in error.errors()]
        problems = field_errors(RequestValidationError(located), locale_of(request))
        return await _show(request, here, actor, fields, [_placed(one) for one in problems])

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"version": (await state_text(session, actor, body)).version}

    try:
        await here.perform(
            actor, work, key=fields.get("idempotency_key"), what=_PATH, body=body.model_dump(mode="json")
        )
    except Forbidden:
        raise
    except Refused as refusal:
        return await _show(request, here, actor, fields, [problem_of(refusal, locale_of(request))])
    return RedirectResponse(_PATH, status_code=303)


def _placed(problem: Problem) -> Problem:
    """``wording.plain.intro`` stands in the form as ``plain_intro``."""
    return problem | {"field": problem["field"].removeprefix("wording.").replace(".", "_")}


async def _show(
    request: Request,
    here: Service,
    actor: Actor,
    sent: dict[str, Any] | None = None,
    problems: list[Problem] | None = None,
) -> HTMLResponse:
    if actor.role not in CONSENT_ROLES:
        raise Forbidden(N_("同意書の文面を見られるのは、相談や訪問にあたる職だけです。"))
    async with here.db.read() as session:
        texts = list(
            await session.scalars(
                select(ConsentText).order_by(ConsentText.valid_from.desc(), ConsentText.version.desc())
            )
        )
    today = clock.today()
    in_force = next((one.version for one in texts if one.valid_from <= today), None)
    return page(
        request,
        "consent_texts.html",
        status=422 if problems else 200,
        errors=problems or [],
        sent=sent or {},
        key=new_key(),
        may_write=actor.role == "manager",
        today=today,
        in_force=in_force,
        newest=texts[0],
        variants=VARIANTS,
        editable=EDITABLE,
        example="{同意|どうい}",
        texts=[
            {
                "version": one.version,
                "valid_from": one.valid_from,
                "stated_by": one.stated_by,
                "parts": {
                    variant: [
                        with_readings(text) for part in EDITABLE for text in paragraphs(one.wording[variant][part])
                    ]
                    for variant in VARIANTS
                },
            }
            for one in texts
        ],
    )
