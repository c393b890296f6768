"""Asking an agency in (つなぎ) and its answer. Every request has a ground in law; referred is not received. Pure.

asked ──► accepted ──► acting ──► left
  │ ▲        └─────────────────────►┘
  │ └─ discuss (wants to talk it over; the inviter stays responsible)
  └──► returned (差戻し, with a reason)        asked/discuss ──► withdrawn (case closed, consent gone)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from shared.calendar import add_working_days
from shared.errors import Conflict, Forbidden, Refused
from shared.i18n import N_

ANSWER_DAYS = 3
"""Working days an agency has to answer (domain paper 6.4)."""

InvitationState = Literal["asked", "discuss", "accepted", "acting", "returned", "left", "withdrawn"]
WAITING: Final = frozenset({"asked", "discuss"})
TAKING_PART: Final = frozenset({"accepted", "acting"})
LIVE: Final = WAITING | TAKING_PART

_NEXT: Final[Mapping[str, frozenset[str]]] = {
    "asked": frozenset({"accepted", "discuss", "returned", "withdrawn"}),
    "discuss": frozenset({"accepted", "returned", "withdrawn"}),
    "accepted": frozenset({"acting", "left"}),
    "acting": frozenset({"left"}),
    "returned": frozenset(),
    "left": frozenset(),
    "withdrawn": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Basis:
    """A legal ground as the code table has it. ``needs``: consent, reason (of SHARE_REASON), note, or nothing."""

    code: str
    valid_from: date
    valid_until: date | None = None
    needs: str = ""
    handling: frozenset[str] = frozenset()
    """How an agency must handle personal data (internal, entrusted, private, public); empty: any."""

    @classmethod
    def read(cls, code: str, attributes: Mapping[str, Any]) -> Basis:
        """From the attributes of a row of the list BASIS."""
        until = attributes.get("until")
        return cls(
            code=code,
            valid_from=date.fromisoformat(attributes.get("from", "1900-01-01")),
            valid_until=date.fromisoformat(until) if until else None,
            needs=attributes.get("needs", ""),
            handling=frozenset(attributes.get("handling", ())),
        )


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """A consent as casework knows it: whom it covers, and whether it stands."""

    allows: bool
    recipients: frozenset[str]
    withdrawn: bool = False
    ends_on: date | None = None

    def covers(self, agency: str, kind: str, on: date) -> bool:
        """Whether it lets this agency know, on that day. Recipients are agency codes or kinds."""
        stands = self.allows and not self.withdrawn and (self.ends_on is None or self.ends_on >= on)
        return stands and bool({agency, kind} & self.recipients)


@dataclass(frozen=True, slots=True)
class SharingFacts:
    """What stands between a household and new sharing."""

    protected: bool
    parked: bool = False
    """An event about the household could not be applied: it counts as protected until it is."""
    intake_silent: bool = False
    """intake has not been heard for so long that a protection or a withdrawal may be on its way."""


def demand_safe(facts: SharingFacts) -> None:
    """Refuse *new* sharing while it is not known to be safe; what was shared before stays."""
    if facts.protected:
        raise Refused(
            N_("保護されている人がいる世帯です。新しい共有は止まっています。許された担当に相談してください。")
        )
    if facts.parked:
        raise Refused(
            N_("この世帯の知らせに、まだ取り込めていないものがあります。取り込めるまで新しい共有はできません。")
        )
    if facts.intake_silent:
        raise Refused(
            N_("相談受付からの知らせがとどいていません。保護や同意の撤回を見のがさないよう、新しい共有を止めています。")
        )


def demand_basis(
    basis: Basis | None,
    *,
    agency: str,
    kind: str,
    handling: str,
    on: date,
    reason: str | None,
    note: str,
    consents: Sequence[ConsentFacts],
) -> None:
    """Refuse a request without a ground in law that holds today for this agency. No basis, no sharing."""
    if basis is None:
        raise Refused(N_("根拠を選んでください。根拠のない共有はできません。"), field="basis")
    if on < basis.valid_from or (basis.valid_until is not None and on > basis.valid_until):
        raise Refused(N_("この根拠は、きょうは使えません(施行日・終わりの日の外です)。"), field="basis")
    if basis.handling and handling not in basis.handling:
        raise Refused(N_("この根拠は、この機関には使えません。支援会議か本人の同意によってください。"), field="basis")
    if basis.needs == "consent" and not any(c.covers(agency, kind, on) for c in consents):
        raise Refused(N_("この機関を共有先にふくむ同意がありません。"), field="basis")
    if basis.needs == "reason" and not reason:
        raise Refused(N_("同意のないまま支援会議で共有する理由を選んでください。"), field="reason")
    if basis.needs == "note" and not note.strip():
        raise Refused(N_("そう判断した理由を書いてください。"), field="note")


def demand_question(question: str) -> None:
    """An agency is asked something definite, not「よろしく」."""
    if not question.strip():
        raise Refused(N_("頼みたいこと・聞きたいことを書いてください。"), field="question")


def demand_not_asked(live_agencies: frozenset[str], agency: str) -> None:
    """An agency is asked once at a time."""
    if agency in live_agencies:
        raise Conflict(N_("この機関には、もう声をかけています。"))


def answer_due(asked_on: date) -> date:
    """The day by which the agency answers."""
    return add_working_days(asked_on, ANSWER_DAYS)


def step(state: str, to: InvitationState) -> InvitationState:
    """Move an invitation; Conflict when somebody was quicker."""
    if to not in _NEXT[state]:
        raise Conflict(N_("この依頼は、もう返事がすんでいるか、終わっています。画面を開き直してください。"))
    return to


def answer(state: str, to: str, *, own_agency: bool, reason: str | None, text: str) -> InvitationState:
    """The agency's answer. A return needs a reason; to talk it over needs words."""
    if not own_agency:
        raise Forbidden(N_("返事ができるのは、頼まれた機関の人だけです。"))
    if to not in {"accepted", "discuss", "returned"}:
        raise Refused(N_("受理・相談したい・差戻しから選んでください。"), field="answer")
    if to == "returned" and not reason:
        raise Refused(N_("差し戻す理由を選んでください。"), field="reason")
    if to == "discuss" and not text.strip():
        raise Refused(N_("何を相談したいか書いてください。"), field="text")
    return step(state, to)  # type: ignore[arg-type]


def leave(state: str, *, reason: str | None) -> InvitationState:
    """An agency ends its part, saying why."""
    if not reason:
        raise Refused(N_("役割を終える理由を選んでください。"), field="reason")
    return step(state, "left")


def sees_household(state: str) -> bool:
    """Whether an invited agency may know which household it is: after acceptance, until it leaves."""
    return state in TAKING_PART
