"""Consent (同意, 個人情報保護法69条2項1号): of one person, for a purpose, to named recipients, of named items.

An oral consent holds for 14 days unless it is confirmed. Withdrawal stops sharing from that moment; what was shared
before stays in the log. No consent is needed to open a case: the 支援会議 (社会福祉法106条の6) is another ground.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from shared.errors import Conflict, Refused
from shared.i18n import N_

CONFIRM_WITHIN = timedelta(days=14)


class ConsentState(StrEnum):
    """CONSENT_STATE: what the person has said so far."""

    SIGNED = "signed"
    ORAL = "oral"
    NOT_CONTACTED = "not_contacted"
    CONSIDERING = "considering"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CANNOT_JUDGE = "cannot_judge"


_S = ConsentState
_ASKED = frozenset({_S.SIGNED, _S.ORAL, _S.CONSIDERING, _S.REFUSED, _S.CANNOT_JUDGE})
_GIVEN = frozenset({_S.SIGNED, _S.ORAL})

NEXT: dict[ConsentState | None, frozenset[ConsentState]] = {
    None: _ASKED | {_S.NOT_CONTACTED},
    _S.NOT_CONTACTED: _ASKED | {_S.NOT_CONTACTED},
    _S.CONSIDERING: _ASKED,
    _S.CANNOT_JUDGE: _ASKED,
    _S.REFUSED: _ASKED,
    _S.ORAL: frozenset({_S.SIGNED, _S.ORAL, _S.WITHDRAWN}),
    _S.SIGNED: frozenset({_S.SIGNED, _S.WITHDRAWN}),
    _S.WITHDRAWN: _ASKED - {_S.CANNOT_JUDGE},
}
"""Which state may follow which; ``None`` is "nothing recorded yet"."""


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """One consent as the rules see it. Empty ``recipients``: nobody; empty ``items``: no class of item."""

    state: str
    recorded_on: date
    purpose: str = ""
    recipients: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class ConsentStep:
    """What may be recorded: the state, and for an oral consent the last day to confirm it."""

    state: ConsentState
    confirm_by: date | None


def allows(state: str) -> bool:
    """Whether the person has said yes (and not taken it back)."""
    return state in _GIVEN


def confirm_by(state: str, on: date) -> date | None:
    """The last day to confirm an oral consent that was given on ``on``; None for the other states."""
    return on + CONFIRM_WITHIN if state == _S.ORAL else None


def next_consent(
    before: str | None, state: str, on: date, *, purpose: str = "", recipients: Collection[str] = ()
) -> ConsentStep:
    """Whether ``state`` may follow ``before`` (same person and purpose).

    Raises Refused for an unknown state, a yes without purpose or recipients, and what no longer makes sense; Conflict
    when it was withdrawn already.
    """
    if state not in set(ConsentState):
        raise Refused(N_("同意の状態を一覧から選んでください。"), field="state")
    wanted = ConsentState(state)
    if wanted in _GIVEN and not purpose:
        raise Refused(N_("何のための同意かを選んでください。"), field="purpose")
    if wanted in _GIVEN and not recipients:
        raise Refused(N_("だれに伝えてよいかを選んでください。"), field="recipients")
    earlier = None if before is None else ConsentState(before)
    if wanted not in NEXT[earlier]:
        _refuse(earlier, wanted)
    return ConsentStep(wanted, confirm_by(wanted, on))


def _refuse(earlier: ConsentState | None, wanted: ConsentState) -> None:
    if wanted is _S.WITHDRAWN and earlier is _S.WITHDRAWN:
        raise Conflict(N_("この同意はすでに撤回されています。"), field="state")
    if wanted is _S.WITHDRAWN:
        raise Refused(N_("同意がないので、撤回できません。"), field="state")
    if earlier in _GIVEN:
        raise Refused(N_("同意があります。やめるときは「撤回」を記録してください。"), field="state")
    raise Refused(N_("説明したあとで「未接触」には戻せません。"), field="state")


def may_share(consent: ConsentFacts, *, recipient: str, purpose: str, items: Collection[str], on: date) -> bool:
    """Whether this consent covers telling ``recipient`` these classes of item for this purpose on ``on``."""
    if not allows(consent.state) or on < consent.recorded_on or purpose != consent.purpose:
        return False
    limit = confirm_by(consent.state, consent.recorded_on)
    if limit is not None and on > limit:
        return False
    if consent.ends_on is not None and on > consent.ends_on:
        return False
    return recipient in consent.recipients and consent.items.issuperset(items)
