"""The list of households, search by POST, and the page of one household."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.intake.forms import new_key, read_fields, understand_what_can_be
from services.intake.pages.clashing import differences
from services.intake.pages.consent_words import consents_context
from services.intake.pages.guarding import guard_context
from services.intake.pages.showing import household_context
from services.intake.queries.access import WRITING_ROLES, viewer_of, visible_to
from services.intake.queries.consents import agencies_of
from services.intake.queries.household import read_household
from services.intake.queries.labels import family_name
from services.intake.queries.listing import Page, Row, list_households
from services.intake.reasons import short_name
from services.intake.receipt import recipients_of
from services.intake.requests import ExportIn, SearchIn
from services.intake.rules.protection import Sight
from services.intake.tables import CaseOfHousehold, Household
from shared import clock
from shared.audit import note
from shared.errors import Conflict, Refused
from shared.formats import years
from shared.i18n import N_, gettext, locale_of, speaking
from shared.identity import Actor, CurrentActor, KnownPost
from shared.service import Here, Service
from shared.sheets import MIME, as_file
from shared.web import page

if TYPE_CHECKING:
    from services.intake.queries.household import HouseholdView

router = APIRouter(include_in_schema=False)

_ANSWERS = (("yes", N_("はい")), ("no", N_("いいえ")), ("unknown", N_("不明")))
_MOST_EXPORTED = 5000
_EXPORTED = (
    N_("世帯番号"),
    N_("氏名"),
    N_("人数"),
    N_("圏域"),
    N_("地区"),
    N_("緊急度"),
    N_("支援ケース"),
    N_("さいごの相談"),
)
_RECEIVED = N_("保存して引き継ぎました。")


@router.get("/households")
async def show_households(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """The households that the viewer may see, the one last heard of first."""
    return await _list(request, here, actor, SearchIn())


@router.post("/households")
async def search_households(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """Search and filters; the words travel in the body, never in an address."""
    return await _list(request, here, actor, understand_what_can_be(await read_fields(request), SearchIn))


@router.post("/households/export")
async def export_households(request: Request, here: Here, actor: CurrentActor) -> Response:
    """What was found as a file: who and where, never a type or a word of what was told; each household is noted."""
    asked = understand_what_can_be(await read_fields(request), ExportIn)
    async with here.db.transaction() as session:
        found = await list_households(session, actor, asked, most=_MOST_EXPORTED, for_file=True)
        rows = [row for row in found.rows if not row.protected]
        await note(session, actor, "export", [row.id for row in rows] or [None])
    locale = locale_of(request)
    table = [[gettext(text, locale) for text in _EXPORTED], *(_exported(row, here, locale) for row in rows)]
    name = f"kasane-households-{clock.today().isoformat()}.{asked.kind}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(as_file(table, asked.kind), media_type=MIME[asked.kind], headers=headers)


def _exported(row: Row, here: Service, locale: str) -> list[str]:
    return [
        row.number,
        family_name([(name, "none") for _, name, _, _ in row.members], ""),
        str(len(row.members)),
        here.codes.label("AREA", row.area, locale),
        here.codes.label("DISTRICT", row.district, locale),
        row.urgency or "",
        row.case[1] if row.case else "",
        row.last_heard_at.astimezone(clock.TOKYO).date().isoformat(),
    ]


@router.post("/search")
async def search_everywhere(request: Request, here: Here, actor: CurrentActor) -> Response:
    """The box at the top of every page: a case or household number leads straight there, anything else lists."""
    asked = understand_what_can_be(await read_fields(request), SearchIn)
    word = asked.q.strip().upper()
    async with here.db.transaction() as session:
        await note(session, actor, "search")
        visible = visible_to(await viewer_of(session, actor))
        case = await session.scalar(
            select(CaseOfHousehold.case_id)
            .join(Household, Household.id == CaseOfHousehold.household_id)
            .where(CaseOfHousehold.number == word, visible)
        )
        home = await session.scalar(select(Household.id).where(Household.number == word, visible))
    if word and case is not None:
        return RedirectResponse(f"/casework/cases/{case}", status_code=303)
    if word and home is not None:
        return RedirectResponse(f"/intake/households/{home}", status_code=303)
    return await _list(request, here, actor, asked)


async def _list(request: Request, here: Service, actor: Actor, asked: SearchIn) -> HTMLResponse:
    locale = locale_of(request)
    async with here.db.transaction() as session:
        found = await list_households(session, actor, asked)
        await note(session, actor, "search" if asked.q else "list")
    fragment = "hx-request" in request.headers and asked.before is not None
    return page(
        request,
        "household_rows.html" if fragment else "households.html",
        asked=asked,
        page=found,
        rows=[_row(row, here, locale) for row in found.rows],
        areas=here.codes.choices("AREA", locale),
        type_choices=here.codes.choices("TYPE", locale),
        may_write=actor.role in WRITING_ROLES,
        next_values=_next(asked, found),
    )


def _next(asked: SearchIn, found: Page) -> dict[str, str] | None:
    if found.next_at is None:
        return None
    values = {"q": asked.q, "area": asked.area, "type": asked.type}
    return {name: value for name, value in values.items() if value} | {
        "before": found.next_at.isoformat(),
        "before_id": str(found.next_id),
    }


def _row(row: Row, here: Service, locale: str) -> dict[str, Any]:
    def called(relation: str, name: str, age: int | None, about: bool) -> str:
        word = name or here.codes.label("RELATION", relation, locale)
        return f"{word} ({years(age, about=about)})" if age is not None else word

    with speaking(locale):
        people = [called(*one) for one in row.members[:4]]
    first = row.members[0] if row.members else ("unknown", "", None, False)
    return {
        "row": row,
        "called": next((name for _, name, _, _ in row.members if name), "")
        or short_name("", here.codes.label("RELATION", first[0], locale)),
        "people": people,
        "more": max(0, len(row.members) - len(people)),
        "place": "・".join(
            word
            for word in (
                here.codes.label("AREA", row.area, locale),
                here.codes.label("DISTRICT", row.district, locale),
            )
            if word
        ),
        "types": [(verdict, here.codes.label("TYPE", code, locale)) for code, verdict in row.types[:3]],
    }


@router.get("/households/{household}")
async def show_household(
    request: Request,
    household: UUID,
    *,
    here: Here,
    actor: CurrentActor,
    received: UUID | None = None,
    side: Literal["home", "apart"] | None = None,
) -> HTMLResponse:
    """One household. ``received``: the consultation that was just saved; ``side``: of a split one, that side alone."""
    return await household_page(request, here, actor, household, received=received, side=side or "")


async def household_page(
    request: Request,
    here: Service,
    actor: Actor,
    household: UUID,
    *,
    received: UUID | None = None,
    side: str = "",
    refusal: Refused | None = None,
    sent: dict[str, Any] | None = None,
) -> HTMLResponse:
    """The page; with ``refusal`` it says what was refused, and ``sent`` still stands in its form."""
    locale = locale_of(request)
    async with here.db.transaction() as session:
        view = await read_household(session, actor, household, side=side)
        await note(session, actor, "view", [household], basis=f"side:{view.side}" if view.side else None)
        agencies = list(
            await session.scalars(
                select(KnownPost.agency).where(KnownPost.ended.is_(False)).distinct().order_by(KnownPost.agency)
            )
        )
        problems, clashed = [], []
        if isinstance(refusal, Conflict) and refusal.field == "version":
            clashed = differences(sent or {}, view, here.codes, locale)
        if refusal is not None and not clashed:
            text = gettext(refusal.text, locale).format(**refusal.params)
            problems = [{"field": refusal.field or "", "text": text}]
        receipt = _receipt(view, received, locale)
        return page(
            request,
            "household_kept.html" if view.sight in {Sight.NUMBER, Sight.RECEIPT} else "household.html",
            status=refusal.status if refusal else 200,
            errors=problems,
            clashed=clashed,
            told=gettext(_RECEIVED, locale) if receipt else None,
            receipt=receipt,
            may_write="tell" in view.deeds,
            agencies=agencies,
            key=new_key,
            sent=sent or {},
            choices={
                name: here.codes.choices(name, locale)
                for name in (
                    "PROTECTION_KIND", "LEAVE_REASON",
                    "SCREENING", "RELATION", "SEX", "WORK", "CARE", "CORESIDENT", "DWELLING", "DISTRICT",
                    "DEMENTIA_DIAGNOSIS", "DEMENTIA_LEVEL", "MARITAL", "DISABILITY", "ARREARS", "CONCERN",
                )
            }
            | {"ANSWER": [(code, gettext(text, locale)) for code, text in _ANSWERS]},
            **await guard_context(session, actor, view),
            may_consent=view.may_consent,
            consents=consents_context(
                view.consents,
                {one.row.id: short_name(one.row.name, here.codes.label("RELATION", one.row.relation, locale))
                 for one in view.members},
                await agencies_of(session, household),
                here.codes,
                locale,
            ),
            **household_context(view, here.codes, locale),
        )  # fmt: skip


def _receipt(view: HouseholdView, received: UUID | None, locale: str) -> list[dict[str, Any]]:
    """Who was told of the consultation that was just saved."""
    saved = next((one for one in view.consultations if one.id == received), None)
    if saved is None or saved.urgency is None:
        return []
    return recipients_of(saved.urgency, abuse=saved.sight_check_due is not None, locale=locale)
