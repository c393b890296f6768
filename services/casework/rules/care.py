"""Plans, progress entries, meetings, tasks and visit requests: small state machines. Pure.

plan           draft ──► decided ──► evaluated        a plan not decided is not in force
entry          draft ──► fixed ──► corrected          append-only after 確定: a correction is a new version
meeting        called ──► held | cancelled
task           open ⇄ doing ──► done | dropped
visit request  asked ──► assigned ──► visited ──► ended        any of the first three ──► cancelled
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from shared.errors import Conflict, Forbidden, Refused
from shared.i18n import N_
from shared.undoing import UNDO

LONGEST_PLAN = timedelta(days=366)
MONITORING = timedelta(days=91)
"""Domain paper 1.3: the first look after a month, then every three months; the law names no interval."""
_MOST_PERSONS = 4

_MACHINES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "plan": {"draft": frozenset({"decided"}), "decided": frozenset({"evaluated"}), "evaluated": frozenset()},
    "entry": {"draft": frozenset({"fixed"}), "fixed": frozenset({"corrected"}), "corrected": frozenset()},
    "meeting": {"called": frozenset({"held", "cancelled"}), "held": frozenset(), "cancelled": frozenset()},
    "task": {
        "open": frozenset({"doing", "done", "dropped"}),
        "doing": frozenset({"open", "done", "dropped"}),
        "done": frozenset(),
        "dropped": frozenset(),
    },
    "visit_request": {
        "asked": frozenset({"assigned", "visited", "ended", "cancelled"}),
        "assigned": frozenset({"asked", "visited", "ended", "cancelled"}),
        "visited": frozenset({"assigned", "ended", "cancelled"}),
        "ended": frozenset(),
        "cancelled": frozenset(),
    },
}


def states(machine: str) -> frozenset[str]:
    """The states of one machine."""
    return frozenset(_MACHINES[machine])


def step(machine: str, state: str, to: str) -> str:
    """Move ``machine`` from ``state`` to ``to``; Conflict where the drawing above has no arrow."""
    if to not in _MACHINES[machine][state]:
        raise Conflict(N_("だれかが先に進めています。画面を開き直してください。"))
    return to


def join_words(theirs: str, mine: str) -> str:
    """Both texts of two people who wrote in the same place: theirs, then what mine adds; nothing twice."""
    known = theirs.splitlines()
    return "\n".join([*known, *(line for line in mine.splitlines() if line not in known)])


def draft_plan(goal: str, lines: int, starts_on: date, ends_on: date, monitoring_on: date) -> None:
    """Whether a plan may be written down."""
    if not goal.strip():
        raise Refused(N_("本人のめざす姿を、本人のことばで書いてください。"), field="goal")
    if not lines:
        raise Refused(N_("すること(だれが・何を)を一行は書いてください。"), field="lines")
    if not starts_on <= ends_on:
        raise Refused(N_("終わりの日が始まりの日より前です。"), field="ends_on")
    if ends_on - starts_on > LONGEST_PLAN:
        raise Refused(N_("プランの期間は12か月までです。"), field="ends_on")
    if not starts_on <= monitoring_on <= ends_on:
        raise Refused(N_("見直しの日は、期間の中にしてください。"), field="monitoring_on")


def decide_plan(state: str, role: str) -> str:
    """The ward decides (支援決定): a manager, with a document number."""
    if role != "manager":
        raise Forbidden(N_("支援決定は管理職がします。"))
    return step("plan", state, "decided")


def next_monitoring(today: date, ends_on: date) -> date:
    """When a plan is looked at next: in three months, at the latest on its last day (or today, when that is past)."""
    return max(min(today + MONITORING, ends_on), today)


def write_entry(facts: str, words: str, judgement: str, occurred_on: date, today: date) -> None:
    """A progress entry has at least one of its three boxes, and has happened."""
    if not (facts.strip() or words.strip() or judgement.strip()):
        raise Refused(N_("事実・本人のことば・判断のどれか一つは書いてください。"), field="facts")
    if occurred_on > today:
        raise Refused(N_("まだ来ていない日時です。"), field="occurred_at")


def fix_entry(state: str, *, own: bool) -> str:
    """確定: from now on it is not changed, only corrected by a new version."""
    if not own:
        raise Forbidden(N_("確定できるのは、書いた人だけです。"))
    return step("entry", state, "fixed")


def correct_entry(state: str, reason: str) -> str:
    """A correction keeps the earlier version and says why."""
    if not reason.strip():
        raise Refused(N_("直す理由を書いてください。前の版も残ります。"), field="reason")
    return step("entry", state, "corrected")


def undo_entry(state: str, recorded_at: datetime, now: datetime, *, own: bool) -> None:
    """Saving is taken back by who saved, within ten minutes; later a correction is a version of its own."""
    if not own:
        raise Forbidden(N_("取り消せるのは、書いた人だけです。"))
    if state == "corrected":
        raise Conflict(N_("だれかが先に進めています。画面を開き直してください。"))
    if now - recorded_at > UNDO:
        raise Refused(N_("保存から10分をすぎたので、取り消せません。訂正を書いてください。"))


def request_visit(aim: str, purpose: str, due: date, today: date, persons: int, *, two_needed: bool) -> None:
    """Whether outreach may be asked to go."""
    if not aim.strip():
        raise Refused(N_("訪問のねらいを書いてください。"), field="aim")
    if not purpose:
        raise Refused(N_("訪問の目的を選んでください。"), field="purpose")
    if due < today:
        raise Refused(N_("期限が過去の日です。"), field="due_on")
    if not 1 <= persons <= _MOST_PERSONS:
        raise Refused(N_("人数は1人から4人までです。"), field="persons")
    if two_needed and persons < 2:  # noqa: PLR2004 - two people
        raise Refused(N_("安全のため、この世帯には必ず2人で行きます。"), field="persons")


def assign_task(title: str, due: date, today: date) -> None:
    """Who does what until when."""
    if not title.strip():
        raise Refused(N_("することを書いてください。"), field="title")
    if due < today:
        raise Refused(N_("期限が過去の日です。"), field="due_on")
