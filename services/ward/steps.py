"""What people of the made-up ward did, each at its moment: the vocabulary of ``history`` and ``visiting``. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Step:
    """Something that somebody did at a moment (aware)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Invited(Step):
    """An agency was asked in (つなぎ)."""

    agency: str
    question: str


@dataclass(frozen=True, slots=True)
class Answered(Step):
    """The agency accepted, or returned it with a reason of RETURN_REASON and its words."""

    agency: str
    answer: Literal["accepted", "returned"]
    reason: str | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Began(Step):
    """The agency said that it is at work (対応中)."""

    agency: str


@dataclass(frozen=True, slots=True)
class Left(Step):
    """The agency has ended its part for a reason of AGENCY_LEAVE."""

    agency: str
    reason: str


@dataclass(frozen=True, slots=True)
class Led(Step):
    """An agency that has accepted leads the case (主担当機関)."""

    agency: str


@dataclass(frozen=True, slots=True)
class Noted(Step):
    """A progress entry (支援経過) of ENTRY_KIND: fact, words, judgement apart."""

    kind: str
    with_whom: str
    fact: str
    words: str
    judgement: str
    by: str | None = None
    """The agency whose head wrote it; None: the coordinator."""


@dataclass(frozen=True, slots=True)
class Called(Step):
    """A meeting of MEETING_KIND was called for ``starts_at``."""

    kind: str
    starts_at: datetime
    agencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held(Step):
    """The meeting took place: what was decided, and who does what until when (agency, title, day)."""

    minutes: str
    tasks: tuple[tuple[str, str, date], ...]


@dataclass(frozen=True, slots=True)
class Finished(Step):
    """An agency did what it had taken on at the meeting."""

    agency: str


@dataclass(frozen=True, slots=True)
class Drafted(Step):
    """A plan was written; lines are (agency, what, how often)."""

    goal: str
    ends_on: date
    monitoring_on: date
    lines: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Decided(Step):
    """The ward decided the plan (支援決定)."""


@dataclass(frozen=True, slots=True)
class Reviewed(Step):
    """The plan was looked at (モニタリング)."""


@dataclass(frozen=True, slots=True)
class Evaluated(Step):
    """The plan's end was looked at; codes of ATTAINMENT, SEEN_CHANGE and NEXT_POLICY."""

    attainment: str
    change: str
    policy: Literal["close", "plan_again", "suspend"]
    words: str


@dataclass(frozen=True, slots=True)
class Closed(Step):
    """The case ended (終結) for a reason of CLOSE_REASON."""

    reason: str


@dataclass(frozen=True, slots=True)
class Agreed(Step):
    """Somebody was asked whether they agree to sharing (同意); ``state`` of CONSENT_STATE is what they said.

    ``member``: their place in the household; ``recipients``, ``items``: to whom and what, empty but for a yes.
    """

    member: int
    state: str
    recipients: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    limits: str = ""


@dataclass(frozen=True, slots=True)
class TookBack(Step):
    """Somebody took back what they had agreed to, in their words."""

    member: int
    words: str


@dataclass(frozen=True, slots=True)
class VisitAsked(Step):
    """The coordinator asked outreach for a visit."""

    aim: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Visited(Step):
    """Two workers went; ``result`` of VISIT_RESULT. ``next_on``: when to see them again; None ends the request."""

    result: str
    card_left: bool
    note: str
    next_on: date | None
    planned_at: datetime
    trust_stage: int | None = None
    pair: tuple[int, int] | None = None
    """Which workers of the area's team (1-4) went; None: whoever had time."""


@dataclass(frozen=True, slots=True)
class Planned(Step):
    """Two workers are sent at ``starts_at``; how many of the two have accepted, and whether one cannot go."""

    starts_at: datetime
    pair: tuple[int, int]
    accepted: int
    declined: bool = False


Course = tuple[Step, ...]
