"""保存期間: the disposal list, what is held, the certificates, the periods; and one household's own page of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.intake.actions.retention import (
    MOST_AT_ONCE,
    OBSTACLES,
    ask_for_erasure,
    erase_listed,
    lift_hold,
    refuse_erasure,
    set_hold,
)
from services.intake.forms import new_key, problem_of, understand
from services.intake.queries.access import AREA_ROLES, NOT_HERE
from services.intake.queries.retention import (
    MAY_DECIDE,
    MAY_READ_CERTIFICATES,
    count_due,
    find_open,
    holds_of,
    judge_households,
    list_certificates,
    list_due,
    list_held,
    listed_of,
    read_certificate,
)
from services.intake.requests.retention import ErasedIn, ErasureAnswerIn, ErasureIn, HoldIn, LiftIn
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Missing, Refused
from shared.i18n import N_, gettext, locale_of
from shared.identity import Actor, CurrentActor
from shared.periods import LIST as KEPT
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.rules.retention import Judgement
    from services.intake.tables.retention import Disposal
    from shared.service import Done

router = APIRouter(prefix="/disposals", include_in_schema=False)
of_household = APIRouter(prefix="/households/{household}/retention", include_in_schema=False)

M = TypeVar("M", bound=BaseModel)

_FIELDS = 400
_NOT_YOURS = N_("この一覧を見られるのは管理職だけです。")
_TABS = (
    ("list", "", N_("消去の一覧"), MAY_DECIDE),
    ("held", "/held", N_("停止中"), MAY_DECIDE),
    ("certificates", "/certificates", N_("消去ずみと証明書"), MAY_READ_CERTIFICATES),
    ("periods", "/periods", N_("保存期間の表"), frozenset[str]()),
)
_DONE = {
    "erased": N_("消去しました。ほかのサービスの確認がそろうと、証明書が完成します。"),
    "refused": N_("請求を断ったことを記録しました。"),
    "held": N_("消去を停止しました。"),
    "lifted": N_("停止を解除しました。"),
    "asked": N_("消去の請求を受け付けました。別の管理職が決めます。"),
}


@router.get("")
async def show_list(request: Request, here: Here, actor: CurrentActor) -> Response:
    """What has become due or was asked for; numbers and kinds alone, no names. An auditor sees the certificates."""
    if actor.role in MAY_READ_CERTIFICATES - MAY_DECIDE:
        return RedirectResponse("/intake/disposals/certificates", status_code=303)
    return await _list(request, here, actor)


@router.post("/review")
async def review(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What was ticked, once more, with what can't be taken back said in words."""
    _demand(actor)
    fields = await _read(request)
    body, problems = understand(fields, ErasedIn, here.codes, locale_of(request))
    async with here.db.read() as session:
        lines = [line for line in await list_due(session, actor) if body and line.id in body.chosen]
    if body is None or not lines:
        sentence = gettext(N_("消去するものを選んでください。"), locale_of(request))
        return await _list(request, here, actor, problems or [{"field": "chosen", "text": sentence}], 422)
    return await _review(request, here, lines)


@router.post("/erase")
async def erase(request: Request, here: Here, actor: CurrentActor) -> Response:
    """Erase what was approved."""
    _demand(actor)
    fields = await _read(request)
    body, problems = understand(fields, ErasedIn, here.codes, locale_of(request))
    if body is None:
        return await _list(request, here, actor, problems, 422)

    async def work(session: AsyncSession) -> dict[str, Any]:
        lines = await erase_listed(session, actor, body.chosen, body.document)
        return {"disposals": [str(line.id) for line in lines]}

    try:
        done = await _once(request, here, actor, work, (fields, body))
    except Missing:
        raise
    except Refused as refused:
        told = [problem_of(refused, locale_of(request))]
        if refused.field == "document":
            async with here.db.read() as session:
                lines = [line for line in await list_due(session, actor) if line.id in body.chosen]
            return await _review(request, here, lines, told, refused.status)
        return await _list(request, here, actor, told, refused.status)
    return RedirectResponse(done.link("/intake/disposals/certificates?done=erased"), status_code=303)


