"""What happened to each household since somebody called: a year of made-up work. Pure.

A course is a list of dated steps which ``seed`` plays by the services' own actions, with the clock moved to each.
Most cases move, with two to four agencies; some wait for an answer, some came back, some have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from services.ward import words
from services.ward.family import Household, Member
from services.ward.steps import (
    Agreed,
    Answered,
    Began,
    Called,
    Closed,
    Course,
    Decided,
    Drafted,
    Evaluated,
    Finished,
    Held,
    Invited,
    Led,
    Left,
    Noted,
    Reviewed,
    Step,
    TookBack,
    VisitAsked,
    Visited,
)
from services.ward.visiting import is_visited_now, past_visits
from shared.calendar import add_working_days, is_working_day
from shared.clock import TOKYO

_AGENCIES: dict[str, tuple[str, ...]] = {
    "T8050": ("hokatsu", "shakyo"), "T8050W": ("shakyo", "jiritsu"), "T9060": ("hokatsu", "shakyo"),
    "T8050A": ("hokatsu", "seikatsu"), "TDEM1": ("hokatsu",), "TSP20": ("kodomo", "jiritsu"),
    "TYC": ("kodomo", "hokenjo"),
    "TDC": ("hokatsu", "kodomo"), "TRORO": ("hokatsu",), "THIKI": ("shakyo", "hokenjo"),
    "TGOMI": ("hokatsu", "hokenjo"),
    "TOYANAKI": ("shogai", "hokatsu"), "TPOOR": ("jiritsu", "seikatsu"), "TISO": ("hokatsu",), "TABUSE": ("hokatsu",),
    "TTRUNC": ("hokenjo",), "TMULTI": ("jiritsu", "hokenjo", "kodomo"), "TPREG": ("kodomo",), "TNOSCHOOL": ("kodomo",),
    "TLANG": ("kodomo", "jiritsu"), "THOMELESS": ("seikatsu", "jiritsu"),
    "TREENTRY": ("jiritsu",), "TPETS": ("hokenjo",),
    "TSIBCARE": ("hokatsu", "shogai"),
}  # fmt: skip
"""Whom one asks first."""
_CHILDREN = frozenset({"TSP20", "TYC", "TPREG", "TNOSCHOOL", "TLANG", "TDC", "TMULTI"})
_THEN_ASKED = {
    True: ("jiritsu", "hokenjo", "seikatsu", "shogai", "shakyo"),
    False: ("hokenjo", "shakyo", "jiritsu", "seikatsu", "shogai", "hokatsu"),
}
"""Whom one asks as well: where there are children, and elsewhere."""
_HOW_MANY = ((1, 2, 3, 4, 5, 6), (14, 34, 28, 14, 7, 3))
"""Agencies of a case and their weights."""
_CLOSINGS = ("linked", "achieved", "other_scheme", "facility", "moved")
_NEW_DAYS, _LONG_AGO_DAYS, _OLD_DAYS, _PLAN_DAYS = 3, 45, 90, 182
_RECENT = timedelta(days=12)
_BEFORE_THE_END = timedelta(days=10)
"""A plan that ends so soon is evaluated, no longer looked at."""
_MAY_WAIT_DAYS = 20
_OF_AGE_DAYS = 18 * 366


def agencies_for(household: Household, chance: Random) -> tuple[str, ...]:
    """The agency codes that a household is connected with in the course of time; those by area get the household's."""
    first = _AGENCIES.get(household.kind, ("hokatsu",))
    then = [kind for kind in _THEN_ASKED[household.kind in _CHILDREN] if kind not in first]
    count = chance.choices(*_HOW_MANY)[0]
    kinds = [*first, *chance.sample(then, len(then))][:count]
    return tuple(_of_area(kind, household) for kind in kinds)


def course_of(seed: int, household: Household, now: datetime) -> Course:
    """Everything that happened to ``household`` in its case until ``now`` (aware), in order."""
    if household.heard_days_ago < _NEW_DAYS:
        return ()
    chance = Random(f"{seed}:{household.number}:course")  # noqa: S311 - made-up people, no secret
    heard = now.astimezone(TOKYO).date() - timedelta(days=household.heard_days_ago)
    telling = _Telling(household, chance, heard, now)
    telling.first_contact()
    telling.agencies()
    telling.take_part()
    telling.meet()
    telling.plan()
    telling.notes()
    telling.steps += past_visits(seed, household, heard, now)
    if not is_visited_now(seed, household):
        telling.end()
    telling.wait()
    telling.agree()
    return tuple(sorted((step for step in telling.steps if step.at < now), key=lambda step: step.at))


