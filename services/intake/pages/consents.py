"""Pages of consent: the form, one consent with what can be done with it, the paper to sign, the texts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import select
from starlette.responses import HTMLResponse, Response

from services.intake.actions.consents import confirm_consent, record_consent, withdraw_consent
from services.intake.forms import new_key, problem_of
from services.intake.pages.consent_words import consent_words, paper_words
from services.intake.pages.forming import Action, Form
from services.intake.pages.showing import household_context
from services.intake.queries.access import NOT_YOUR_DEED, NOT_YOURS
from services.intake.queries.consents import (
    Agencies,
    agencies_of,
    consent_rules,
    newest_text,
    read_consent,
    texts_in_force,
)
from services.intake.queries.household import read_household
from services.intake.requests.consents import ConfirmIn, ConsentIn, WithdrawIn
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Refused
from shared.i18n import N_, gettext, locale_of
from shared.identity import Actor, CurrentActor, KnownPost
from shared.service import Here, Service
from shared.web import page

if TYPE_CHECKING:
    from services.intake.tables import Consent

router = APIRouter(prefix="/households/{household}/consents", include_in_schema=False)

_LISTS = (
    "CONSENT_STATE", "CONSENT_PURPOSE", "CONSENT_ITEM", "CONSENT_METHOD", "CONSENT_SPEAKER", "CHANNEL",
    "REPRESENTATIVE_RELATION", "REPRESENTATIVE_GROUND", "AGENCY_KIND",
)  # fmt: skip
_DONE = {
    "recorded": N_("同意を記録しました。"),
    "confirmed": N_("署名を受け取ったと記録しました。期限で効力がなくなることは、もうありません。"),
    "withdrawn": N_("取りやめを記録しました。この同意での共有は、いま止まりました。"),
}
_REPEATED = (
    "purposes", "recipients", "items", "limits", "representative_name", "representative_relation",
    "representative_ground",
)  # fmt: skip
"""What a renewed consent takes over from the one before."""

Variant = Literal["plain", "ja", "en"]


@router.get("/new")
async def new_consent(
    request: Request,
    household: UUID,
    *,
    here: Here,
    actor: CurrentActor,
    member: UUID | None = None,
    replaces: UUID | None = None,
) -> HTMLResponse:
    """The form; with ``replaces`` filled in as the earlier consent says."""
    sent: dict[str, Any] = {"member": str(member)} if member else {}
    if replaces is not None:
        async with here.db.read() as session:
            before = (await read_consent(session, actor, household, replaces)).consent
        sent = {name: getattr(before, name) for name in _REPEATED}
        sent |= {"member": str(before.member_id), "state": "signed"}
        if before.withdrawn_at is None:
            sent["replaces"] = str(before.id)
    return await _form(request, here, actor, household, sent)


@router.post("")
async def record(household: UUID, form: Form) -> Response:
    """Record what a member said."""

    async def again(refusal: Refused, fields: dict[str, Any]) -> Response:
        return await _form(form.request, form.here, form.actor, household, fields, refusal=refusal)

    return await form.send(
        ConsentIn, record_consent, household, again=again, ids=_ids, to=partial(_link, done="recorded")
    )


@router.get("/{consent}")
async def show_consent(
    request: Request,
    household: UUID,
    consent: UUID,
    *,
    here: Here,
    actor: CurrentActor,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """One consent: what it says, who knows what by it, and what can be done with it."""
    return await _one(request, here, actor, household, consent, done=done)


class _ConsentForm:
    """A form on the page of one consent."""

    def __init__(self, household: UUID, form: Form) -> None:
        self._household, self._form = household, form

    async def do(self, model: type[BaseModel], action: Action, consent: UUID, *, done: str) -> Response:
        """Do it, and show the consent as it is then."""
        form = self._form

        async def again(refusal: Refused, fields: dict[str, Any]) -> Response:
            ids = (self._household, consent)
            return await _one(form.request, form.here, form.actor, *ids, sent=fields, refusal=refusal)

        to = partial(_link, done=done)
        return await form.send(model, action, consent, again=again, ids=_ids, to=to)


ConsentForm = Annotated[_ConsentForm, Depends()]


@router.post("/{consent}/confirm")
async def confirm(consent: UUID, form: ConsentForm) -> Response:
    """A signature comes to what was said orally."""
    return await form.do(ConfirmIn, confirm_consent, consent, done="confirmed")


@router.post("/{consent}/withdraw")
async def withdraw(consent: UUID, form: ConsentForm) -> Response:
    """Somebody takes it back: sharing stops now."""
    return await form.do(WithdrawIn, withdraw_consent, consent, done="withdrawn")


def _ids(consent: Consent) -> dict[str, UUID]:
    return {"household": consent.household_id, "consent": consent.id}


def _link(ids: Mapping[str, Any], *, done: str) -> str:
    return f"/intake/households/{ids['household']}/consents/{ids['consent']}?done={done}"


@router.get("/{consent}/paper")
async def show_paper(
    request: Request, household: UUID, consent: UUID, *, here: Here, actor: CurrentActor, wording: Variant = "plain"
) -> HTMLResponse:
    """One sheet of A4 to explain, to sign and to take home; it is noted as a print."""
    async with here.db.transaction() as session:
        view = await read_consent(session, actor, household, consent)
        text = view.text or await newest_text(session, clock.today())
        await note(session, actor, "print", [household], basis="consent")
        return page(
            request,
            "consent_paper.html",
            view=view,
            consent=view.consent,
            shown=text,
            variant=wording,
            paper=paper_words(view, text.wording[wording], here.codes, wording),
        )


async def _form(
    request: Request,
    here: Service,
    actor: Actor,
    household: UUID,
    sent: dict[str, Any],
    *,
    refusal: Refused | None = None,
) -> HTMLResponse:
    locale, today = locale_of(request), clock.today()
    async with here.db.transaction() as session:
        view = await read_household(session, actor, household)
        if not view.may_consent:
            raise Forbidden(NOT_YOURS if view.home.protected else NOT_YOUR_DEED["consent"])
        await note(session, actor, "view", [household])
        agencies = await agencies_of(session, household)
        rules = await consent_rules(session, today)
        texts = await texts_in_force(session, today)
        colleagues = list(
            await session.scalars(
                select(KnownPost.post).where(KnownPost.agency == actor.agency, KnownPost.ended.is_(False))
            )
        )
        return page(
            request,
            "consent_new.html",
            status=refusal.status if refusal else 200,
            errors=[problem_of(refusal, locale)] if refusal else [],
            sent={"ends_on": (today + rules.usual).isoformat(), "explained_on": today.isoformat()} | sent,
            key=new_key(),
            agencies=agencies,
            rules=rules,
            texts=[(one.version, one.version) for one in texts],
            colleagues=sorted(post for post in colleagues if post != actor.post),
            **_choices(here, locale, agencies),
            **household_context(view, here.codes, locale),
        )


async def _one(
    request: Request,
    here: Service,
    actor: Actor,
    household: UUID,
    consent: UUID,
    *,
    sent: dict[str, Any] | None = None,
    refusal: Refused | None = None,
    done: str = "",
) -> HTMLResponse:
    locale = locale_of(request)
    async with here.db.transaction() as session:
        view = await read_consent(session, actor, household, consent)
        home = await read_household(session, actor, household)
        await note(session, actor, "view", [household])
        texts = await texts_in_force(session, clock.today())
        context = household_context(home, here.codes, locale)
        return page(
            request,
            "consent.html",
            status=refusal.status if refusal else 200,
            errors=[problem_of(refusal, locale)] if refusal else [],
            told=gettext(_DONE[done], locale) if done in _DONE else None,
            sent=sent or {},
            key=new_key,
            one=view,
            consent=view.consent,
            words=consent_words(view, here.codes, locale),
            person=next((one for one in context["people"] if one["row"].id == view.consent.member_id), None),
            may_write=home.may_consent,
            texts=[(one.version, one.version) for one in texts],
            today=clock.today(),
            **_choices(here, locale, view.agencies),
            **context,
        )


def _choices(here: Service, locale: str, agencies: Agencies) -> dict[str, Any]:
    """The lists of the forms; of the kinds those that the ward has agencies of."""
    kinds = set(agencies.kinds.values())
    choices = {name: here.codes.choices(name, locale) for name in _LISTS}
    choices["AGENCY_KIND"] = [(code, text) for code, text in choices["AGENCY_KIND"] if code in kinds]
    choices["CONSENT_STATE"] = [(code, text) for code, text in choices["CONSENT_STATE"] if code != "withdrawn"]
    methods = here.codes["CONSENT_METHOD"]
    choices["SIGNING"] = [
        (code, text) for code, text in choices["CONSENT_METHOD"] if methods[code].attributes.get("state") == "signed"
    ]
    return {"choices": choices}
