"""The page of a new consultation: written while the telephone is at the ear, looked at by the rules as it is typed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.intake.actions.consultations import receive_consultation
from services.intake.checking import settle_area
from services.intake.forms import (
    BIRTH_MODES,
    Problem,
    birth_mode,
    new_key,
    problem_of,
    read_fields,
    understand,
    understand_what_can_be,
)
from services.intake.preview import Preview, preview_consultation
from services.intake.queries.access import WRITING_ROLES
from services.intake.queries.known import Known, asked_home, find_known
from services.intake.queries.labels import household_names
from services.intake.reasons import Say, said_of_birth, sayer, shown
from services.intake.receipt import received_answer, recipients_of
from services.intake.requests import ConsultationIn
from services.intake.rules.reasons import Mark
from services.intake.rules.urgency import first_contact_due
from shared import clock
from shared.audit import note
from shared.errors import Conflict, Forbidden, Refused
from shared.i18n import N_, gettext, locale_of
from shared.identity import Actor, CurrentActor, KnownPost
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.rules.types import TypeResult

router = APIRouter(include_in_schema=False)

_WORTH_JOINING = 40
_TEXTS = (
    "household",
    "caller_name",
    "caller_phone",
    "anonymous",
    "route",
    "referrer",
    "occurred_at",
    "main_worry",
    "words",
    "address",
    "district",
    "phone",
    "more_people",
    "avoid",
    "result",
    "reason",
    "hand_to",
)
_DEFAULTS = {"channel": "phone", "caller_relation": "unknown", "dwelling": "unknown"}
_SHORT_CHANNELS = ("phone", "counter", "visit", "mail_form", "other")
_LEVELS = ("A", "B", "C", "D")
_TYPES_SHOWN = 8
_MEMBERS_AT_FIRST = 2
_BIRTH_MODES = {
    "era": N_("和暦"),
    "west": N_("西暦"),
    "age": N_("年齢"),
    "about": N_("およその年齢"),
    "unknown": N_("不明"),
}
_MORE = ("kana", "dementia_diagnosis", "marital", "withdrawn_months", "phone", "consent", "talks_outside_family")


@router.get("/consultations/new")
async def show_new(request: Request, here: Here, actor: CurrentActor, household: UUID | None = None) -> HTMLResponse:
    """The empty form; with ``household`` for one that is known already."""
    if actor.role not in WRITING_ROLES:
        raise Forbidden(N_("この職では相談を登録できません。"))
    fields: dict[str, Any] = {"household": str(household) if household else ""}
    return await _form(request, here, actor, fields)


@router.post("/consultations")
async def save(request: Request, here: Here, actor: CurrentActor) -> Response:
    """Save, and lead to the household; what is wrong stands beside its field, and nothing typed is lost."""
    fields = await read_fields(request)
    locale = locale_of(request)
    body, problems = understand(fields, ConsultationIn, here.codes, locale)
    if body is None:
        return await _form(request, here, actor, fields, problems)
    settled = settle_area(body, here.codes)

    async def work(session: AsyncSession) -> dict[str, Any]:
        return received_answer(await receive_consultation(session, actor, settled))

    try:
        done = await here.perform(
            actor,
            work,
            key=fields.get("idempotency_key"),
            what="consultation",
            body=settled.model_dump(mode="json"),
        )
    except Conflict:
        raise
    except Refused as refusal:
        if refusal.status != Refused.status:
            raise
        return await _form(request, here, actor, fields, [problem_of(refusal, locale)])
    path = f"/intake/households/{done.answer['household']}?received={done.answer['consultation']}"
    return RedirectResponse(done.link(path), status_code=303)


@router.post("/consultations/detect")
async def detect(request: Request, here: Here, actor: CurrentActor) -> HTMLResponse:
    """What the rules find in what has been typed so far, and who is known already."""
    fields = await read_fields(request)
    if "join" in fields:
        fields["household"] = fields["join"]
    refused = [one for text in fields.get("not_same", []) for one in text.split(",") if one]
    if fields.get("refuse"):
        refused.append(fields["refuse"])
    fields["not_same"] = refused
    return page(request, "detected.html", **await _found(request, here, actor, fields))


async def _form(
    request: Request,
    here: Service,
    actor: Actor,
    fields: dict[str, Any],
    problems: list[Problem] | None = None,
) -> HTMLResponse:
    locale = locale_of(request)
    context = await _found(request, here, actor, fields)
    lists = {
        "relation": here.codes.choices("RELATION", locale),
        "work": here.codes.choices("WORK", locale),
        "care": here.codes.choices("CARE", locale),
        "coresident": here.codes.choices("CORESIDENT", locale),
        "sex": here.codes.choices("SEX", locale),
        "dementia_diagnosis": here.codes.choices("DEMENTIA_DIAGNOSIS", locale),
        "marital": here.codes.choices("MARITAL", locale),
        "consent": here.codes.choices("CONSENT_STATE", locale),
        "birth_mode": [(mode, gettext(_BIRTH_MODES[mode], locale)) for mode in BIRTH_MODES],
        "answer": [
            (code, gettext(text, locale))
            for code, text in (("yes", N_("いる")), ("no", N_("いない")), ("unknown", N_("不明")))
        ],
    }
    channels = dict(here.codes.choices("CHANNEL", locale))
    shown_channels = [code for code in channels if code in {*_SHORT_CHANNELS, context["f"]["channel"]}]
    return page(
        request,
        "consultation_new.html",
        status=422 if problems else 200,
        **context,
        key=fields.get("idempotency_key") or new_key(),
        now=clock.now(),
        lists=lists,
        errors=problems or [],
        channels=[(code, channels[code]) for code in shown_channels],
        caller_relations=here.codes.choices("CALLER_RELATION", locale),
        routes=here.codes.choices("ROUTE", locale),
        referrers=here.codes.choices("REFERRER", locale),
        worries=here.codes.choices("WORRY", locale),
        districts=_districts(here, actor, locale),
        dwellings=here.codes.choices("DWELLING", locale),
        safety_flags=here.codes.choices("SAFETY_FLAG", locale),
    )


def _districts(here: Service, actor: Actor, locale: str) -> list[tuple[str, str]]:
    """Districts as 「中央・桜台」, those of the actor's own areas first."""
    entries = [entry for entry in here.codes["DISTRICT"].values() if entry.active]
    entries.sort(key=lambda entry: entry.attributes.get("area") not in actor.areas)
    return [
        (entry.code, f"{here.codes.label('AREA', entry.attributes.get('area'), locale)}・{entry.label(locale)}")
        for entry in entries
    ]


