"""How urgent a consultation may be: a proposal with its reasons and clocks. People decide.

A 即時 (the same day), B 急 (3 working days), C 通常 (10), D 見守り (30) until the first contact. When abuse is
suspected, safety is confirmed by sight within 48 clock hours of receipt, holidays included (児童虐待の48時間ルール;
municipal manuals use the same for older and disabled people).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from services.intake.rules.facts import HouseholdFacts
from services.intake.rules.reasons import Mark, Reason
from services.intake.rules.rulebook import RuleBook
from services.intake.rules.types import TypeResult
from shared.calendar import add_working_days, end_of_day
from shared.clock import TOKYO

Level = Literal["A", "B", "C", "D"]
SIGHT_CHECK = timedelta(hours=48)
_LEVELS: tuple[Level, ...] = ("A", "B", "C", "D")
_ROUTINE: Level = "C"


@dataclass(frozen=True, slots=True)
class UrgencyProposal:
    """What the rule proposes. ``reasons``: those of the proposed level first, then the lesser ones."""

    level: Level
    reasons: tuple[Reason, ...]
    first_contact_due: datetime
    sight_check_due: datetime | None
    """48 clock hours after receipt when abuse is suspected, else None."""


def propose_urgency(
    household: HouseholdFacts, results: Iterable[TypeResult], received_at: datetime, book: RuleBook
) -> UrgencyProposal:
    """Propose A to D from safety flags, words (``household.notes``), worries and types.

    ``received_at``: when the contact happened, aware. A type that is only possible counts one level less.
    """
    found = [*_from_flags(household, book), *_from_words(household, book), *_from_worries(household, book)]
    for result in results:
        found.extend(_from_type(result, book))
    found.sort(key=lambda pair: pair[0])
    if found:
        level: Level = min(_level(found[0][0]), _ROUTINE, key=_LEVELS.index)
    else:
        level = _ROUTINE if household.worries or household.concerns else "D"
        code = "urgency_routine" if level == _ROUTINE else "urgency_watch"
        found = [(level, Reason(Mark.FOR, code))]
    return UrgencyProposal(
        level=level,
        reasons=tuple(reason for _, reason in found),
        first_contact_due=first_contact_due(level, received_at, book),
        sight_check_due=sight_check_due(received_at) if suspects_abuse(household, book) else None,
    )


def suspects_abuse(household: HouseholdFacts, book: RuleBook) -> bool:
    """Whether the 48-hour clock runs: an abuse flag, or a word of abuse that is urgent by itself."""
    words = any(w.kind == "abuse" and w.urgency == "A" and w.code in household.notes for w in book.words)
    return words or not household.safety_flags.isdisjoint(book.abuse_flags)


def first_contact_due(level: str, received_at: datetime, book: RuleBook) -> datetime:
    """Until when somebody must have spoken with the household; A: the same day, at night until midnight."""
    received = received_at.astimezone(TOKYO)
    days = book.first_contact_days.get(level, 0)
    due = end_of_day(add_working_days(received.date(), days))
    if due > received:
        return due
    return datetime.combine(received.date() + timedelta(days=1), time(0), TOKYO)


def sight_check_due(received_at: datetime) -> datetime:
    """48 clock hours later, whatever day it is."""
    return received_at + SIGHT_CHECK


def _level(code: str) -> Level:
    return next((level for level in _LEVELS if level == code), _ROUTINE)


def _from_flags(household: HouseholdFacts, book: RuleBook) -> Iterable[tuple[str, Reason]]:
    for flag in sorted(household.safety_flags & book.flag_urgency.keys()):
        yield book.flag_urgency[flag], Reason(Mark.FOR, "urgency_flag", (), {"flag": flag})


def _from_words(household: HouseholdFacts, book: RuleBook) -> Iterable[tuple[str, Reason]]:
    for word in book.words:
        if word.code in household.notes:
            yield word.urgency, Reason(Mark.NEAR, "urgency_word", (), {"word": word.code})


def _from_worries(household: HouseholdFacts, book: RuleBook) -> Iterable[tuple[str, Reason]]:
    for worry in sorted(household.worries & book.worry_urgency.keys()):
        yield book.worry_urgency[worry], Reason(Mark.FOR, "urgency_worry", (), {"worry": worry})


def _from_type(result: TypeResult, book: RuleBook) -> Iterable[tuple[str, Reason]]:
    level = book.type_urgency.get(result.code)
    if level is None or result.verdict == "no":
        return
    if result.verdict == "match":
        yield level, Reason(Mark.FOR, "urgency_type", (), {"type": result.code})
    else:
        lesser = _LEVELS[min(_LEVELS.index(_level(level)) + 1, _LEVELS.index(_ROUTINE))]
        yield lesser, Reason(Mark.NEAR, "urgency_type_possible", (), {"type": result.code})
