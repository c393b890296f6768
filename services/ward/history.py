"""What happened to each household since somebody called: a year of made-up work. Pure.

A course is a list of dated steps which ``seed`` plays by the services' own actions, with the clock moved to each.
Most cases move; some wait for an answer, some stand still, some came back, some are closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Literal

from services.ward.family import Household
from shared.calendar import add_working_days, is_working_day
from shared.clock import TOKYO


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
    """The agency accepted, or returned it with a reason of RETURN_REASON."""

    agency: str
    answer: Literal["accepted", "returned"]
    words: str = ""


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
class Led(Step):
    """An agency that has accepted leads the case (主担当機関)."""

    agency: str


@dataclass(frozen=True, slots=True)
class Closed(Step):
    """The case ended (終結) for a reason of CLOSE_REASON."""

    reason: str


Course = tuple[Step, ...]

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
_QUESTIONS = {
    "hokatsu": "介護と医療につながるために、最初に何から始められますか。",
    "shakyo": "ご本人が外に出るきっかけを、いっしょに考えてもらえますか。",
    "jiritsu": "家計と仕事の見通しについて、会って聞いてもらえますか。",
    "seikatsu": "生活保護の相談の見通しを教えてください。",
    "shogai": "暮らしの場と支援の区分について相談できますか。",
    "hokenjo": "受診につながる関わり方を助言してもらえますか。",
    "kodomo": "お子さんの昼間の様子を、いっしょに見てもらえますか。",
}
_VISITED = frozenset({"T8050", "T8050W", "T9060", "T8050A", "THIKI", "TISO", "TTRUNC", "TGOMI", "TDEM1", "TABUSE"})
_AIMS = (
    "家の様子を見て、声をひとつ聞く。",
    "連絡票を置き、次に会う日を決める。",
    "暮らしに困っていないか、戸口で確かめる。",
)
_NOTES = {
    "met": "本人が戸を開けた。顔色はよい。来週も来てよいと言う。",
    "family": "母親と玄関で話した。本人は奥にいて物音がした。",
    "door": "ドアごしに返事があった。会うのはまだ、とのこと。",
    "absent_signs": "返事なし。台所の窓が明るく、水音がした。",
    "absent": "返事なし。郵便は抜かれている。",
}
_ENTRIES = (
    (
        "phone",
        "person",
        "電話で近況を聞いた。買い物は週に一度。",
        "「いまのままで、なんとかやっています」",
        "次の訪問まで様子を見る。",
    ),
    (
        "liaison",
        "agency",
        "関係機関と役割を確かめた。",
        "「うちで受診の日に付き添えます」",
        "受診の結果を待って次を決める。",
    ),
    (
        "procedure",
        "person",
        "窓口に本人が来た。書類をいっしょに書いた。",
        "「字を書くのが久しぶりだった」",
        "手続は進んだ。家計の話は次回に。",
    ),
)
_FIRST = (
    "phone",
    "family",
    "折り返しの電話で家族と話した。困っていることを順に聞いた。",
    "「話せてよかった」",
    "次は会って話す。",
)
_CLOSINGS = ("linked", "achieved", "other_scheme", "facility", "moved")
_NEW_DAYS, _OLD_DAYS = 3, 90
_LONG_AGO_DAYS = 45
"""Calls before that have been answered and begun, one way or another."""
_ANSWERED = 0.15
_MAY_END = frozenset({"met", "family"})
_DOORS = (
    ("absent_signs", "absent", "family"),
    ("absent_signs", "family", "met"),
    ("absent", "absent_signs", "absent"),
    ("door", "met"),
    ("family",),
    ("met", "met", "met"),
)
"""What came of visit after visit."""
_STUCK_DAYS = range(12, 61)
"""When a case was heard of that nobody has answered yet: long enough to stand still, not so long as to be lost."""


def agencies_for(household: Household) -> tuple[str, ...]:
    """The agency codes that a household of its kind is asked to; those by area get the household's."""
    kinds = _AGENCIES.get(household.kind, ("hokatsu",))
    return tuple(f"{kind}-{household.home.area}" if kind == "hokatsu" else kind for kind in kinds)


