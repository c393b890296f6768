"""The JSON API of consent: recorded, confirmed, taken back; its receipt (ISO/IEC TS 27560)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.intake.actions.consents import confirm_consent, record_consent, withdraw_consent
from services.intake.answers import Change
from services.intake.checking import refuse_unknown_codes
from services.intake.consent_receipt import ConsentReceipt, receipt_of
from services.intake.queries.consents import household_of_consent, read_consent
from services.intake.requests.consents import ConfirmIn, ConsentIn, WithdrawIn
from shared.audit import note
from shared.i18n import locale_of
from shared.identity import CurrentActor
from shared.service import Here, IdempotencyKeyHeader

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.tables import Consent
    from shared.service import Done

router = APIRouter(tags=["intake"])


@router.post("/api/households/{household}/consents", status_code=201)
async def post_consent(
    household: UUID, body: ConsentIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """Record what a member allows."""
    refuse_unknown_codes(body, here.codes)

    async def work(session: AsyncSession) -> dict[str, Any]:
        return _answer(await record_consent(session, actor, household, body))

    return _change(await here.perform(actor, work, key=key, what=f"consent of/{household}", body=_sent(body)))


@router.post("/api/consents/{consent}/confirmation")
async def post_confirmation(
    consent: UUID, body: ConfirmIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """A signature comes to a consent that was given orally, or left open."""
    refuse_unknown_codes(body, here.codes)

    async def work(session: AsyncSession) -> dict[str, Any]:
        return _answer(await confirm_consent(session, actor, consent, body))

    return _change(await here.perform(actor, work, key=key, what=f"confirmation/{consent}", body=_sent(body)))


@router.post("/api/consents/{consent}/withdrawal")
async def post_withdrawal(
    consent: UUID, body: WithdrawIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Change:
    """A member takes a consent back: sharing stops now."""
    refuse_unknown_codes(body, here.codes)

    async def work(session: AsyncSession) -> dict[str, Any]:
        return _answer(await withdraw_consent(session, actor, consent, body))

    return _change(await here.perform(actor, work, key=key, what=f"withdrawal/{consent}", body=_sent(body)))


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


def _answer(consent: Consent) -> dict[str, Any]:
    return {"id": str(consent.id)}


def _sent(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(mode="json")


def _change(done: Done) -> Change:
    return Change(id=done.uuid("id"), position=done.position, repeated=done.repeated)
