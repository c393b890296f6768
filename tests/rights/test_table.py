"""The table of rights, asked of the running services: whoever may, can; whoever may not, learns and does nothing."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.canaries import kept_words
from tests.rights.asking import at_once
from tests.rights.attempts import ATTEMPTS
from tests.rights.desks import sit_at_desks
from tests.rights.judging import Answer, Judged, judge
from tests.rights.leaving import end_post, promise_post, sign_out
from tests.rights.table import Cell, every_pair
from tests.rights.views import VIEWS, reachable
from tests.rights.ward import POSTS, SPARE, WHO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.rights.attempts import Attempt
    from tests.rights.conftest import Played, PlayTown
    from tests.rights.table import Table
    from tests.rights.town import Family
    from tests.rights.views import View

pytestmark = [pytest.mark.e2e, pytest.mark.thorough, pytest.mark.timeout(3600)]
_WHOSE_POST_RUNS = tuple(code for code in POSTS if code[-1] not in "789")


async def test_who_reads_and_does_what(play_town: PlayTown) -> None:
    async with play_town() as played:
        answers = await look(played, _WHOSE_POST_RUNS)
        judged = [one for answer in answers for one in judge(played.table, answer)]
        judged += await sit_at_desks(played, _WHOSE_POST_RUNS)
        judged += await do(played, _WHOSE_POST_RUNS)
        judged += await out_of_office(played)
    assert_as_written(played.table, judged)


def assert_as_written(table: Table, judged: list[Judged]) -> None:
    """Everything is as the table says, but for what ``unmet.csv`` tells; and that is still so."""
    asked = Counter(one.may for one in judged)
    assert asked[True] > 1000, asked
    assert asked[False] > 5000, asked
    wrong = [one for one in judged if one.wrong]
    told = [one.wrong for one in wrong if not any(line.speaks_of(one.cell) for line in table.unmet)]
    assert not told, f"{len(told)} of {len(judged)}:\n" + "\n".join(sorted(map(str, told)))
    met = [line.number for line in table.unmet if not any(line.speaks_of(one.cell) for one in wrong)]
    assert not met, f"unmet.csv: the services do what these lines miss; take them out: {met}"


# -- looking -------------------------------------------------------------------------------------------------------


Asked = tuple[str, "View", "Family"]


async def look(played: Played, codes: Sequence[str], post: str = "running") -> list[Answer]:
    """Every view that shows somebody something they may see, and every pair of circumstances of the others."""
    # beside the services, which would else stand still for as long as this reckons
    wanted = await asyncio.to_thread(_who_looks_at_what, played, codes, post)

    async def one(code: str, view: View, family: Family) -> list[Answer]:
        text = await view.ask(played.people[code], family, reachable(view.path, family, POSTS[code].agency) or {})
        return [Answer(code, post, view, of, text) for of in (played.families if view.whole else [family])]

    answers = await at_once([lambda asked=asked: one(*asked) for asked in wanted])  # type: ignore[misc] # bound now
    return [answer for found in answers for answer in found]


def _who_looks_at_what(played: Played, codes: Sequence[str], post: str) -> list[Asked]:
    wanted: list[Asked] = [(code, view, played.families[0]) for code in codes for view in VIEWS if view.whole]
    others: dict[Cell, Asked] = {}
    for code, family, view in itertools.product(codes, played.families, VIEWS):
        if view.whole or reachable(view.path, family, POSTS[code].agency) is None:
            continue
        shown = [cell_of(family, code, post, thing, view.action) for thing in view.homes]
        if any(played.table.may(cell) for cell in shown):
            wanted.append((code, view, family))
        else:
            others.setdefault(cell_of(family, code, post, view.name, view.action), (code, view, family))
    return wanted + [others[cell] for cell in every_pair(others)]


def cell_of(family: Family, code: str, post: str, thing: str, action: str) -> Cell:
    """Who somebody is to a family, as the table asks it."""
    return Cell(WHO[code], post, family.basis(code), family.state(code), thing, action)


# -- doing ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tried:
    """One attempt by one person about one family, with the word that it carried."""

    attempt: Attempt
    code: str
    family: Family
    cell: Cell
    may: bool
    word: str
    status: int = 0

    def judged(self, kept: set[str]) -> Judged:
        """Whether the word was kept just when it should be."""
        wrong = None
        if self.may and self.word not in kept:
            wrong = f"may, and could not ({self.status})"
        elif not self.may and self.word in kept:
            wrong = "MAY NOT, AND DID"
        told = f"{wrong}: {self.cell} [{self.code}, {self.family.name}, {self.attempt.name}]"
        return Judged(self.cell, self.may, told if wrong else None)


async def do(played: Played, codes: Sequence[str], post: str = "running") -> list[Judged]:
    """Of those who may not, every pair of circumstances tries; then whoever may does everything they may.

    In this order, because to act in a case is how a coordinator comes to have a part in it.
    """
    groups = [await asyncio.to_thread(_who_tries, played, attempt, codes, post) for attempt in ATTEMPTS]
    spare = iter(SPARE[1:])
    tried: list[Tried] = []
    for group in (*(may_not for _, may_not in groups), *(may for may, _ in groups)):
        shares = [next(spare) if one.may and one.attempt.action == "share" else SPARE[0] for one in group]
        works = [lambda one=one, to=to: _try(played, one, to) for one, to in zip(group, shares, strict=True)]
        await at_once(works)
        tried += group
    kept = await kept_words(played.running)
    return [one.judged(kept) for one in tried]


def _who_tries(played: Played, attempt: Attempt, codes: Sequence[str], post: str) -> tuple[list[Tried], list[Tried]]:
    may: list[Tried] = []
    may_not: dict[Cell, Tried] = {}
    done: set[str] = set()
    for code in codes:
        for family in played.families:
            if reachable(attempt.path, family, POSTS[code].agency) is None:
                continue
            cell = cell_of(family, code, post, attempt.thing, attempt.action)
            one = Tried(attempt, code, family, cell, played.table.may(cell), played.marks.word())
            if not one.may:
                may_not.setdefault(cell, one)
            elif not attempt.once or family.name not in done:
                may.append(one)
                done.add(family.name)
    return may, [may_not[cell] for cell in every_pair(may_not)]


async def _try(played: Played, one: Tried, spare: str) -> None:
    ids = reachable(one.attempt.path, one.family, POSTS[one.code].agency) or {}
    sent = one.attempt.body(one.family, one.word, spare)
    one.status = await one.attempt.send(played.people[one.code].http, one.family, ids, sent)


# -- posts that have not begun, have ended, sessions that are over --------------------------------------------------


async def out_of_office(played: Played) -> list[Judged]:
    """Whoever was somebody until a moment ago is nobody now; and who will be somebody is nobody yet."""
    people, operator = played.people, played.people["op-1"]
    left = {"session_ended": [code for code in POSTS if code.endswith("8")]}
    left["ended"] = [code for code in POSTS if code.endswith("9")]
    for code in left["session_ended"]:
        await sign_out(people[code])
    for code in left["ended"]:
        await end_post(people[code], operator)
    judged: list[Judged] = []
    for post, codes in left.items():
        judged += [one for answer in await look(played, codes, post) for one in judge(played.table, answer)]
        judged += await sit_at_desks(played, codes, post)
        judged += await do(played, codes, post)
    caseworker = people["cw-n2"]
    promised = await promise_post(caseworker, operator)
    signing_in = await caseworker.send("POST", "/casework/api/session", {"post": promised})
    moving_on = await caseworker.http.post("/casework/me/post", data={"post": promised})
    assert (signing_in.status_code, moving_on.status_code) == (404, 404), "a post is held before it begins"
    return judged