@dataclass(slots=True)
class _Telling:
    """A history on its way: chance, when somebody called, what has happened so far."""

    household: Household
    chance: Random
    heard: date
    now: datetime
    steps: list[Step] = field(default_factory=list)
    accepted: list[Answered] = field(default_factory=list)
    lead: Led | None = None

    def first_contact(self) -> None:
        """Somebody spoke with the family within days; where somebody is hurt, they were seen within two."""
        if self.household.kind == "TABUSE":
            self.steps += _seen_within_two_days(self.heard)
        elif self.household.heard_days_ago > _LONG_AGO_DAYS or self.chance.random() < 0.94:  # noqa: PLR2004 - most
            self.steps.append(Noted(self.office(self.heard, 1, 3), *words.FIRST))

    def agencies(self) -> None:
        """One agency after the other is asked; nearly all answer within three days."""
        day, returned = self.heard, False
        for place, agency in enumerate(agencies_for(self.household, self.chance)):
            day = add_working_days(day, self.chance.choice((0, 0, 1, 2, 6, 12, 25)) if place else 1)
            asked = self.office(day)
            self.steps.append(Invited(asked, agency, words.QUESTIONS[agency.split("-")[0]]))
            answered = self.office(asked.date(), 1, 3)
            if not returned and self.chance.random() < (0.16 if place else 0.05):
                returned = True
                reason, said = self.chance.choice(words.RETURNS)
                self.steps.append(Answered(answered, agency, "returned", reason, said))
            else:
                answer = Answered(answered, agency, "accepted")
                self.steps.append(answer)
                if answered < self.now:
                    self.accepted.append(answer)
        self.accepted.sort(key=lambda one: one.at)
        if self.accepted and self.chance.random() < (0.9 if len(self.accepted) > 1 else 0.5):
            since = self.accepted[: 2 if self.chance.random() < 0.5 else 1][-1].at  # noqa: PLR2004
            self.lead = Led(since + timedelta(minutes=40), self.accepted[0].agency)
            self.steps.append(self.lead)

    def take_part(self) -> None:
        """Most who accepted have begun, some have written down what they did, a few have done their part."""
        for answer in self.accepted:
            at = self.office(answer.at.date(), 2, 15)
            draw = self.chance.random()
            if draw < 0.35:  # noqa: PLR2004 - shares of what they do
                self.steps.append(Noted(at, *self.chance.choice(words.ENTRIES), by=answer.agency))
            elif draw < 0.75:  # noqa: PLR2004
                self.steps.append(Began(at, answer.agency))
            leads = self.lead is not None and self.lead.agency == answer.agency
            if not leads and len(self.accepted) > 1 and self.chance.random() < 0.15:  # noqa: PLR2004
                left = self.office(answer.at.date() + timedelta(days=self.chance.randint(60, 150)))
                self.steps.append(Left(left, answer.agency, self.chance.choice(("done", "done", "handed_over"))))

    def meet(self) -> None:
        """A third of those with several agencies have met, and decided who does what."""
        if len(self.accepted) < 2 or self.chance.random() > 0.33:  # noqa: PLR2004
            return
        agencies = [one.agency for one in self.accepted]
        called = self.office(self.accepted[1].at.date(), 2, 5)
        day = self.office(called.date(), 5, 9)
        starts_at = day.replace(hour=self.chance.choice((10, 13, 15)), minute=0)
        kind = "support_council" if "shakyo" in agencies else "case_conference"
        self.steps.append(Called(called, kind, starts_at, tuple(agencies)))
        if called >= self.now or starts_at + timedelta(hours=2) >= self.now:
            return
        tasks = tuple(
            (agency, words.TASKS[agency.split("-")[0]], add_working_days(day.date(), self.chance.randint(8, 22)))
            for agency in agencies[: self.chance.randint(1, 3)]
        )
        self.steps.append(Held(starts_at + timedelta(hours=2), self.chance.choice(words.MINUTES), tasks))
        for agency, _, due in tasks:
            done = self.office(due - timedelta(days=self.chance.randint(0, 6)))
            if due < (self.now - _RECENT).date() or self.chance.random() < 0.7:  # noqa: PLR2004 - the rest is open
                self.steps.append(Finished(max(done, starts_at + timedelta(days=1)), agency))

    def plan(self) -> None:
        """Half of those that are led have a plan: decided, looked at in time, evaluated at its end."""
        if self.lead is None or self.household.heard_days_ago < _LONG_AGO_DAYS or self.chance.random() > 0.5:  # noqa: PLR2004
            return
        drafted = self.office(self.lead.at.date(), 8, 20)
        decided = self.office(drafted.date(), 3, 7)
        ends_on = decided.date() + timedelta(days=_PLAN_DAYS)
        look = decided.date() + timedelta(days=30)
        lines = tuple(
            (one.agency, words.TASKS[one.agency.split("-")[0]], self.chance.choice(words.OFTEN))
            for one in self.accepted[:3]
        )
        self.steps += [Drafted(drafted, self.chance.choice(words.GOALS), ends_on, look, lines), Decided(decided)]
        if decided >= self.now:
            return
        while look < ends_on:
            seen = self.office(look - timedelta(days=self.chance.randint(0, 4)))
            if seen.date() < ends_on - _BEFORE_THE_END:
                self.steps.append(Reviewed(seen))
            look = min(seen.date() + timedelta(days=91), ends_on)
        attainment = self.chance.choice(("reached", "mostly", "mostly", "partly"))
        self.steps.append(
            Evaluated(
                self.office(ends_on - timedelta(days=3)), attainment, self.chance.choice(("c03", "c12", "c14", "c07")),
                "close" if attainment == "reached" else "plan_again", words.EVALUATIONS[attainment],
            )
        )  # fmt: skip

    def notes(self) -> None:
        """The coordinator writes something down every other month."""
        day = self.heard + timedelta(days=self.chance.randint(20, 50))
        for _ in range(3):
            self.steps.append(Noted(self.office(day), *self.chance.choice(words.ENTRIES)))
            day += timedelta(days=self.chance.randint(45, 80))

    def end(self) -> None:
        """A quarter of the old ones have ended; what would have come later never happens."""
        if self.household.heard_days_ago <= _OLD_DAYS or self.chance.random() > 0.25:  # noqa: PLR2004
            return
        open_tasks = sum(len(step.tasks) for step in self.steps if isinstance(step, Held))
        open_tasks -= sum(isinstance(step, Finished) for step in self.steps)
        to_come = sum(isinstance(step, Called) for step in self.steps) - sum(isinstance(s, Held) for s in self.steps)
        if open_tasks or to_come:
            return
        plan = [step for step in self.steps if isinstance(step, Decided | Reviewed | Evaluated)]
        lasting = [step for step in self.steps if step not in plan and not isinstance(step, Noted | Drafted | Left)]
        last = max([step.at for step in lasting], default=self.office(self.heard))
        closed = self.office(max(last.date(), self.heard + timedelta(days=60)), 3, 40)
        if closed < self.now:
            self.steps = [step for step in self.steps if step.at < closed]
            self.steps.append(Closed(closed, self.chance.choice(_CLOSINGS)))

    def wait(self) -> None:
        """Every tenth open case waits for an answer that is days late."""
        ended = any(isinstance(step, Closed) for step in self.steps)
        if ended or self.household.number % 10 != 4 or self.household.heard_days_ago < _MAY_WAIT_DAYS:  # noqa: PLR2004
            return
        asked = {step.agency for step in self.steps if isinstance(step, Invited)}
        free = [kind for kind in words.QUESTIONS if _of_area(kind, self.household) not in asked]
        if free:
            kind = self.chance.choice(free)
            at = self.office(self.now.astimezone(TOKYO).date() - timedelta(days=self.chance.randint(7, 15)))
            self.steps.append(Invited(at, _of_area(kind, self.household), words.QUESTIONS[kind]))

    def agree(self) -> None:
        """Most were asked whether they agree: most sign, few refuse, some can't judge or take it back."""
        able = [place for place, one in enumerate(self.household.members) if _can_agree(one, self.heard)]
        asked = self.office(self.heard, 3, 12)
        draw = self.chance.random()
        if asked >= self.closed() or draw < 0.2:  # noqa: PLR2004 - shares of what they say
            return
        if not able:
            self.steps.append(Agreed(asked, 0, "cannot_judge"))
        elif draw < 0.38:  # noqa: PLR2004
            self.steps.append(Agreed(asked, able[0], "refused" if draw < 0.27 else "considering"))  # noqa: PLR2004
        else:
            state = "oral" if draw < 0.6 and asked > self.now - _RECENT else "signed"  # noqa: PLR2004
            whom = tuple(dict.fromkeys(one.agency for one in self.accepted)) or ("shakyo",)
            items = words.ITEMS["children" if self.household.kind in _CHILDREN else "elders"]
            self.steps.append(Agreed(asked, able[0], state, whom, items, self.chance.choice(words.LIMITS)))
            over = self.office(asked.date(), 20, 60)
            if state == "signed" and draw > 0.94 and over < self.closed():  # noqa: PLR2004
                self.steps.append(TookBack(over, able[0], self.chance.choice(words.TAKEN_BACK)))

    def closed(self) -> datetime:
        """When the case ended, or now."""
        return next((step.at for step in self.steps if isinstance(step, Closed)), self.now)

    def office(self, day: date, least: int = 0, most: int = 0) -> datetime:
        """Some moment of an office day, so many working days later."""
        if most:
            day = add_working_days(day, self.chance.randint(least, most))
        while not is_working_day(day):
            day += timedelta(days=1)
        return datetime.combine(day, time(self.chance.randint(9, 16), self.chance.randrange(0, 60, 5)), TOKYO)


def _can_agree(member: Member, on: date) -> bool:
    return (on - member.born).days >= _OF_AGE_DAYS and member.answers.get("dementia_diagnosis") != "yes"


def _of_area(kind: str, household: Household) -> str:
    return f"{kind}-{household.home.area}" if kind == "hokatsu" else kind


def _seen_within_two_days(heard: date) -> Sequence[Step]:
    """The 48 hours: asked for on the evening of the call, seen the next morning, holiday or not."""
    asked = datetime.combine(heard, time(17, 20), TOKYO)
    door = datetime.combine(heard + timedelta(days=1), time(10, 30), TOKYO)
    return [
        VisitAsked(asked, words.SIGHT, heard + timedelta(days=2)),
        Visited(door, "met", False, words.DOORS["met"], None, asked + timedelta(minutes=20)),
    ]