def course_of(seed: int, household: Household, now: datetime) -> Course:
    """Everything that happened to ``household`` until ``now`` (aware), in order."""
    chance = Random(f"{seed}:{household.number}:course")  # noqa: S311 - made-up people, no secret
    heard = now.astimezone(TOKYO).date() - timedelta(days=household.heard_days_ago)
    if household.heard_days_ago < _NEW_DAYS:
        return ()
    steps: list[Step] = []
    fate = chance.random()
    stuck = household.heard_days_ago in _STUCK_DAYS and household.number % 5 == 4  # noqa: PLR2004 - a few
    long_ago = household.heard_days_ago > _LONG_AGO_DAYS
    if household.kind == "TABUSE":
        steps += _seen_within_two_days(heard)
    elif long_ago or chance.random() < 0.88:  # noqa: PLR2004 - the rest are late with their first contact
        steps.append(Noted(_office_hour(add_working_days(heard, chance.randint(1, 3)), chance), *_FIRST))
    day = heard
    for place, agency in enumerate(agencies_for(household)):
        if place and chance.random() > 0.4:  # noqa: PLR2004 - most begin with one agency
            break
        day = add_working_days(day, chance.randint(1, 3))
        steps.append(Invited(_office_hour(day, chance), agency, _QUESTIONS[agency.split("-")[0]]))
        if not stuck:
            answers = _answers(agency, day, fate if not long_ago else max(fate, _ANSWERED), place, chance)
            steps += answers + (_taking_part(answers, chance) if place == 0 else [])
    if household.kind in _VISITED and chance.random() < 0.2:  # noqa: PLR2004 - a fifth is visited
        steps += _visits(add_working_days(day, 1), chance, now, long_ago=long_ago)
    past = sorted((step for step in steps if step.at < now), key=lambda step: step.at)
    if household.heard_days_ago > _OLD_DAYS and fate > 0.75:  # noqa: PLR2004 - a quarter of the old ones ended
        past = _ended(past, heard, chance, now)
    return tuple(past)


def _seen_within_two_days(heard: date) -> list[Step]:
    """The 48 hours: asked for on the evening of the call, seen the next morning, holiday or not."""
    asked = datetime.combine(heard, time(17, 20), TOKYO)
    door = datetime.combine(heard + timedelta(days=1), time(10, 30), TOKYO)
    return [
        VisitAsked(asked, "本人の姿を目で見て確かめる。二人で行く。", heard + timedelta(days=2)),
        Visited(door, "met", False, _NOTES["met"], None, asked + timedelta(minutes=20)),
    ]


def _taking_part(answers: list[Step], chance: Random) -> list[Step]:
    """What the first agency does once it has accepted: half of them lead, a third writes down what it did."""
    accepted = [step for step in answers if isinstance(step, Answered) and step.answer == "accepted"]
    steps: list[Step] = []
    for step in accepted:
        day = step.at.astimezone(TOKYO).date()
        if chance.random() < 0.5:  # noqa: PLR2004
            steps.append(Led(step.at + timedelta(minutes=30), step.agency))
        if chance.random() < 0.33:  # noqa: PLR2004
            since = add_working_days(day, chance.randint(2, 30))
            steps.append(Noted(_office_hour(since, chance), *chance.choice(_ENTRIES), by=step.agency))
    return steps


def _answers(agency: str, asked: date, fate: float, place: int, chance: Random) -> list[Step]:
    """Nine of ten first askings are answered in time; later ones are the ones that get stuck or come back."""
    if place == 0 and fate < 0.9:  # noqa: PLR2004
        return [Answered(_office_hour(add_working_days(asked, chance.randint(1, 3)), chance), agency, "accepted")]
    if fate < _ANSWERED:  # stands still: nobody has answered
        return []
    answer: Literal["accepted", "returned"] = "returned" if fate < 0.25 else "accepted"  # noqa: PLR2004
    words = "本人の同意を得てからにしてほしい。" if answer == "returned" else ""
    return [Answered(_office_hour(add_working_days(asked, chance.randint(1, 5)), chance), agency, answer, words)]


def _visits(day: date, chance: Random, now: datetime, *, long_ago: bool) -> list[Step]:
    steps: list[Step] = [VisitAsked(_office_hour(day, chance), chance.choice(_AIMS), add_working_days(day, 7))]
    results = chance.choice(_DOORS if not long_ago else [doors for doors in _DOORS if doors[-1] in _MAY_END])
    for place, result in enumerate(results):
        day = add_working_days(day, chance.randint(4, 8))
        over = place == len(results) - 1 and (result == "met" or (long_ago and result in _MAY_END))
        next_on = None if over else add_working_days(day, 6)
        at = _office_hour(day, chance)
        planned = at - timedelta(days=2)
        steps.append(Visited(at, result, result.startswith("absent"), _NOTES[result], next_on, planned))
    return [step for step in steps if step.at < now]


def _ended(steps: list[Step], heard: date, chance: Random, now: datetime) -> list[Step]:
    """A closure after the last step; what would have come later is left out."""
    last = max([heard, *(step.at.astimezone(TOKYO).date() for step in steps)])
    closed = Closed(_office_hour(add_working_days(last, chance.randint(3, 15)), chance), chance.choice(_CLOSINGS))
    return [*steps, closed] if closed.at < now else steps


def _office_hour(day: date, chance: Random) -> datetime:
    """Some moment of an office day."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return datetime.combine(day, time(chance.randint(9, 16), chance.randrange(0, 60, 5)), TOKYO)
