"""What becomes of a consultation (スクリーニング): the five results of the official form and what each of them needs.

A consultation is open until somebody screens it. It may be screened again: the later result counts, the earlier stays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from services.intake.rules.consent import allows
from services.intake.rules.rulebook import RuleBook
from shared.errors import Refused
from shared.i18n import N_

PLAN = "plan"


class ScreeningState(StrEnum):
    """Where a consultation stands: not screened, ended, handed on to another scheme, in continued support."""

    OPEN = "open"
    ENDED = "ended"
    HANDED_ON = "handed_on"
    CONTINUED = "continued"


@dataclass(frozen=True, slots=True)
class ScreeningRequest:
    """What a worker decided. ``agency`` and ``reason`` as far as the result needs them."""

    result: str | None
    urgency: str
    reason: str = ""
    agency: str = ""
    abuse_suspected: bool = False
    """The 48-hour clock runs and nobody has seen the person yet."""
    consents: Collection[str] = ()
    """The CONSENT_STATE of each member that has one."""


@dataclass(frozen=True, slots=True)
class Screened:
    """The decision: the state it leads to and whether a case is opened."""

    state: ScreeningState
    opens_case: bool


def screening_state(result: str | None, book: RuleBook) -> ScreeningState:
    """The state that a result of SCREENING stands for; no result is open."""
    if result is None:
        return ScreeningState.OPEN
    meaning = book.screening.get(result, {})
    if meaning.get("ends"):
        return ScreeningState.ENDED
    return ScreeningState.CONTINUED if meaning.get("opens_case") else ScreeningState.HANDED_ON


def screening_needs(request: ScreeningRequest, book: RuleBook) -> tuple[tuple[str, str], ...]:
    """What is still missing or stands against it, as ``(field, sentence)``; empty: it may be saved."""
    if request.urgency not in book.first_contact_days:
        return (("urgency", N_("緊急度を A から D の中から選んでください。")),)
    if request.result is None:
        return ()
    meaning = book.screening.get(request.result)
    if meaning is None:
        return (("result", N_("スクリーニングの結果を一覧から選んでください。")),)
    missing = []
    if meaning.get("needs") == "reason" and not request.reason.strip():
        missing.append(("reason", N_("中断や終了の理由を書いてください。")))
    if meaning.get("needs") == "agency" and not request.agency.strip():
        missing.append(("agency", N_("つなぎ先を選んでください。")))
    if meaning.get("ends") and request.urgency == "A":
        missing.append(("result", N_("緊急度 A のままでは終了にできません。緊急度を見直すか、継続を選んでください。")))
    if meaning.get("ends") and request.abuse_suspected:
        missing.append(("result", N_("虐待の疑いがあり、まだ目で見て確かめていません。終了にできません。")))
    if request.result == PLAN and not any(allows(state) for state in request.consents):
        missing.append(("result", N_("プランには同意が要ります。同意がまだなら「同意に向け継続」を選んでください。")))
    return tuple(missing)


def screen(request: ScreeningRequest, book: RuleBook) -> Screened:
    """Decide. Raises Refused with the first of :func:`screening_needs`."""
    for field, sentence in screening_needs(request, book):
        raise Refused(sentence, field=field)
    state = screening_state(request.result, book)
    return Screened(state, opens_case=state is ScreeningState.CONTINUED)
