"""Which team, which two workers and which time for each visit request, with what it costs and why.

Three steps, each of which a lead can follow with a pencil:

1. *What can be done*: hard rules strike out teams, pairs and slots (two workers, working hours, leave, clashes, leaving
   people in peace after a refusal, not before the day agreed at the door).
2. *What it costs*: points for each choice left, every one with its reason (area, skills, load, late, already tried …).
3. *Who goes first*: again and again, the request that would lose most by getting its second-best choice is given its
   best one (regret insertion: Potvin & Rousseau 1993; Ropke & Pisinger 2006); then each is moved once more if that
   lowers the whole. Greedy by regret is near the optimum for a day's plan and, unlike it, can be explained.

Costs are points, lower is better; 10 points are about one day of waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING

from services.outreach.rules.cells import kilometres
from services.outreach.rules.plans import BEST_SCORE, Busy, Plan, Proposal, Reason, Unplaced, Wish, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from services.outreach.rules.slots import Slot

PRESSURE = timedelta(days=14)
"""At most one visit in two weeks (圧をかけない), unless safety asks for it or a day was agreed."""

MOST_AT_ONCE = 60
"""Requests planned together; the most urgent first, the rest wait for the next run."""

WAITING = {"A": 20, "B": 4, "C": 1, "D": 0}
"""Points for each day of waiting, by urgency."""

OTHER_AREA, MISSING_SKILL, LATE_DAY, TRIED_TWICE, TRIED_ONCE = 40, 30, 15, 25, 10
NOT_WANTED, FULL_WEEK, KILOMETRE, OTHER_DISTRICT, NEW_FACES = 10, 20, 3, 4, 8
_NEAR = 1.5


def propose(wishes: Sequence[Wish], workers: Sequence[Worker], slots: Sequence[Slot], today: date) -> Plan:
    """Assign the most urgent ``MOST_AT_ONCE`` wishes. The answer depends on nothing but the arguments."""
    waiting = {wish.id: wish for wish in sorted(wishes, key=_urgent_first)[:MOST_AT_ONCE]}
    desk = _Desk(workers, today)
    options: dict[UUID, list[_Option]] = {}
    unplaced: list[Unplaced] = []
    for wish in list(waiting.values()):
        found = desk.options(wish, slots)
        if isinstance(found, Unplaced):
            unplaced.append(found)
            del waiting[wish.id]
        else:
            options[wish.id] = found
    placed: dict[UUID, Proposal] = {}
    while waiting:
        ranked: list[tuple[float, Wish, Proposal | None]] = []
        for wish in waiting.values():
            best, second = desk.two_best(wish, options[wish.id])
            if best is None:
                ranked.append((float("inf"), wish, None))
            else:
                regret = (second.cost if second else best.cost + BEST_SCORE) - best.cost
                ranked.append((regret, wish, best))
        _, wish, best = min(ranked, key=lambda entry: (-entry[0], _urgent_first(entry[1])))
        del waiting[wish.id]
        if best is None:
            unplaced.append(Unplaced(wish.id, "full"))
        else:
            desk.take(best, wish)
            placed[wish.id] = best
    by_id = {wish.id: wish for wish in wishes}
    for proposal in sorted(placed.values(), key=lambda p: -p.cost):
        wish = by_id[proposal.request]
        desk.give_back(proposal, wish)
        better, _ = desk.two_best(wish, options[wish.id])
        chosen = better if better is not None and better.cost < proposal.cost else proposal
        desk.take(chosen, wish)
        placed[wish.id] = chosen
    ordered = sorted(placed.values(), key=lambda p: (p.slot, p.request))
    return Plan(tuple(ordered), tuple(unplaced))


def earliest_day(wish: Wish, today: date) -> date:
    """Before which nobody should knock: the day agreed at the door, else two weeks after the last visit."""
    if wish.safety:
        return today
    if wish.not_before is not None:
        return max(today, wish.not_before)
    if wish.last_visit_on is not None:
        return max(today, wish.last_visit_on + PRESSURE)
    return today


def is_free(worker: Worker, slot: Slot) -> bool:
    """Whether a worker is there, and not at another door at that time."""
    return slot.day not in worker.away and not any(overlaps(slot, busy.slot) for busy in worker.busy)


def overlaps(one: Slot, other: Slot) -> bool:
    """Whether two times have a moment in common."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _urgent_first(wish: Wish) -> tuple[str, date, str]:
    return wish.urgency, wish.due_on, str(wish.id)


