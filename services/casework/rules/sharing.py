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
BY_INVITATION: Final = "invitation"
"""DISCLOSURE_WAY: an agency has accepted to take part."""
IDENTITY: Final = "identity"
"""The class of item that is always told when a household becomes visible."""

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
    ways: frozenset[str] = frozenset()
    """Ways of telling (DISCLOSURE_WAY) that it allows; empty: any."""

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
            ways=frozenset(attributes.get("ways", ())),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be told: to which agency (code, kind), in which way (DISCLOSURE_WAY), which classes of item."""

    agency: str
    kind: str
    way: str
    items: frozenset[str]
    handling: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a consent does not cover something; the higher ``near``, the less was lacking."""

    near: int
    text: str
    day: date | None = None


_NO_CONSENT: Final = Lack(0, N_("この機関を共有先にふくむ同意がありません。"))


UNDECIDED: Final = frozenset({"not_contacted", "considering"})
"""States of a consent (CONSENT_STATE) by which nobody has said yes or no yet: a later record of the person counts."""


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """A consent as casework knows it: whom, what and what for it covers, and until when it stands."""

    allows: bool
    recipients: frozenset[str]
    ways: frozenset[str] = frozenset()
    """Ways of telling that its purposes let one use (CONSENT_PURPOSE)."""
    items: frozenset[str] = frozenset()
    withdrawn: bool = False
    ends_on: date | None = None
    confirm_by: date | None = None
    """An oral consent holds until this day, unless it is confirmed."""

    def stands(self, on: date) -> bool:
        """Whether it is a yes on that day: neither taken back nor over nor left unconfirmed."""
        return (
            self.allows
            and not self.withdrawn
            and not self._past(self.ends_on, on)
            and not self._past(self.confirm_by, on)
        )

    def covers(self, wanted: Wanted, on: date) -> bool:
        """Whether it lets this agency know these classes of item in this way, on that day."""
        return self.refuses(wanted, on) is None

    def refuses(self, wanted: Wanted, on: date) -> Lack | None:
        """The first thing that it lacks, with how near it came; None when it covers what is wanted."""
        tests = (
            (self.allows and bool({wanted.agency, wanted.kind} & self.recipients), _NO_CONSENT),
            (not self.withdrawn, Lack(1, N_("この機関への同意は、取り下げられています。"))),
            (
                not self._past(self.ends_on, on),
                Lack(2, N_("同意の期間が {day} に終わっています。"), self.ends_on),
            ),
            (
                not self._past(self.confirm_by, on),
                Lack(2, N_("口頭の同意が {day} までに確かめられていません。確かめると使えます。"), self.confirm_by),
            ),
            (wanted.way in self.ways, Lack(3, N_("同意の目的に、この共有がふくまれていません。"))),
            (
                bool(wanted.items) and wanted.items <= self.items,
                Lack(4, N_("同意にふくまれない項目があります。項目を減らすか、同意を取り直してください。")),
            ),
        )
        return next((lack for holds, lack in tests if not holds), None)

    @staticmethod
    def _past(last: date | None, on: date) -> bool:
        return last is not None and on > last


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


def refuse_basis(basis: Basis | None, wanted: Wanted, on: date, consents: Sequence[ConsentFacts]) -> Refused | None:
    """Why this ground can't carry what is wanted on that day, as a sentence beside ``basis``; None when it can.

    Words or a reason that it needs besides are asked for by :func:`demand_basis`.
    """
    if basis is None:
        return Refused(N_("根拠を選んでください。根拠のない共有はできません。"), field="basis")
    begun, over = on >= basis.valid_from, basis.valid_until is not None and on > basis.valid_until
    tests = (
        (begun, N_("この根拠は {day} から使えます。"), basis.valid_from),
        (not over, N_("この根拠が使えたのは {day} までです。"), basis.valid_until),
        (not basis.ways or wanted.way in basis.ways, N_("この根拠で伝えられるのは、その会議のなかだけです。"), None),
        (
            not basis.handling or wanted.handling in basis.handling,
            N_("この根拠は、この機関には使えません。支援会議か本人の同意によってください。"),
            None,
        ),
    )
    for holds, text, day in tests:
        if not holds:
            return _off(text, day)
    return _lacks_consent(wanted, on, consents) if basis.needs == "consent" else None


def _lacks_consent(wanted: Wanted, on: date, consents: Sequence[ConsentFacts]) -> Refused | None:
    lacks = [consent.refuses(wanted, on) for consent in consents]
    if None in lacks:
        return None
    nearest = max(filter(None, lacks), key=lambda lack: lack.near, default=_NO_CONSENT)
    return _off(nearest.text, nearest.day)


def _off(text: str, day: date | None) -> Refused:
    params = {} if day is None else {"day": day.isoformat()}
    return Refused(text, field="basis", **params)


def demand_basis(
    basis: Basis | None,
    wanted: Wanted,
    on: date,
    consents: Sequence[ConsentFacts],
    *,
    reason: str | None = None,
    note: str = "",
) -> None:
    """Refuse to tell anything without a ground in law that holds that day for this agency. No basis, no sharing."""
    if (refused := refuse_basis(basis, wanted, on, consents)) is not None:
        raise refused
    if not wanted.items:
        raise Refused(N_("伝える項目を選んでください。"), field="items")
    needs = basis.needs if basis is not None else ""
    if needs == "reason" and not reason:
        raise Refused(N_("同意のないまま支援会議で共有する理由を選んでください。"), field="reason")
    if needs == "note" and not note.strip():
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
