"""The JSON API of consent: recorded, confirmed, taken back; its receipt (ISO/IEC TS 27560)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.intake.actions.consents import confirm_consent, record_consent, withdraw_consent
from services.intake.answers import Change
from services.intake.api.changing import Sent
from services.intake.checking import refuse_unknown_codes
from services.intake.consent_receipt import ConsentReceipt, receipt_of
from services.intake.queries.consents import household_of_consent, read_consent
from services.intake.requests.consents import ConfirmIn, ConsentIn, WithdrawIn
from shared.audit import note
from shared.i18n import locale_of
from shared.identity import CurrentActor
from shared.service import Here

router = APIRouter(tags=["intake"])


@router.post("/api/households/{household}/consents", status_code=201)
async def post_consent(household: UUID, body: ConsentIn, here: Here, sent: Sent) -> Change:
    """Record what a member allows."""
    refuse_unknown_codes(body, here.codes)
    return await sent.do("consent of", record_consent, household, body)


@router.post("/api/consents/{consent}/confirmation")
async def post_confirmation(consent: UUID, body: ConfirmIn, here: Here, sent: Sent) -> Change:
    """A signature comes to a consent that was given orally, or left open."""
    refuse_unknown_codes(body, here.codes)
    return await sent.do("confirmation", confirm_consent, consent, body)


@router.post("/api/consents/{consent}/withdrawal")
async def post_withdrawal(consent: UUID, body: WithdrawIn, here: Here, sent: Sent) -> Change:
    """A member takes a consent back: sharing stops now."""
    refuse_unknown_codes(body, here.codes)
    return await sent.do("withdrawal", withdraw_consent, consent, body)


@router.get("/api/consents/{consent}/receipt")
async def get_receipt(
    consent: UUID, request: Request, response: Response, here: Here, actor: CurrentActor
) -> ConsentReceipt:
    """A copy of the record for the person to keep; it is noted as an export."""
    locale = locale_of(request)
    async with here.db.transaction() as session:
        household = await household_of_consent(session, consent)
        view = await read_consent(session, actor, household, consent)
        await note(session, actor, "export", [household], basis="consent_receipt")
        receipt = receipt_of(view, here.codes, locale)
    response.headers["content-disposition"] = f'attachment; filename="consent-{consent}.json"'
    return receipt
