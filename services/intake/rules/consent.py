"""Consent (同意, 個人情報保護法69条2項1号): of one person, for purposes, to named recipients, of named items.

    considering ──► oral ──► signed           a yes is recorded, an oral one confirmed by a signature on the same record
         │            │  │        │
         ▼            ▼  └────────┴──► withdrawn    taken back, never confirmed, run out, or replaced by a newer one
      refused …    (14 days)

An oral consent holds for as long as the ward's rules say (14 days) unless it is confirmed. Whatever ends a consent
stops sharing from that moment; what was shared before stays in the log. No consent is needed to open a case: the
支援会議 (社会福祉法106条の6) is another ground.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from shared.errors import Conflict, Refused
from shared.i18n import N_


class ConsentState(StrEnum):
    """CONSENT_STATE: what the person has said so far."""

    SIGNED = "signed"
    ORAL = "oral"
    NOT_CONTACTED = "not_contacted"
    CONSIDERING = "considering"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CANNOT_JUDGE = "cannot_judge"


class ConsentEnd(StrEnum):
    """CONSENT_END: why a consent no longer stands."""

    TAKEN_BACK = "taken_back"
    NOT_CONFIRMED = "not_confirmed"
    PERIOD_OVER = "period_over"
    REPLACED = "replaced"


_S = ConsentState
_ASKED = frozenset({_S.SIGNED, _S.ORAL, _S.CONSIDERING, _S.REFUSED, _S.CANNOT_JUDGE})
_GIVEN = frozenset({_S.SIGNED, _S.ORAL})

NEXT: Final[Mapping[ConsentState | None, frozenset[ConsentState]]] = {
    None: _ASKED | {_S.NOT_CONTACTED},
    _S.NOT_CONTACTED: _ASKED | {_S.NOT_CONTACTED},
    _S.CONSIDERING: _ASKED,
    _S.CANNOT_JUDGE: _ASKED,
    _S.REFUSED: _ASKED,
    _S.ORAL: frozenset({_S.SIGNED, _S.ORAL, _S.WITHDRAWN}),
    _S.SIGNED: frozenset({_S.SIGNED, _S.ORAL, _S.WITHDRAWN}),
    _S.WITHDRAWN: _ASKED,
}
"""Which state may follow which; ``None`` is "nothing recorded yet". A further yes stands beside the one before."""


@dataclass(frozen=True, slots=True)
class ConsentRules:
    """What the ward may change (the list CONSENT_RULE). Days are calendar days, ages display years."""

    confirm_within: timedelta = timedelta(days=14)
    """How long an oral consent holds unconfirmed."""
    usual: timedelta = timedelta(days=365)
    """The period that the form proposes."""
    alone_from: int = 18
    """From this age a person decides without anybody else's word (民法4条)."""
    represented_below: int = 15
    """Below this age somebody must stand in; in between, either that or a word that the person understood."""

    @classmethod
    def from_lists(cls, entries: Iterable[Mapping[str, Any]], on: date) -> Self:
        """The set that holds on ``on``, out of the attributes of CONSENT_RULE; what it leaves out is as above."""
        dated = [one for one in entries if date.fromisoformat(one.get("valid_from", "1900-01-01")) <= on]
        newest: Mapping[str, Any] = max(dated, key=lambda one: one.get("valid_from", ""), default={})
        usual = cls()
        return cls(
            confirm_within=timedelta(days=newest.get("confirm_within_days", usual.confirm_within.days)),
            usual=timedelta(days=newest.get("usual_days", usual.usual.days)),
            alone_from=newest.get("alone_from", usual.alone_from),
            represented_below=newest.get("represented_below", usual.represented_below),
        )


