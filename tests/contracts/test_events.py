import importlib
import json
import types
import typing
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from services import events_doc
from shared.events import EVENTS, SERVICES, Envelope, parse
from shared.events.readers import READERS, sources_of
from tests.contracts.conftest import Compare
from tests.contracts.samples import sample_of

SAMPLES = Path(__file__).parent / "samples"

CODES_AND_NUMBERS = {
    "number": "case number or household number: names nobody",
    "area": "圏域",
    "district": "地区",
    "reason": "a code list: CONSENT_END, LEAVE_REASON, RETURN_REASON, DECLINE_REASON, CLOSE_REASON …",
    "channel": "CHANNEL",
    "route": "ROUTE",
    "referrer": "REFERRER",
    "worries": "WORRY",
    "main_worry": "WORRY",
    "safety_flags": "SAFETY_FLAG",
    "agency": "agency code",
    "agencies": "agency codes",
    "agency_kind": "AGENCY_KIND",
    "recipients": "agency codes",
    "result": "SCREENING or VISIT_RESULT",
    "code": "TYPE",
    "rule_version": "version of a rule",
    "tags": "TYPE_TAG",
    "state": "CONSENT_STATE",
    "purpose": "CONSENT_PURPOSE or VISIT_PURPOSE",
    "purposes": "CONSENT_PURPOSE",
    "method": "CONSENT_METHOD",
    "reminder": "CONSENT_REMINDER",
    "items": "CONSENT_ITEM",
    "kind": "PROTECTION_KIND, MEETING_KIND, CLOCK_KIND, NOTIFICATION_KIND",
    "role": "role of a post",
    "areas": "圏域",
    "basis": "BASIS",
    "classes": "RECORD_CLASS",
    "outcome": "TASK_OUTCOME",
    "skills": "SKILL",
    "slots": "VISIT_SLOT",
    "team": "agency code of an outreach team",
    "step": "LADDER",
    "audit_hash": "SHA-256 of the last row of an audit chain",
}
"""Every text field that events may have, with the list its codes come from. A new one is looked at by a person."""


def harmless(annotation: object) -> bool:
    """Whether a type can't hold anybody's name, address or words."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal or annotation in {UUID, date, datetime, int, bool, types.NoneType, Ellipsis}:
        return True
    return origin in {types.UnionType, typing.Union, tuple} and all(harmless(part) for part in inner)


def is_text(annotation: object) -> bool:
    inner = typing.get_args(annotation)
    return annotation is str or any(is_text(part) for part in inner)


@pytest.mark.parametrize("name", EVENTS)
def test_no_field_can_hold_personal_data(name: str) -> None:
    for field, info in EVENTS[name].model_fields.items():
        if is_text(info.annotation):
            assert field in CODES_AND_NUMBERS, f"{name}.{field} is text: is it surely a code?"
        else:
            assert harmless(info.annotation), f"{name}.{field}"


@pytest.mark.parametrize("name", EVENTS)
def test_a_contract_stays_as_it_was_promised(name: str, compare_with_snapshot: Compare) -> None:
    contract = EVENTS[name]
    promise = {
        "type": name,
        "version": contract.version,
        "never_waits": contract.never_waits,
        "data": contract.model_json_schema(mode="serialization"),
    }
    compare_with_snapshot(f"events/{name}.v{contract.version}.json", promise)


@pytest.mark.parametrize("name", EVENTS)
def test_every_version_has_a_stored_sample(name: str, compare_with_snapshot: Compare) -> None:
    contract = EVENTS[name]
    if not (SAMPLES / f"{name}.v{contract.version}.json").exists():
        compare_with_snapshot(f"samples/{name}.v{contract.version}.json", sample_of(contract).to_cloudevent())


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_a_stored_sample_is_read_for_ever(file: Path) -> None:
    stored = json.loads(file.read_text(encoding="utf-8"))
    envelope = Envelope.from_cloudevent(stored)
    event = parse(envelope)
    assert event is not None
    told = event.model_dump(mode="json")
    assert {name: told.get(name) for name in stored["data"]} == stored["data"] or envelope.version < event.version
    assert envelope.to_cloudevent() == stored
    assert event.subjects == envelope.subjects


def test_no_contract_has_gone() -> None:
    stored = {file.stem.rsplit(".v", 1)[0] for file in SAMPLES.glob("*.json")}
    assert stored == set(EVENTS)


@pytest.mark.parametrize("reader", SERVICES)
def test_a_service_may_read_exactly_what_it_listens_to(reader: str) -> None:
    subscriptions = importlib.import_module(f"services.{reader}.handlers").subscriptions
    allowed = {fact for facts in sources_of(reader).values() for fact in facts}
    heard = set(subscriptions.handlers)
    assert heard - allowed == set(), "no feed credential opens these"
    assert allowed - heard == set(), "the credential opens more than the service needs"


def test_nobody_reads_a_fact_that_is_not_stated() -> None:
    for producer, readers in READERS.items():
        for facts in readers.values():
            assert {fact for fact in facts if fact not in EVENTS or not fact.startswith(f"{producer}.")} == set()


def test_the_page_of_events_is_current() -> None:
    assert events_doc.PAGE.read_text(encoding="utf-8") == events_doc.render()
