"""The life of a visit (訪問), as a state machine.

    proposed ─► published ─► accepted ─► started ◄─► reported        taken back: it waits for another result
        │           │ ▲          │           ▲
        │           ▼ │          └───────────┘   a worker at the door has accepted by going
        │        declined                        (somebody can't go: the lead changes the workers)
        └───────────┴──────► cancelled           by hand, by the requester, by the end of the case

Every function takes the facts and says what they become, or refuses with a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from shared.errors import Conflict, Forbidden, Refused
from shared.i18n import N_
from shared.undoing import UNDO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHECK_OUT_AFTER = timedelta(minutes=45)
"""From 着いた to 出た; past it somebody asks whether they are well (職員の安全)."""

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=4)
FURTHEST = timedelta(days=120)
LATE_ENTRY = timedelta(days=31)
"""How long after a visit its result can be recorded."""

Answer = Literal["accepted", "declined"]


class VisitState(StrEnum):
    """Codes of VISIT_STATE."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    STARTED = "started"
    REPORTED = "reported"
    CANCELLED = "cancelled"


LIVE = frozenset({VisitState.PUBLISHED, VisitState.ACCEPTED, VisitState.DECLINED, VisitState.STARTED})
"""A visit that somebody counts on."""

BUSY = frozenset({VisitState.PUBLISHED, VisitState.ACCEPTED, VisitState.STARTED})
"""A visit that takes its workers' time."""

ANSWERABLE = frozenset({VisitState.PUBLISHED, VisitState.ACCEPTED, VisitState.DECLINED})
TO_BE_STARTED = frozenset({VisitState.PUBLISHED, VisitState.ACCEPTED})
REPORTABLE = frozenset({VisitState.PUBLISHED, VisitState.ACCEPTED, VisitState.STARTED})


@dataclass(frozen=True, slots=True)
class Visit:
    """What the rules need to know of a visit. ``answers`` holds only workers who have answered."""

    state: VisitState
    workers: tuple[UUID, ...]
    starts_at: datetime
    ends_at: datetime
    persons: int = 2
    answers: Mapping[UUID, Answer] = field(default_factory=dict)
    started_at: datetime | None = None
    check_out_due: datetime | None = None
    left_at: datetime | None = None