@router.post("/{disposal}/refuse")
async def refuse(disposal: UUID, request: Request, here: Here, actor: CurrentActor) -> Response:
    """Say no to a request."""
    _demand(actor)
    fields = await _read(request)
    body, problems = understand(fields, ErasureAnswerIn, here.codes, locale_of(request), answer="ERASURE_ANSWER")
    if body is None:
        return await _list(request, here, actor, problems, 422)

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"disposal": str((await refuse_erasure(session, actor, disposal, body)).id)}

    try:
        await _once(request, here, actor, work, (fields, body))
    except Refused as refused:
        return await _list(request, here, actor, [problem_of(refused, locale_of(request))], refused.status)
    return RedirectResponse("/intake/disposals?done=refused", status_code=303)


@router.get("/held")
async def show_held(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What a manager has stopped, since when and why."""
    _demand(actor)
    async with here.db.transaction() as session:
        rows = await list_held(session, actor)
        await note(session, actor, "list", basis="retention")
    return page(request, "disposals_held.html", rows=rows, codes=here.codes, **_frame(request, actor, "held"))


@router.get("/certificates")
async def show_certificates(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What was erased and who has confirmed it."""
    _demand(actor, MAY_READ_CERTIFICATES)
    async with here.db.read() as session:
        rows = await list_certificates(session)
    return page(request, "disposals_erased.html", rows=rows, codes=here.codes, **_frame(request, actor, "certificates"))


@router.get("/certificates/{disposal}")
async def show_certificate(disposal: UUID, request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """消去証明, to be printed: without anybody's name but the post that approved it."""
    _demand(actor, MAY_READ_CERTIFICATES)
    async with here.db.read() as session:
        found = await read_certificate(session, disposal)
    return page(request, "certificate.html", one=found, now=clock.now(), codes=here.codes, nav_here="disposals")


@router.get("/periods")
async def show_periods(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """How long what is kept, and on what ground: anybody may ask."""
    return page(
        request,
        "disposal_periods.html",
        records=[entry for entry in here.codes["RETENTION"].values() if entry.active],
        others=[entry for entry in here.codes[KEPT].values() if entry.active],
        **_frame(request, actor, "periods"),
    )


@of_household.get("")
async def show_one(request: Request, household: UUID, here: Here, actor: CurrentActor) -> HTMLResponse:
    """How long this record is kept and why; where it is stopped and where erasure is asked for."""
    return await _one(request, here, actor, household)


@of_household.post("/holds")
async def stop(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Stop the erasure."""

    async def act(session: AsyncSession, body: HoldIn) -> UUID:
        return (await set_hold(session, actor, household, body)).id

    return await _change(request, here, actor, household, model=HoldIn, act=act, done="held", ground="HOLD_GROUND")


@of_household.post("/holds/{hold_id}/lift")
async def lift(request: Request, household: UUID, hold_id: UUID, here: Here, actor: CurrentActor) -> Response:
    """Let the periods count again."""

    async def act(session: AsyncSession, body: LiftIn) -> UUID:
        return (await lift_hold(session, actor, household, hold_id, body.reason)).id

    return await _change(request, here, actor, household, model=LiftIn, act=act, done="lifted")


@of_household.post("/request")
async def ask(request: Request, household: UUID, here: Here, actor: CurrentActor) -> Response:
    """Write down that somebody asks for erasure."""

    async def act(session: AsyncSession, body: ErasureIn) -> UUID:
        return (await ask_for_erasure(session, actor, household, body)).id

    return await _change(
        request, here, actor, household, model=ErasureIn, act=act, done="asked", ground="ERASURE_GROUND"
    )


async def _change(
    request: Request,
    here: Service,
    actor: Actor,
    household: UUID,
    *,
    model: type[M],
    act: Callable[[AsyncSession, M], Awaitable[UUID]],
    done: str,
    **lists: str,
) -> Response:
    """Read the form, do it once, and go back to the household's page of retention; or show there what was refused."""
    fields = await _read(request)
    body, problems = understand(fields, model, here.codes, locale_of(request), **lists)
    status = 422
    if body is not None:

        async def work(session: AsyncSession) -> dict[str, Any]:
            return {"id": str(await act(session, body))}

        try:
            await _once(request, here, actor, work, (fields, body))
        except Missing:
            raise
        except Refused as refused:
            problems, status = [problem_of(refused, locale_of(request))], refused.status
        else:
            return RedirectResponse(f"/intake/households/{household}/retention?done={done}", status_code=303)
    return await _one(request, here, actor, household, fields=fields, problems=problems, status=status)


async def _once(
    request: Request,
    here: Service,
    actor: Actor,
    work: Callable[[AsyncSession], Awaitable[dict[str, Any]]],
    sent: tuple[dict[str, Any], BaseModel],
) -> Done:
    fields, body = sent
    said = body.model_dump(mode="json")
    return await here.perform(actor, work, key=fields.get("idempotency_key"), what=request.url.path, body=said)


async def _list(
    request: Request,
    here: Service,
    actor: Actor,
    problems: list[dict[str, str]] | None = None,
    status: int = 200,
) -> HTMLResponse:
    _demand(actor)
    async with here.db.transaction() as session:
        lines, total = await list_due(session, actor), await count_due(session, actor)
        judged = await judge_households(session, [line.household for line in lines])
        await note(session, actor, "list", basis="retention")
    locale = locale_of(request)
    return page(
        request,
        "disposals.html",
        status=status,
        rows=[(line, _sentences(judged[line.household], line.number, locale)) for line in lines],
        total=total,
        most=MOST_AT_ONCE,
        answers=here.codes.choices("ERASURE_ANSWER", locale),
        errors=problems or [],
        key=new_key,
        codes=here.codes,
        person=actor.person,
        **_frame(request, actor, "list"),
    )


async def _review(
    request: Request,
    here: Service,
    lines: list[Disposal],
    problems: list[dict[str, str]] | None = None,
    status: int = 200,
) -> HTMLResponse:
    return page(
        request,
        "disposals_review.html",
        status=status,
        lines=lines,
        errors=problems or [],
        key=new_key(),
        codes=here.codes,
        nav_here="disposals",
    )


async def _one(
    request: Request,
    here: Service,
    actor: Actor,
    household: UUID,
    *,
    fields: dict[str, Any] | None = None,
    problems: list[dict[str, str]] | None = None,
    status: int = 200,
) -> HTMLResponse:
    if actor.role not in AREA_ROLES:
        raise Missing(NOT_HERE)
    async with here.db.transaction() as session:
        home = await find_open(session, actor, household)
        judgement = (await judge_households(session, [household]))[household]
        holds, line = await holds_of(session, household), await listed_of(session, household)
        await note(session, actor, "view", [household], basis="retention")
    locale = locale_of(request)
    return page(
        request,
        "household_retention.html",
        status=status,
        home=home,
        judgement=judgement,
        due=judgement.is_due(clock.today()),
        obstacles=_sentences(judgement, home.number, locale),
        holds=holds,
        line=line,
        decides=actor.role in MAY_DECIDE,
        grounds={name: here.codes.choices(name, locale) for name in ("HOLD_GROUND", "ERASURE_GROUND")},
        sent=fields or {},
        errors=problems or [],
        key=new_key,
        codes=here.codes,
        told=_told(request),
    )


def _sentences(judgement: Judgement, number: str, locale: str) -> list[str]:
    return [gettext(OBSTACLES[one], locale).format(number=number) for one in judgement.obstacles]


def _frame(request: Request, actor: Actor, current: str) -> dict[str, Any]:
    """The tabs of the lists that the actor may open."""
    locale = locale_of(request)
    tabs = [
        {"href": f"/intake/disposals{path}", "text": gettext(text, locale), "current": key == current}
        for key, path, text, roles in _TABS
        if actor.role in roles or not roles
    ]
    return {"tabs_of_lists": tabs, "told": _told(request), "nav_here": "disposals"}


def _told(request: Request) -> str | None:
    text = _DONE.get(request.query_params.get("done", ""))
    return gettext(text, locale_of(request)) if text else None


def _demand(actor: Actor, roles: frozenset[str] = MAY_DECIDE) -> None:
    if actor.role not in roles:
        raise Forbidden(_NOT_YOURS)


async def _read(request: Request) -> dict[str, Any]:
    """The fields of a form, and every ticked line."""
    async with request.form(max_fields=_FIELDS, max_files=0) as form:
        fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
        fields["chosen"] = [value for value in form.getlist("chosen") if isinstance(value, str)]
    return fields
