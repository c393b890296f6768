"""What a request may say, checked against the ward's code lists before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from shared.errors import Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.requests import ConsultationIn, HouseholdChange
    from shared.codes import Codes

_LISTS = {
    "area": "AREA",
    "district": "DISTRICT",
    "dwelling": "DWELLING",
    "channel": "CHANNEL",
    "route": "ROUTE",
    "referrer": "REFERRER",
    "caller_relation": "CALLER_RELATION",
    "worries": "WORRY",
    "main_worry": "WORRY",
    "safety_flags": "SAFETY_FLAG",
    "result": "SCREENING",
    "concerns": "CONCERN",
    "told_arrears": "ARREARS",
    "relation": "RELATION",
    "sex": "SEX",
    "coresident": "CORESIDENT",
    "work": "WORK",
    "care": "CARE",
    "dementia_diagnosis": "DEMENTIA_DIAGNOSIS",
    "dementia_level": "DEMENTIA_LEVEL",
    "disability": "DISABILITY",
    "marital": "MARITAL",
    "consent": "CONSENT_STATE",
    "state": "CONSENT_STATE",
    "purposes": "CONSENT_PURPOSE",
    "method": "CONSENT_METHOD",
    "representative_relation": "REPRESENTATIVE_RELATION",
    "representative_ground": "REPRESENTATIVE_GROUND",
    "said_by": "CONSENT_SPEAKER",
    "items": "CONSENT_ITEM",
    "type": "TYPE",
}
"""Which list a field's codes come from."""

R = TypeVar("R", "ConsultationIn", "HouseholdChange")


def refuse_unknown_codes(request: BaseModel, codes: Codes, **lists: str) -> None:
    """Raise Refused naming the first field with a code that can't be chosen. ``lists``: fields of this request."""
    for refusal in wrong_codes(request, codes, **lists):
        raise refusal


def wrong_codes(request: BaseModel, codes: Codes, prefix: str = "", **lists: str) -> Iterator[Refused]:
    """A refusal for each field whose code is in no list, or no longer offered."""
    for name, value in request:
        if isinstance(value, list) and value and isinstance(value[0], BaseModel):
            for n, one in enumerate(value):
                yield from wrong_codes(one, codes, f"{prefix}{name}.{n}.")
            continue
        chosen = lists.get(name) or _LISTS.get(name)
        if chosen is None or value is None:
            continue
        for code in value if isinstance(value, list) else [value]:
            if not codes.is_choice(chosen, code):
                yield Refused(N_("選べない値です。"), prefix + name)
                break


def settle_area(request: R, codes: Codes) -> R:
    """A district says which area it lies in."""
    if request.district is None or request.area is not None:
        return request
    return request.model_copy(update={"area": codes["DISTRICT"][request.district].attributes.get("area")})