@dataclass(frozen=True, slots=True)
class _Option:
    """A pair and a slot that the hard rules leave, with the reasons that don't change while planning goes on."""

    crew: tuple[Worker, ...]
    slot: Slot
    reasons: tuple[Reason, ...]
    points: float


class _Desk:
    """The state of a planning run: what each worker has been given so far."""

    def __init__(self, workers: Iterable[Worker], today: date) -> None:
        self._today = today
        self._teams: dict[str, list[Worker]] = {}
        self._days: dict[UUID, dict[date, list[Busy]]] = {}
        self._minutes: dict[tuple[UUID, tuple[int, int]], int] = {}
        for worker in sorted(workers, key=lambda w: str(w.post)):
            self._teams.setdefault(worker.team, []).append(worker)
            for busy in worker.busy:
                self._note(worker.post, busy, 1)

    def options(self, wish: Wish, slots: Sequence[Slot]) -> list[_Option] | Unplaced:
        """Every pair and slot that may be, cheapest first; or the rule that leaves none."""
        crews = [crew for team in self._teams.values() for crew in combinations(team, wish.persons)]
        if not self._teams:
            return Unplaced(wish.id, "no_team")
        if not crews:
            return Unplaced(wish.id, "no_pair", {"persons": wish.persons})
        earliest = earliest_day(wish, self._today)
        open_slots = [slot for slot in slots if slot.day >= earliest]
        if not open_slots:
            code = "peace" if earliest > self._today else "full"
            return Unplaced(wish.id, code, {"day": earliest.isoformat()} if code == "peace" else {})
        times = [(slot, _reasons_of_time(wish, slot, self._today)) for slot in open_slots]
        found = []
        for crew in crews:
            people = _reasons_of_people(wish, crew)
            for slot, when in times:
                if all(is_free(worker, slot) for worker in crew):
                    reasons = (*people, *when)
                    found.append(_Option(crew, slot, reasons, sum(reason.points for reason in reasons)))
        if not found:
            return Unplaced(wish.id, "no_pair", {"persons": wish.persons})
        return sorted(found, key=lambda o: (o.points, o.slot, [str(worker.post) for worker in o.crew]))

    def two_best(self, wish: Wish, options: Sequence[_Option]) -> tuple[Proposal | None, Proposal | None]:
        """The cheapest proposal as things stand, and the cheapest at another time."""
        best: Proposal | None = None
        second: Proposal | None = None
        for option in options:
            if second is not None and option.points >= second.cost:
                break  # what is still to come can only add to the points
            if not self._is_open(option):
                continue
            found = self._price(wish, option)
            if best is None or found.cost < best.cost:
                if best is not None and best.slot != found.slot:
                    second = best
                best = found
            elif found.slot != best.slot and (second is None or found.cost < second.cost):
                second = found
        return best, second

    def take(self, proposal: Proposal, wish: Wish) -> None:
        """Give the workers this visit."""
        for post in proposal.workers:
            self._note(post, Busy(proposal.slot, wish.district, wish.cell), 1)

    def give_back(self, proposal: Proposal, wish: Wish) -> None:
        """Take it from them again."""
        for post in proposal.workers:
            self._note(post, Busy(proposal.slot, wish.district, wish.cell), -1)

    def _note(self, post: UUID, busy: Busy, sign: int) -> None:
        day = busy.slot.day
        listed = self._days.setdefault(post, {}).setdefault(day, [])
        if sign > 0:
            listed.append(busy)
        else:
            listed.remove(busy)
        week = (post, day.isocalendar()[:2])
        self._minutes[week] = self._minutes.get(week, 0) + sign * busy.slot.minutes

    def _is_open(self, option: _Option) -> bool:
        slot = option.slot
        for worker in option.crew:
            if any(overlaps(slot, busy.slot) for busy in self._days.get(worker.post, {}).get(slot.day, ())):
                return False
            if self._minutes.get((worker.post, slot.day.isocalendar()[:2]), 0) + slot.minutes > worker.weekly_minutes:
                return False
        return True

    def _price(self, wish: Wish, option: _Option) -> Proposal:
        """Add what depends on the rest of the plan: load and travel. Neither is ever negative."""
        slot, crew = option.slot, option.crew
        share = sum(
            (self._minutes.get((worker.post, slot.day.isocalendar()[:2]), 0) + slot.minutes)
            / max(worker.weekly_minutes, 1)
            for worker in crew
        ) / len(crew)
        reasons = [*option.reasons, Reason("load", round(FULL_WEEK * share, 1), {"percent": round(100 * share)})]
        others = [busy for worker in crew for busy in self._days.get(worker.post, {}).get(slot.day, ())]
        travel = _reason_of_travel(wish, others)
        if travel:
            reasons.append(travel)
        return Proposal(wish.id, crew[0].team, tuple(worker.post for worker in crew), slot, tuple(reasons))


