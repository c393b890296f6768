"""The receipt of a consent in the terms of ISO/IEC TS 27560:2023, as JSON.

The standard names the fields and leaves their encoding open; what it does not name begins with ``x_``
(``docs/consent-receipt.md``, ADR 0043). The person stands in it by their id alone, as the standard recommends.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic import BaseModel

from services.intake.rules.consent import ConsentEnd, allows
from services.intake.rules.wording import without_readings
from shared import clock

if TYPE_CHECKING:
    from services.intake.queries.consents import ConsentView
    from shared.codes import Codes

SCHEMA: Final = "urn:kasane:consent-record:1"
_CONTROLLER, _PERSON, _REPRESENTATIVE = "controller", "pii_principal", "representative"
_STATES = {
    ConsentEnd.TAKEN_BACK: "withdrawn",
    ConsentEnd.NOT_CONFIRMED: "expired",
    ConsentEnd.PERIOD_OVER: "expired",
    ConsentEnd.REPLACED: "superseded",
}


class Notice(BaseModel):
    """``privacy_notice``: the very version that was shown; absent fields where none was."""

    x_version: str | None
    x_valid_from: date | None
    x_title: str | None


class PiiInformation(BaseModel):
    """A class of item."""

    pii_type: str
    pii_attribute_id: str
    pii_optional: bool = True
    sensitive_pii_category: bool
    """要配慮個人情報 (個人情報保護法2条3項)."""


class Retention(BaseModel):
    """``retention_period`` in words; the law leaves it to the ward."""

    x_rule: str


class Purpose(BaseModel):
    """One purpose, with all that is told for it."""

    purpose: str
    purpose_type: str
    lawful_basis: str
    pii_information: list[PiiInformation]
    pii_controllers: list[str]
    collection_method: str
    processing_method: str
    storage_locations: list[str]
    retention_period: Retention
    recipient_third_parties: list[str]
    withdrawal_method: str
    jurisdiction: str


class PiiProcessing(BaseModel):
    """What is agreed to."""

    privacy_notice: Notice
    language: str
    purposes: list[Purpose]
    x_limits: str
    """The limits in the person's words."""


class Party(BaseModel):
    """Somebody who has a part: the ward, the recipients, whoever stands in."""

    party_id: str
    party_name: str
    party_role: str
    party_type: str
    party_contact: str | None = None
    x_relation: str | None = None
    x_ground: str | None = None


class Event(BaseModel):
    """What happened to the consent, in its order."""

    event_time: datetime
    event_type: str
    """``explicit``: spoken or signed; ``x_by_itself``: a day has passed."""
    event_state: str
    entity_id: str
    """Whose act it was: a ``party_id``, or the post that wrote it down."""
    validity_duration: str | None = None
    """ISO 8601 interval end: until when it holds from then on."""
    x_method: str | None = None
    x_recorded_by: UUID | None = None


class ConsentRecord(BaseModel):
    """The record that the receipt is of."""

    schema_version: str
    record_id: UUID
    pii_principal_id: UUID
    pii_processing: PiiProcessing
    parties: list[Party]
    events: list[Event]


class ReceiptMetadata(BaseModel):
    """What makes it a receipt."""

    receipt_id: str
    schema_version: str
    x_issued_at: datetime


class ConsentReceipt(BaseModel):
    """A copy of the record as it stands, for the person to keep."""

    receipt_metadata: ReceiptMetadata
    consent_record: ConsentRecord


def receipt_of(view: ConsentView, codes: Codes, locale: str) -> ConsentReceipt:
    """The receipt of a consent as it is now, its words in one language."""
    consent, now = view.consent, clock.now()
    return ConsentReceipt(
        receipt_metadata=ReceiptMetadata(
            receipt_id=f"{consent.id}@{now:%Y%m%dT%H%M%SZ}", schema_version=SCHEMA, x_issued_at=now
        ),
        consent_record=ConsentRecord(
            schema_version=SCHEMA,
            record_id=consent.id,
            pii_principal_id=consent.member_id,
            pii_processing=PiiProcessing(
                privacy_notice=_notice(view, locale),
                language=locale,
                purposes=[_purpose(view, code, codes, locale) for code in consent.purposes],
                x_limits=consent.limits,
            ),
            parties=_parties(view, codes, locale),
            events=_events(view),
        ),
    )


