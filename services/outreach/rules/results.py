"""What a result means: counters of absence, the trust stage, the ladder after absence, the day to see them again.

Results, steps and stages are code lists (VISIT_RESULT, LADDER, TRUST); their attributes carry the meaning, so that a
ward may reword or add one. Refusal is a state with a next soft contact, never an end (domain brief 6.2, rows 3 to 7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from services.outreach.rules.visits import LATE_ENTRY
from shared.clock import TOKYO
from shared.errors import Refused
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Contact = Literal["met", "family", "signs", "none", "called_off"]

HIGHEST_TRUST = 6
SEE_AGAIN_WITHIN = timedelta(days=92)
_AHEAD = timedelta(minutes=5)
"""A tablet's clock may run ahead by this much."""


@dataclass(frozen=True, slots=True)
class Result:
    """One entry of VISIT_RESULT, with what it means."""

    code: str
    contact: Contact
    absence: bool = False
    alarm: bool = False
    reaction: bool = False
    """Somebody of the household answered in some way."""
    seen: bool = False
    """The person was seen or heard (目視)."""
    trust: int | None = None
    """The stage that it shows at least."""
    may_end: bool = False
    """After it the request may be ended with a reason instead of a next date."""
    gap_days: int = 0
    """Days to leave them in peace, unless safety asks otherwise."""

    @classmethod
    def of(cls, code: str, attributes: Mapping[str, Any]) -> Self:
        """Read the attributes of a code; what is missing means no."""
        contact = cast("Contact", attributes.get("contact", "none"))
        return cls(
            code=code,
            contact=contact,
            absence=bool(attributes.get("absence")),
            alarm=bool(attributes.get("alarm")),
            reaction=bool(attributes.get("reaction")),
            seen=bool(attributes.get("seen")),
            trust=attributes.get("trust"),
            may_end=bool(attributes.get("may_end")),
            gap_days=int(attributes.get("gap_days", 0)),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of LADDER: due after so many absences in a row, or so many days without any reaction."""

    code: str
    absences: int
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """What is known of a household from all visits so far."""

    visits: int = 0
    absences: int = 0
    """In a row."""
    trust_stage: int = 0
    first_visit_at: datetime | None = None
    last_visit_at: datetime | None = None
    last_seen_at: datetime | None = None
    last_reaction_at: datetime | None = None
    step: str | None = None
    """The ladder's step that is due; none after a reaction."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the workers say at the door."""

    result: Result
    occurred_at: datetime
    next_on: date | None = None
    end_reason: str | None = None
    trust_stage: int | None = None
    card_left: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A result that was recorded, with the absences in a row and the trust stage that it led to."""

    result: Result
    occurred_at: datetime
    absences: int
    trust_stage: int


@dataclass(frozen=True, slots=True)
class Reported:
    """What follows from a report."""

    contact: Contact
    counters: Counters
    repeated: bool
    """The ladder has gone up a step beyond its first: others must know."""
    request_ends: bool
    next_on: date | None
    card_left: bool


def report(told: Report, before: Counters, ladder: Sequence[Step], *, now: datetime, safety: bool = False) -> Reported:
    """Count a result. Refuses one without a day to see them again, or too soon after a refusal."""
    happened_on = told.occurred_at.astimezone(TOKYO).date()
    if told.occurred_at > now + _AHEAD:
        raise Refused(N_("訪問の日時が先の日時になっています。"), field="occurred_at")
    if told.occurred_at < now - LATE_ENTRY:
        raise Refused(N_("31日より前の訪問は、ここでは記録できません。係長に相談してください。"), field="occurred_at")
    if told.trust_stage is not None and not 0 <= told.trust_stage <= HIGHEST_TRUST:
        raise Refused(N_("関係の段階は 0 から 6 です。"), field="trust_stage")
    _see_again(told, happened_on, safety=safety)
    counters = count(told, before)
    step = step_after(ladder, counters, told.occurred_at) if counters.absences else None
    counters = replace(counters, step=step.code if step else None)
    first = min(ladder, key=lambda s: s.absences).code if ladder else None
    return Reported(
        contact=told.result.contact,
        counters=counters,
        repeated=told.result.absence and step is not None and step.code != first,
        request_ends=told.end_reason is not None,
        next_on=None if told.end_reason else told.next_on,
        card_left=told.card_left or told.result.code == "card",
    )


def count(told: Report, before: Counters) -> Counters:
    """The counters after a report. A visit that was called off counts for nothing."""
    result, at = told.result, told.occurred_at
    if result.contact == "called_off":
        return before
    shown = [before.trust_stage, *([result.trust] if result.trust is not None else [])]
    return replace(
        before,
        visits=before.visits + 1,
        absences=0 if result.reaction else before.absences + (1 if result.absence else 0),
        trust_stage=told.trust_stage if told.trust_stage is not None else max(shown),
        first_visit_at=_earlier(before.first_visit_at, at),
        last_visit_at=_later(before.last_visit_at, at),
        last_seen_at=_later(before.last_seen_at, at) if result.seen else before.last_seen_at,
        last_reaction_at=_later(before.last_reaction_at, at) if result.reaction else before.last_reaction_at,
    )


def recount(told: Sequence[Told], ladder: Sequence[Step], now: datetime) -> Counters:
    """What these results add up to by ``now``: all of a household's, in the order in which they were recorded."""
    if not told:
        return Counters()
    last = told[-1]
    seen = Counters()
    for one in told:
        seen = count(Report(one.result, one.occurred_at), seen)
    counters = replace(seen, absences=last.absences, trust_stage=last.trust_stage)
    step = step_after(ladder, counters, now) if counters.absences else None
    return replace(counters, step=step.code if step else None)


def step_after(ladder: Iterable[Step], counters: Counters, at: datetime) -> Step | None:
    """The highest step that is due at ``at``: by absences in a row, or by days without any reaction."""
    silent_since = counters.last_reaction_at or counters.first_visit_at
    silent_days = (at - silent_since).days if silent_since else 0
    due = [
        step
        for step in ladder
        if counters.absences >= step.absences
        or (counters.absences and step.days is not None and silent_days >= step.days)
    ]
    return max(due, key=lambda step: step.absences, default=None)


def earliest_again(result: Result, on: date, *, safety: bool) -> date:
    """The first day on which they may be visited again."""
    return on + timedelta(days=0 if safety else result.gap_days)


def _see_again(told: Report, happened_on: date, *, safety: bool) -> None:
    result = told.result
    if told.end_reason:
        if not result.may_end:
            raise Refused(N_("会えていないあいだは終われません。つぎに会う日を入れてください。"), field="end_reason")
        return
    if told.next_on is None:
        if result.alarm:
            return
        raise Refused(N_("つぎに会う日を入れてください。日が決まっていない人は、忘れられます。"), field="next_on")
    if told.next_on < happened_on:
        raise Refused(N_("つぎに会う日が、訪問の日より前になっています。"), field="next_on")
    if told.next_on > happened_on + SEE_AGAIN_WITHIN:
        raise Refused(N_("つぎに会う日は、3か月以内にしてください。"), field="next_on")
    earliest = earliest_again(result, happened_on, safety=safety)
    if told.next_on < earliest:
        raise Refused(
            N_("ことわられたあとは {days}日あけます。{day} からにしてください。手紙やはがきは、すぐに出せます。"),
            field="next_on",
            days=result.gap_days,
            day=earliest.isoformat(),
        )


def _later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else max(known, at)


def _earlier(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else min(known, at)