def _reasons_of_people(wish: Wish, crew: Sequence[Worker]) -> list[Reason]:
    reasons = []
    if wish.area is not None:
        covers = any(not worker.areas or wish.area in worker.areas for worker in crew)
        reasons.append(Reason("area", 0) if covers else Reason("other_area", OTHER_AREA))
    if wish.skills:
        have = frozenset[str]().union(*(worker.skills for worker in crew))
        present, missing = sorted(wish.skills & have), sorted(wish.skills - have)
        if present:
            reasons.append(Reason("skills", 0, {"skills": ",".join(present)}))
        if missing:
            reasons.append(Reason("missing_skill", MISSING_SKILL * len(missing), {"skills": ",".join(missing)}))
    if wish.known:
        met = any(worker.post in wish.known for worker in crew)
        reasons.append(Reason("known", 0) if met else Reason("new_faces", NEW_FACES))
    return reasons


def _reasons_of_time(wish: Wish, slot: Slot, today: date) -> list[Reason]:
    # a day agreed at the door counts for more than the deadline of whoever asked
    due_on = max(wish.due_on, wish.not_before or wish.due_on)
    left = (due_on - slot.day).days
    waiting = (slot.day - max(today, wish.not_before or today)).days
    points = WAITING.get(wish.urgency, 1) * max(0, waiting) + LATE_DAY * max(0, -left)
    reasons = [Reason("in_time", points, {"days": left}) if left >= 0 else Reason("late", points, {"days": -left})]
    if wish.tried:
        if (slot.day.weekday(), slot.code) in wish.tried:
            reasons.append(Reason("tried", TRIED_TWICE))
        elif any(code == slot.code for _, code in wish.tried):
            reasons.append(Reason("tried", TRIED_ONCE))
        else:
            reasons.append(Reason("untried", 0))
    if wish.wanted:
        reasons.append(Reason("wanted", 0) if slot.code in wish.wanted else Reason("not_wanted", NOT_WANTED))
    if wish.not_before is not None and not wish.safety:
        reasons.append(Reason("agreed", 0))
    return reasons


def _reason_of_travel(wish: Wish, others: Iterable[Busy]) -> Reason | None:
    distances = []
    for other in others:
        apart = kilometres(wish.cell, other.cell) if wish.cell and other.cell else None
        if apart is not None:
            distances.append((KILOMETRE * apart, apart))
        elif wish.district and other.district:
            distances.append((0.0, 0.0) if wish.district == other.district else (float(OTHER_DISTRICT), _NEAR + 1))
    if not distances:
        return None
    points, apart = min(distances)
    if apart <= _NEAR:
        return Reason("near", round(points, 1))
    return Reason("travel", round(points, 1), {"km": round(apart)})