def _notice(view: ConsentView, locale: str) -> Notice:
    text = view.text
    if text is None:
        return Notice(x_version=None, x_valid_from=None, x_title=None)
    return Notice(
        x_version=text.version, x_valid_from=text.valid_from, x_title=without_readings(text.wording[locale]["title"])
    )


def _purpose(view: ConsentView, code: str, codes: Codes, locale: str) -> Purpose:
    items = codes["CONSENT_ITEM"]
    return Purpose(
        purpose=codes.label("CONSENT_PURPOSE", code, locale),
        purpose_type=code,
        lawful_basis="consent (個人情報の保護に関する法律69条2項1号)",
        pii_information=[
            PiiInformation(
                pii_type=codes.label("CONSENT_ITEM", item, locale),
                pii_attribute_id=item,
                sensitive_pii_category=item in items and bool(items[item].attributes.get("sensitive")),
            )
            for item in view.consent.items
        ],
        pii_controllers=[_CONTROLLER],
        collection_method=codes.label("CONSENT_METHOD", view.consent.method, locale),
        processing_method="disclosure",
        storage_locations=[codes.label("CONSENT_PAPER", "storage", locale)],
        retention_period=Retention(x_rule=codes.label("CONSENT_PAPER", "retention", locale)),
        recipient_third_parties=list(view.consent.recipients),
        withdrawal_method=codes.label("CONSENT_PAPER", "contact", locale),
        jurisdiction="JP",
    )


def _parties(view: ConsentView, codes: Codes, locale: str) -> list[Party]:
    consent = view.consent
    found = [
        Party(
            party_id=_CONTROLLER,
            party_name=codes.label("CONSENT_PAPER", "controller", locale),
            party_role="pii_controller",
            party_type="public_authority",
            party_contact=codes.label("CONSENT_PAPER", "contact", locale),
        )
    ]
    for recipient in consent.recipients:
        kind = view.agencies.kinds.get(recipient, recipient)
        name = codes.label("AGENCY_KIND", kind, locale)
        found.append(
            Party(party_id=recipient, party_name=name, party_role="recipient_third_party", party_type=f"x_{kind}")
        )
    if consent.representative_name:
        found.append(
            Party(
                party_id=_REPRESENTATIVE,
                party_name=consent.representative_name,
                party_role="x_representative",
                party_type="natural_person",
                x_relation=codes.label("REPRESENTATIVE_RELATION", consent.representative_relation, locale),
                x_ground=codes.label("REPRESENTATIVE_GROUND", consent.representative_ground, locale),
            )
        )
    return found


def _events(view: ConsentView) -> list[Event]:
    consent = view.consent
    speaker = _REPRESENTATIVE if consent.representative_name else _PERSON
    first = consent.said_first or consent.state
    later = consent.confirmed_at is not None
    found = [
        Event(
            event_time=consent.recorded_at,
            event_type="explicit",
            event_state="given" if allows(first) else f"x_{first}",
            entity_id=speaker,
            validity_duration=None if later else _until(consent.confirm_by, consent.ends_on),
            x_method=first if later else consent.method,
            x_recorded_by=consent.recorded_by,
        )
    ]
    if consent.confirmed_at is not None:
        found.append(
            Event(
                event_time=consent.confirmed_at,
                event_type="explicit",
                event_state="x_confirmed",
                entity_id=speaker,
                validity_duration=_until(None, consent.ends_on),
                x_method=consent.method,
                x_recorded_by=consent.confirmed_by,
            )
        )
    if consent.withdrawn_at is not None:
        by_itself = consent.withdrawn_by is None
        found.append(
            Event(
                event_time=consent.withdrawn_at,
                event_type="x_by_itself" if by_itself else "explicit",
                event_state=_STATES[ConsentEnd(consent.end_reason or ConsentEnd.TAKEN_BACK)],
                entity_id=_CONTROLLER
                if by_itself
                else _REPRESENTATIVE
                if consent.end_said_by == "representative"
                else _PERSON,
                x_method=consent.end_channel,
                x_recorded_by=consent.withdrawn_by,
            )
        )
    return found


def _until(*days: date | None) -> str | None:
    known = [day for day in days if day is not None]
    return f"../{min(known).isoformat()}" if known else None
