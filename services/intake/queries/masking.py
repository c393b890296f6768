"""What is taken out of a household before somebody sees it: the places of the protected, the side kept apart.

Rows are cut loose from their session first, so that what was taken out is never written back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import make_transient

from services.intake.queries.facts import Circumstances
from services.intake.tables import TypeFinding
from shared import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from services.intake.queries.household import HouseholdView, MemberView
    from services.intake.rules.types import TypeResult
    from services.intake.tables import Apart, Consultation, Household
    from shared.identity import Actor

_PLACE: dict[str, Any] = {
    "address": "", "address_key": "", "room": "", "phone": "", "mesh": None, "area": None, "district": None,
}  # fmt: skip
_HOME = _PLACE | {"agency": "", "traits": {}, "sender": None, "sender_number": None, "registered_by": None}
_MEMBER: dict[str, Any] = {
    "name": "", "kana": "", "phone": "", "birth_said": "", "birth_earliest": None, "birth_latest": None, "traits": {},
}  # fmt: skip
_CONTACT: dict[str, Any] = {
    "caller_name": "", "caller_phone": "", "words": "", "avoid": "", "result_reason": "", "agency": "",
    "received_by": None, "handed_to": None, "screened_by": None,
}  # fmt: skip
"""The office that took a call says where somebody lives."""
_TOLD: dict[str, Any] = {"caller_name": "", "caller_phone": "", "words": "", "result_reason": ""}
_HOW_THEY_ARE: dict[str, Any] = {
    "work": "unknown", "care": "unknown", "dementia_diagnosis": "unknown",
    "dementia_level": "unknown", "disability": [], "marital": "unknown", "traits": {},
}  # fmt: skip
_CONSENT: dict[str, Any] = {"recipients": [], "limits": "", "representative_name": "", "end_words": ""}
_PROTECTION: dict[str, Any] = {"reason": "", "end_reason": ""}


def _take_out(rows: Iterable[object], values: dict[str, Any]) -> None:
    for row in rows:
        make_transient(row)
        for name, value in values.items():
            setattr(row, name, value)


def mask(view: HouseholdView, actor: Actor) -> None:
    """Take out who they are, where, and what was told; what ``actor`` wrote down themself stays theirs."""
    _take_out([view.home], _HOME)
    _take_out([one.row for one in view.members], _MEMBER)
    view.members = [replace(one, birthday=None) for one in view.members]
    _take_out([one for one in view.consultations if one.received_by != actor.post], _CONTACT)
    _take_out(view.findings, {"answer_reason": ""})
    _take_out(view.consents, _CONSENT)
    _take_out(view.protections, _PROTECTION)


def leave_the_contact(view: HouseholdView, actor: Actor) -> None:
    """Take out what was told and how the people are; what ``actor`` wrote down themself stays theirs."""
    _take_out([view.home], {"traits": {}})
    _take_out([one.row for one in view.members], _HOW_THEY_ARE)
    _take_out([one for one in view.consultations if one.received_by != actor.post], _TOLD)
    _take_out(view.findings, {"reasons": [], "questions": [], "answer_reason": ""})
    _take_out(view.protections, _PROTECTION)
    view.questions = view.warnings = ()


def leave_the_number(home: Household) -> None:
    """Nothing of a household but that it is there."""
    _take_out([home], _HOME | {"dwelling": "unknown", "incomplete": False, "registry_split": False})


def stand_on(home: Household, side: str, apart: Apart) -> None:
    """The home as one side knows it: those who stay know of no protection, those apart have a place of their own."""
    if side == "home":
        _take_out([home], {"traits": {}, "protected": False})
    else:
        own = {"address": apart.address, "room": apart.room, "phone": apart.phone}
        _take_out([home], _HOME | own)


def around_side(consultations: Sequence[Consultation], around: Circumstances) -> Circumstances:
    """What surrounds one side: what was said in its own contacts, and nothing that the others told."""
    return Circumstances(
        worries=frozenset(word for one in consultations for word in one.worries),
        safety_flags=frozenset(word for one in consultations for word in one.safety_flags),
        urgent_words=frozenset(word for one in consultations for word in one.urgent_words),
        agencies=around.agencies,
        lead_named=around.lead_named,
    )


def found_for_side(household: UUID, results: Iterable[TypeResult]) -> list[TypeFinding]:
    """The types of one side alone, found afresh: nobody's answer about the whole household stands in them."""
    found = [
        TypeFinding(
            household_id=household,
            code=one.code,
            rule_version=one.version,
            verdict=one.verdict,
            tags=sorted(one.tags),
            reasons=[reason.as_json() for reason in one.reasons],
            questions=[reason.as_json() for reason in one.questions],
            found_at=clock.now(),
            answer=None,
            answer_reason="",
        )
        for one in results
        if one.verdict != "no"
    ]
    return sorted(found, key=lambda one: (one.verdict, one.code))


def on_side(members: Iterable[MemberView]) -> set[UUID]:
    """Ids of those who are shown."""
    return {one.row.id for one in members}
