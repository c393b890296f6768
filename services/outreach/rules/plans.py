"""What a plan is made of: wishes, workers, reasons, proposals. The rule that makes one is ``planning.propose``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from services.outreach.rules.slots import Slot
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

BEST_SCORE = 100

REASONS = {
    "area": N_("担当圏域のチーム"),
    "other_area": N_("ほかの圏域からの応援"),
    "skills": N_("必要な力がそろう: {skills}"),
    "missing_skill": N_("足りない力: {skills}"),
    "load": N_("この週の予定は {percent}%"),
    "in_time": N_("期限まで {days}日"),
    "late": N_("期限を {days}日すぎる"),
    "untried": N_("まだ試していない曜日・時間"),
    "tried": N_("前に不在だった時間帯"),
    "wanted": N_("希望の時間帯"),
    "not_wanted": N_("希望の時間帯ではない"),
    "known": N_("前に会った人が行く"),
    "new_faces": N_("はじめての人だけで行く"),
    "near": N_("同じ日の訪問先から近い"),
    "travel": N_("同じ日の訪問先から約{km}km"),
    "agreed": N_("会うと決めた日から"),
}
"""Sentences for the reasons; ``{skills}`` are codes of SKILL until the page fills in their words."""

REFUSALS = {
    "no_team": N_("この圏域に、行けるチームがありません。"),
    "no_pair": N_("同じ日に動ける人が {persons}人そろいません。"),
    "full": N_("空いている時間がありません。時間か人をふやしてください。"),
    "peace": N_("{day} までは、そっとしておく期間です。"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A visit request as the planner sees it. ``cell`` is asked from intake at planning and kept nowhere."""

    id: UUID
    household: UUID
    due_on: date
    urgency: str = "C"
    persons: int = 2
    area: str | None = None
    district: str | None = None
    skills: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset()
    tried: frozenset[tuple[int, str]] = frozenset()
    """(weekday 0–6, slot code) of visits that found nobody."""
    not_before: date | None = None
    """The day to see them again, agreed or set at the last visit."""
    last_visit_on: date | None = None
    safety: bool = False
    known: frozenset[UUID] = frozenset()
    """Workers who have been there."""
    cell: str | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """A time that is taken, and where."""

    slot: Slot
    district: str | None = None
    cell: str | None = None
    household: UUID | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as the planner sees them."""

    post: UUID
    team: str
    areas: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    weekly_minutes: int = 600
    """Minutes of visits a week at most."""
    away: frozenset[date] = frozenset()
    busy: tuple[Busy, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a choice costs what it does. ``code`` of REASONS; ``points`` may be 0 for what is simply good to know."""

    code: str
    points: float
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the planner proposes for a request."""

    request: UUID
    team: str
    workers: tuple[UUID, ...]
    slot: Slot
    reasons: tuple[Reason, ...]

    @property
    def cost(self) -> float:
        """All points together."""
        return round(sum(reason.points for reason in self.reasons), 1)

    @property
    def score(self) -> int:
        """0 to 100 for people: 100 is as good as it gets."""
        return max(0, min(BEST_SCORE, round(BEST_SCORE - self.cost)))


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A request that can't be planned, and which hard rule is in the way (code of REFUSALS)."""

    request: UUID
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Proposals in the order of their times, and what found no place."""

    proposals: tuple[Proposal, ...]
    unplaced: tuple[Unplaced, ...] = ()

    @property
    def cost(self) -> float:
        """All proposals together."""
        return round(sum(proposal.cost for proposal in self.proposals), 1)