async def _found(request: Request, here: Service, actor: Actor, fields: dict[str, Any]) -> dict[str, Any]:
    """What the form and its fragments show of the findings."""
    locale = locale_of(request)
    body = settle_area(understand_what_can_be(fields, ConsultationIn), here.codes)
    async with here.db.transaction() as session:
        preview = await preview_consultation(session, actor, body)
        known: list[Known] = []
        if body.household is None:
            refused = set(body.not_same)
            known = [one for one in await find_known(session, asked_home(body), actor) if one.household not in refused]
        names = await household_names(session, actor, [body.household] if body.household else [])
        agencies = sorted(await session.scalars(select(KnownPost.agency).where(KnownPost.ended.is_(False)).distinct()))
        await note(session, actor, "match", [one.household for one in known] or [None])
    f = _filled(fields, body, preview, locale)
    return {
        "f": f,
        "results": here.codes.choices("SCREENING", locale),
        "preview": _shown(preview, here, locale, f["urgency"], agencies),
        "known": [_candidate(one, here, locale) for one in known],
        "joined_to": names.get(body.household, "") if body.household else "",
    }


def _filled(fields: dict[str, Any], body: ConsultationIn, preview: Preview, locale: str) -> dict[str, Any]:
    """The form's own values, as typed; the proposed urgency stands chosen until somebody chooses another."""
    f: dict[str, Any] = {name: fields.get(name, "") for name in _TEXTS}
    f |= {name: fields.get(name) or default for name, default in _DEFAULTS.items()}
    for name in ("worries", "safety_flags", "not_same"):
        f[name] = fields.get(name, [])
    f["household"] = str(body.household or "")
    chosen = fields.get("urgency")
    untouched = chosen not in _LEVELS or chosen == fields.get("urgency_proposed")
    f["urgency"] = preview.proposal.level if untouched else chosen
    rows = fields.get("members") or [{"relation": "self"} for _ in range(1)] + [{}] * (_MEMBERS_AT_FIRST - 1)
    f["members"] = [_member(row, n, preview, locale) for n, row in enumerate(rows)]
    return f