def choose_slot(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Refuse a slot nobody can keep; times are aware."""
    if not SHORTEST <= ends_at - starts_at <= LONGEST:
        raise Refused(N_("訪問の長さは 10分から 4時間までにしてください。"), field="ends_at")
    if ends_at < now:
        raise Refused(N_("過ぎた時間には組めません。"), field="starts_at")
    if starts_at - now > FURTHEST:
        raise Refused(N_("120日より先には組めません。"), field="starts_at")


def choose_workers(workers: Sequence[UUID], persons: int) -> tuple[UUID, ...]:
    """The workers of a visit, each once; as many as the request asks for (2人体制)."""
    chosen = tuple(dict.fromkeys(workers))
    if len(chosen) < persons:
        raise Refused(N_("この訪問には {persons}人 必要です。"), field="workers", persons=persons)
    return chosen


def change(visit: Visit, workers: Sequence[UUID], starts_at: datetime, ends_at: datetime, now: datetime) -> Visit:
    """Give a visit other workers or another time. Who goes on being sent at the same time keeps their answer."""
    if visit.state not in {VisitState.PROPOSED, *BUSY, VisitState.DECLINED} or visit.state is VisitState.STARTED:
        raise Conflict(N_("始まったか終わった訪問は、組みなおせません。"))
    choose_slot(starts_at, ends_at, now)
    chosen = choose_workers(workers, visit.persons)
    same_time = (starts_at, ends_at) == (visit.starts_at, visit.ends_at)
    kept: dict[UUID, Answer] = (
        {post: answer for post, answer in visit.answers.items() if post in chosen and answer == "accepted"}
        if same_time
        else {}
    )
    changed = replace(visit, workers=chosen, starts_at=starts_at, ends_at=ends_at, answers=kept)
    return changed if visit.state is VisitState.PROPOSED else replace(changed, state=_state_of(changed))


def publish(visit: Visit, now: datetime) -> Visit:
    """The lead stands behind a proposal: the workers learn of it."""
    if visit.state is not VisitState.PROPOSED:
        raise Conflict(N_("この訪問は、もう公開されています。"))
    choose_slot(visit.starts_at, visit.ends_at, now)
    choose_workers(visit.workers, visit.persons)
    return replace(visit, state=VisitState.PUBLISHED, answers={})


def answer(visit: Visit, post: UUID, given: Answer, reason: str | None) -> Visit:
    """A worker accepts (行きます) or declines with a reason; a later answer replaces an earlier one."""
    _must_be_sent(visit, post)
    if visit.state not in ANSWERABLE:
        raise Conflict(N_("この訪問には、もう返事ができません。"))
    if given == "declined" and not reason:
        raise Refused(N_("行けない理由を選んでください。"), field="reason")
    answered = replace(visit, answers={**visit.answers, post: given})
    return replace(answered, state=_state_of(answered))


def drop_worker(visit: Visit, post: UUID) -> Visit:
    """A worker's post has ended: a visit that has not begun must be staffed again."""
    if post not in visit.workers or visit.state not in {VisitState.PROPOSED, *TO_BE_STARTED, VisitState.DECLINED}:
        return visit
    workers = tuple(worker for worker in visit.workers if worker != post)
    answers = {worker: given for worker, given in visit.answers.items() if worker != post}
    state = visit.state if visit.state is VisitState.PROPOSED else VisitState.DECLINED
    return replace(visit, workers=workers, answers=answers, state=state)


def check_in(visit: Visit, post: UUID, at: datetime) -> Visit:
    """着いた. Whoever is at the door has accepted; the clock of CHECK_OUT_AFTER runs from ``at``."""
    _must_be_sent(visit, post)
    if visit.state is VisitState.STARTED:
        raise Conflict(N_("「着いた」は、もう記録されています。"))
    if visit.state not in TO_BE_STARTED:
        raise Conflict(N_("この訪問は、いま始められません。"))
    return replace(
        visit,
        state=VisitState.STARTED,
        answers={**visit.answers, post: "accepted"},
        started_at=at,
        check_out_due=at + CHECK_OUT_AFTER,
    )


def check_out(visit: Visit, post: UUID, at: datetime) -> Visit:
    """出た: the workers are safe. Saying it twice keeps the first time."""
    _must_be_sent(visit, post)
    if visit.state is not VisitState.STARTED or visit.started_at is None:
        raise Conflict(N_("さきに「着いた」を押してください。"))
    return visit if visit.left_at else replace(visit, left_at=max(at, visit.started_at))


def is_overdue(visit: Visit, now: datetime) -> bool:
    """Whether the workers have not come out in time."""
    return (
        visit.state is VisitState.STARTED
        and visit.left_at is None
        and visit.check_out_due is not None
        and visit.check_out_due <= now
    )


def close_with_report(visit: Visit, post: UUID, at: datetime, *, leads: bool = False) -> Visit:
    """A result was written, by a worker of the visit or its lead; it also says that they have come out."""
    if not leads:
        _must_be_sent(visit, post)
    if visit.state is VisitState.REPORTED:
        raise Conflict(N_("この訪問の結果は、もう記録されています。"))
    if visit.state not in REPORTABLE:
        raise Conflict(N_("この訪問には、結果を記録できません。"))
    left = visit.left_at or (max(at, visit.started_at) if visit.started_at else None)
    return replace(visit, state=VisitState.REPORTED, left_at=left)


def undo_until(post: UUID, *, by: UUID | None, at: datetime, happened_at: datetime, leads: bool) -> datetime | None:
    """Until when ``post`` may take back the result that ``by`` recorded ``at``; None for nobody who may.

    Who recorded it may for :data:`UNDO`, the team's lead for as long as the visit can be recorded anew.
    """
    if leads:
        return happened_at + LATE_ENTRY
    return at + UNDO if post == by else None


def take_report_back(visit: Visit, now: datetime, until: datetime | None) -> Visit:
    """The result counts no more, and the visit waits for another one. ``until``: from :func:`undo_until`."""
    if visit.state is not VisitState.REPORTED:
        raise Conflict(N_("この訪問には、取り消す結果がありません。"))
    if until is None:
        raise Forbidden(N_("取り消せるのは、記録した人とチームの係長だけです。"))
    if now > until:
        raise Refused(N_("取り消せる時間をすぎました。記録した人は10分、チームの係長は訪問から31日までです。"))
    return replace(visit, state=VisitState.STARTED if visit.started_at else _state_of(visit))


def cancel(visit: Visit) -> Visit:
    """The visit is off; one that is over stays as it is."""
    if visit.state is VisitState.REPORTED:
        raise Conflict(N_("終わった訪問は、取りやめにできません。"))
    return replace(visit, state=VisitState.CANCELLED)


def _must_be_sent(visit: Visit, post: UUID) -> None:
    if post not in visit.workers:
        raise Forbidden(N_("この訪問に行く人だけができます。"))


def _state_of(visit: Visit) -> VisitState:
    given = [visit.answers.get(worker) for worker in visit.workers]
    if "declined" in given or len(visit.workers) < visit.persons:
        return VisitState.DECLINED
    return VisitState.ACCEPTED if all(answer == "accepted" for answer in given) else VisitState.PUBLISHED