@dataclass(frozen=True, slots=True)
class Reminder:
    """One entry of CONSENT_REMINDER: so many days after an oral yes, or before a consent runs out."""

    code: str
    days_after_oral: int | None = None
    days_before_end: int | None = None


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """One consent as the rules see it. Empty ``recipients``: nobody; empty ``items``: no class of item."""

    state: str
    recorded_on: date
    purposes: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    """Codes of agencies, or of kinds of agency."""
    items: frozenset[str] = frozenset()
    limits: str = ""
    confirm_by: date | None = None
    ends_on: date | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ConsentStep:
    """What may be recorded: the state, and for an oral consent the last day to confirm it."""

    state: ConsentState
    confirm_by: date | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides whether somebody must stand in for the person.

    ``ages``: the youngest and the oldest that the person may be. ``could_not_judge``: the last that was recorded.
    ``understood``: whoever explained it says that the person understood and decided. ``represented``: somebody stands
    in, and on which ground.
    """

    ages: tuple[int, int]
    could_not_judge: bool = False
    understood: bool = False
    represented: bool = False


def allows(state: str) -> bool:
    """Whether the person has said yes (and not taken it back)."""
    return state in _GIVEN


def confirm_by(state: str, on: date, rules: ConsentRules = ConsentRules()) -> date | None:
    """The last day to confirm an oral consent that was given on ``on``; None for the other states."""
    return on + rules.confirm_within if state == _S.ORAL else None


def next_consent(
    before: str | None,
    state: str,
    on: date,
    *,
    purposes: Collection[str] = (),
    recipients: Collection[str] = (),
    rules: ConsentRules = ConsentRules(),
) -> ConsentStep:
    """Whether ``state`` may follow ``before`` (same person and purposes).

    Raises Refused for an unknown state, a yes without purpose or recipients, and what no longer makes sense; Conflict
    when it was withdrawn already.
    """
    if state not in set(ConsentState):
        raise Refused(N_("同意の状態を一覧から選んでください。"), field="state")
    wanted = ConsentState(state)
    if wanted in _GIVEN:
        demand_scope(purposes, recipients)
    earlier = None if before is None else ConsentState(before)
    if wanted not in NEXT[earlier]:
        _refuse(earlier, wanted)
    return ConsentStep(wanted, confirm_by(wanted, on, rules))


def demand_scope(purposes: Collection[str], recipients: Collection[str]) -> None:
    """Refuse a yes to nothing, or to nobody."""
    if not purposes:
        raise Refused(N_("何のための同意かを選んでください。"), field="purposes")
    if not recipients:
        raise Refused(N_("だれに伝えてよいかを選んでください。"), field="recipients")


def _refuse(earlier: ConsentState | None, wanted: ConsentState) -> None:
    if wanted is _S.WITHDRAWN and earlier is _S.WITHDRAWN:
        raise Conflict(N_("この同意はすでに撤回されています。"), field="state")
    if wanted is _S.WITHDRAWN:
        raise Refused(N_("同意がないので、撤回できません。"), field="state")
    if earlier in _GIVEN:
        raise Refused(N_("同意があります。やめるときは「撤回」を記録してください。"), field="state")
    raise Refused(N_("説明したあとで「未接触」には戻せません。"), field="state")


def demand_days(*, explained_on: date, ends_on: date | None, today: date) -> None:
    """Refuse an explanation in the future and a period that is over before it began."""
    if explained_on > today:
        raise Refused(N_("説明した日が、これからの日になっています。"), field="explained_on")
    if ends_on is not None and ends_on < today:
        raise Refused(N_("「いつまで」が、過ぎた日になっています。"), field="ends_on")


def demand_somebody(asked: Asked, rules: ConsentRules) -> None:
    """Refuse a yes of somebody who can't give it alone, unless somebody stands in for them.

    Below ``represented_below`` a parent or guardian speaks; up to ``alone_from``, and where the person was said not to
    be able to judge, whoever explained it may say instead that the person understood: a young carer, or a child who
    flees a parent, has a voice of their own. An age that is not known asks for nothing.
    """
    _, oldest = asked.ages
    if asked.represented:
        return
    if oldest < rules.represented_below:
        raise Refused(
            N_(
                "{age}歳になっていない人の同意には、親権者や後見人が要ります。いないときは支援会議で話し合ってください。"
            ),
            field="representative_name",
            age=rules.represented_below,
        )
    if asked.understood:
        return
    if asked.could_not_judge:
        raise Refused(
            N_("判断がむずかしいと記録された人です。代理の人を書くか、本人が分かって決めたことを確かめてください。"),
            field="representative_name",
        )
    if oldest < rules.alone_from:
        raise Refused(
            N_("{age}歳になっていない人です。代理の人を書くか、本人が分かって決めたことを確かめてください。"),
            field="representative_name",
            age=rules.alone_from,
        )


def demand_whole_representative(name: str, relation: str | None, ground: str | None) -> bool:
    """Whether somebody stands in; Refused when only part of who they are is said."""
    if not (name.strip() or relation or ground):
        return False
    if not name.strip():
        raise Refused(N_("代理の人の名前を書いてください。"), field="representative_name")
    if not relation:
        raise Refused(N_("代理の人の続柄を選んでください。"), field="representative_relation")
    if not ground:
        raise Refused(N_("代理できる理由(親権・成年後見など)を選んでください。"), field="representative_ground")
    return True


def confirm(consent: ConsentFacts, on: date) -> ConsentStep:
    """A signature comes to what was said or left open: the same consent is signed from now on."""
    if consent.ended:
        raise Conflict(N_("この同意は終わっています。あらためて記録してください。"), field="state")
    if consent.state == _S.SIGNED:
        raise Conflict(N_("この同意は、もう署名されています。"), field="state")
    if consent.state not in {_S.ORAL, _S.CONSIDERING}:
        raise Refused(N_("署名を受け取れるのは、口頭の同意か、検討中のものだけです。"), field="state")
    if ends_by_itself(consent, on) is not None:
        raise Conflict(N_("期限がすぎて、効力がなくなっています。あらためて記録してください。"), field="state")
    demand_scope(consent.purposes, consent.recipients)
    return ConsentStep(_S.SIGNED, None)


def may_withdraw(consent: ConsentFacts) -> None:
    """Refuse to take back what was never given."""
    if not allows(consent.state):
        raise Refused(N_("同意がないので、撤回できません。"), field="state")


def ends_by_itself(consent: ConsentFacts, on: date) -> ConsentEnd | None:
    """Why a yes no longer holds on ``on`` although nobody took it back; None while it holds."""
    if consent.ended or not (allows(consent.state) or consent.state == _S.CONSIDERING):
        return None
    if consent.confirm_by is not None and on > consent.confirm_by:
        return ConsentEnd.NOT_CONFIRMED
    if consent.ends_on is not None and on > consent.ends_on:
        return ConsentEnd.PERIOD_OVER
    return None


def stands(consent: ConsentFacts, on: date) -> bool:
    """Whether it lets anybody know anything on ``on``."""
    given = allows(consent.state) and not consent.ended and on >= consent.recorded_on
    return given and ends_by_itself(consent, on) is None


def may_share(
    consent: ConsentFacts, *, recipient: str, kind: str = "", purpose: str, items: Collection[str], on: date
) -> bool:
    """Whether this consent covers telling ``recipient`` (of that ``kind``) these items for this purpose on ``on``."""
    named = not consent.recipients.isdisjoint({recipient, kind} - {""})
    return stands(consent, on) and named and purpose in consent.purposes and consent.items.issuperset(items)


def renews(new: ConsentFacts, old: ConsentFacts) -> bool:
    """Whether ``new`` says all that ``old`` says, limits included: then ``old`` is not needed beside it."""
    wider = (
        new.purposes.issuperset(old.purposes)
        and new.recipients.issuperset(old.recipients)
        and new.items.issuperset(old.items)
    )
    return wider and old.limits in {"", new.limits}


def stops_with(consent: ConsentFacts, others: Iterable[ConsentFacts], on: date) -> list[tuple[str, frozenset[str]]]:
    """Who learns what no more once ``consent`` ends: (recipient, items), for what nothing else of theirs covers.

    ``others``: the other consents of the same person. A recipient of whom nothing stops is not among them.
    """
    if not stands(consent, on):
        return []
    rest = list(others)

    def covered(recipient: str, items: Collection[str]) -> bool:
        return all(
            any(may_share(one, recipient=recipient, purpose=purpose, items=items, on=on) for one in rest)
            for purpose in consent.purposes
        )

    found = []
    for recipient in sorted(consent.recipients):
        gone = frozenset(item for item in consent.items if not covered(recipient, {item}))
        if gone or not covered(recipient, ()):
            found.append((recipient, gone))
    return found


def remind(
    consent: ConsentFacts, reminders: Sequence[Reminder], told: Collection[str], on: date
) -> tuple[Reminder | None, date | None, frozenset[str]]:
    """Of what somebody must be reminded on ``on``: (reminder, last day, all that are past by now).

    After days of silence only the latest is told; the earlier ones count as told.
    """
    if not stands(consent, on):
        return None, None, frozenset()
    due: list[tuple[date, Reminder, date]] = []
    for one in reminders:
        if one.days_after_oral is not None and consent.confirm_by is not None:
            due.append((consent.recorded_on + timedelta(days=one.days_after_oral), one, consent.confirm_by))
        if one.days_before_end is not None and consent.ends_on is not None:
            first = consent.ends_on - timedelta(days=one.days_before_end)
            due.append((max(first, consent.recorded_on + timedelta(days=1)), one, consent.ends_on))
    past = sorted((entry for entry in due if entry[0] <= on), key=lambda entry: (entry[0], entry[1].code))
    fresh = [entry for entry in past if entry[1].code not in told]
    if not fresh:
        return None, None, frozenset()
    return fresh[-1][1], fresh[-1][2], frozenset(entry[1].code for entry in past)