def _member(row: dict[str, Any], n: int, preview: Preview, locale: str) -> dict[str, Any]:
    filled = dict(row)
    if "birth_mode" not in filled:
        filled["birth_mode"], filled["birth"] = birth_mode(filled["birth"]) if filled.get("birth") else ("era", "")
    filled["more"] = any(filled.get(name) not in {None, "", "unknown"} for name in _MORE)
    refusal = preview.births.get(n)
    if refusal is not None:
        filled["known"] = gettext(refusal.text, locale).format(**refusal.params)
    else:
        filled["known"] = said_of_birth(preview.members[n], locale) if n < len(preview.members) else ""
    return filled


def _shown(preview: Preview, here: Service, locale: str, urgency: str, agencies: list[str]) -> dict[str, Any]:
    codes, proposal = here.codes, preview.proposal
    say = sayer(preview.people, codes, locale)
    found = [result for verdict in ("match", "possible") for result in preview.results if result.verdict == verdict]
    found = found[:_TYPES_SHOWN] + [result for result in preview.results if _looked_at(result)][:1]
    return {
        "level": proposal.level,
        "why": [say(reason) for reason in proposal.reasons[:3]],
        "words": [
            {"around": found.around, "label": codes.label("URGENT_WORD", found.word.code, locale)}
            for found in preview.words
        ],
        "sight_due": proposal.sight_check_due,
        "sight_share": _share(proposal.sight_check_due, 48),
        "contact_due": first_contact_due(urgency, clock.now(), preview.book),
        "contact_share": 1.0,
        "types": [
            {
                "verdict": result.verdict,
                "name": codes.label("TYPE", result.code, locale),
                "reasons": [
                    shown(reason, say)
                    for reason in result.reasons
                    if result.verdict != "no" or reason.mark is Mark.AGAINST
                ],
            }
            for result in found
        ],
        "version": found[0].version.partition("/")[2] if found else "",
        "told": recipients_of(urgency, abuse=proposal.sight_check_due is not None, locale=locale),
        "agencies": agencies,
    }


def _looked_at(result: TypeResult) -> bool:
    """A type that does not apply although something pointed there: worth saying that it was looked at."""
    marks = {reason.mark for reason in result.reasons}
    vague = any(reason.code == "nothing_points_there" for reason in result.reasons)
    return result.verdict == "no" and not vague and {Mark.FOR, Mark.AGAINST} <= marks


def _share(due: datetime | None, hours: float) -> float:
    if due is None:
        return 0.0
    return max(0.0, min(1.0, (due - clock.now()).total_seconds() / (hours * 3600)))


def _candidate(one: Known, here: Service, locale: str) -> dict[str, Any]:
    say: Say = sayer({member: (name, "unknown") for member, name in one.names.items()}, here.codes, locale)
    return {
        "id": str(one.household),
        "score": one.score,
        "called": one.called,
        "number": one.number,
        "reasons": [shown(reason, say) for reason in one.reasons],
        "note": gettext(N_("{month} に相談を受付"), locale).format(month=f"{one.last_heard_at:%Y-%m}"),
    }
