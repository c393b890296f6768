"""People at work, each household on its way; every request is repeated with its key until it has an answer.

A request whose answer was lost (no connection, too late, 5xx) is sent again with the same idempotency key; so a 2xx
answer, once it has come, is a promise that the thing was done, and once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx

from services.faults.promises import Journal, Promise
from services.faults.town import Edge, Town
from services.faults.way import CALLS, Way
from services.story.stage import Person, StepFailedError
from services.ward.staff import POST_BY_CODE
from shared import clock

__all__ = ["Load", "Person"]

_PATIENCE: Final = 6.0
"""Seconds that an answer may take before the request is repeated."""
_AGAIN: Final = 0.25
_MAY_PASS: Final = frozenset({401, 403, 404, 409})
"""Refusals that may pass: a token of another clock, a fact that has not come. Nothing was promised; ask again."""
_LONGEST_REFUSAL: Final = 60.0
_LINES: Final = 2
"""How many households of an area are on their way at once."""
_LOST_ANSWER = (httpx.HTTPError, StepFailedError, ValueError)


class _LeftError(Exception):
    """Nothing more comes of this household: something was refused, or its history was restored away."""


@dataclass(slots=True)
class Load:
    """The people of one run. ``pace`` is the rest after each answer of a household, in seconds."""

    town: Town
    journal: Journal
    dice: Random
    pace: float
    refused: list[str] = field(default_factory=list)
    """Requests that were given up after a refusal."""
    contradictions: list[str] = field(default_factory=list)
    """Two answers to one key that name different things."""
    twice: bool = False
    """Post each request two times at once."""
    unanswered: int = 0
    """How many requests still wait for their answer."""
    _people: dict[str, Person] = field(default_factory=dict)
    _calls: int = 0
    _generation: int = 0
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Let one household after the other go its way, two lines in each area, while the block runs."""
        self._open.set()
        self._tasks = [asyncio.create_task(self._area(area)) for area in CALLS for _ in range(_LINES)]
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for person in self._people.values():
                await person.http.aclose()

    def pause(self) -> None:
        """Begin no further request. Raises what has ended somebody's work."""
        self._open.clear()
        for task in self._tasks:
            if task.done():
                task.result()

    def go_on(self) -> None:
        """Begin again."""
        self._open.set()

    def leave_all(self) -> None:
        """Begin with new households: of the others a part was restored away."""
        self._generation += 1

    def person(self, code: str) -> Person:
        """Whoever holds the post with this code, at their own screen."""
        if code not in self._people:
            person = Person(POST_BY_CODE[code], "http://127.0.0.1", transport=Edge(self.town))
            person.http.timeout = httpx.Timeout(_PATIENCE)
            self._people[code] = person
        return self._people[code]

    async def insist(
        self, way: Way, person: Person, path: str, body: Any, named: Callable[[Any], tuple[str, str]]
    ) -> Any:
        """Post until there is an answer, and write down what it promises (``named``: the fact's type and words)."""
        await self._open.wait()
        self._still(way)
        key = f"{way.dice.getrandbits(64):016x}"
        self.unanswered += 1
        try:
            answer = await self._until_answered(way, person, path, body, key)
            type_, said = named(answer)
            self.journal.write(Promise(key, type_, said, way.home or answer["household"]))
        finally:
            self.unanswered -= 1
        await asyncio.sleep(self.pace)
        return answer

    async def look(self, person: Person, path: str) -> Any:
        """What a page would show; None when there is no answer."""
        with contextlib.suppress(*_LOST_ANSWER):
            answer = await self._ask(person, "GET", path)
            return answer.json() if answer.is_success else None
        return None

    async def find_case(self, way: Way, person: Person) -> str:
        """Look until casework has the household's case; its id."""
        while True:
            await self._open.wait()
            self._still(way)
            found = await self.look(person, f"/casework/api/cases?household={way.home}")
            if found and found["cases"]:
                return str(found["cases"][0]["id"])
            await asyncio.sleep(_AGAIN)

    async def _area(self, area: str) -> None:
        while True:
            self._calls += 1
            dice = Random(self.dice.random())  # noqa: S311 - repeatable
            with contextlib.suppress(_LeftError):
                await Way(self, area, self._calls, self._generation, dice).go()

    def _still(self, way: Way) -> None:
        if way.generation != self._generation:
            raise _LeftError

    async def _until_answered(self, way: Way, person: Person, path: str, body: Any, key: str) -> Any:
        refused_since: float | None = None
        while True:
            answers = await self._once_or_twice(person, path, body, key)
            good = [answer.json() for answer in answers if answer.is_success]
            if good:
                if any(_ids(one) != _ids(good[0]) for one in good):
                    self.contradictions.append(f"{path} with key {key} has two answers")
                return good[0]
            refusal = next((answer for answer in answers if answer.is_client_error), None)
            if refusal is None:
                refused_since = None
            else:
                refused_since = refused_since or clock.monotonic()
                long = clock.monotonic() - refused_since > _LONGEST_REFUSAL
                if long or refusal.status_code not in _MAY_PASS or way.generation != self._generation:
                    self.refused.append(f"POST {path}: {refusal.status_code} {refusal.text[:200]}")
                    raise _LeftError
            await asyncio.sleep(_AGAIN)

    async def _once_or_twice(self, person: Person, path: str, body: Any, key: str) -> list[httpx.Response]:
        """The answers that came; a lost one is none."""
        sending = [self._ask(person, "POST", path, body, key) for _ in range(2 if self.twice else 1)]
        answers = await asyncio.gather(*sending, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, _LOST_ANSWER):
                raise answer
        return [answer for answer in answers if isinstance(answer, httpx.Response)]

    async def _ask(
        self, person: Person, method: str, path: str, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        """One request; whoever is not signed in (any more) signs in first."""
        if not person.http.cookies:
            await person.sign_in()
        answer = await person.send(method, path, body, key=key)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            person.http.cookies.clear()
        return answer


def _ids(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what may differ in a repetition."""
    return {name: value for name, value in answer.items() if name not in {"position", "repeated", "state"}}
