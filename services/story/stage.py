"""People who act over HTTP, steps that are timed, and waiting for what must arrive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx

from services.ward.staff import POST_BY_CODE, Post
from shared import clock

PATIENCE: Final = 15.0
"""Seconds that a fact may take to arrive; it takes some tens of milliseconds when all is well."""
_PAUSE: Final = 0.03


class StepFailedError(Exception):
    """Something that the story tells did not happen; the sentence says what."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the story: who did what, where it arrived, after how many milliseconds."""

    who: str
    what: str
    where: str
    ms: int

    def as_json(self) -> dict[str, Any]:
        """The step as it is printed with ``--json``."""
        return asdict(self)


class Person:
    """Somebody at their own screen: an HTTP client with their own session. ``transport``: another way to get there."""

    def __init__(self, post: Post, base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.post = post
        self.name = f"{post.name} ({post.title_en})"
        self.http = httpx.AsyncClient(
            base_url=base_url, timeout=20.0, headers={"accept": "application/json"}, transport=transport
        )

    async def sign_in(self) -> None:
        """Choose the post on the sign-in page; the cookies stay with the client."""
        told = await self.ask("POST", "/casework/api/session", {"post": self.post.code})
        expect(told["post"]["id"] == str(self.post.id), f"{self.name} was signed in as somebody else")

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Send a request and give its JSON; StepFailedError with the answer's own words when it is refused."""
        answer = await self.send(method, path, body, **more)
        if answer.is_error:
            raise StepFailedError(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    async def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """Send a request, whatever comes back. A change carries an idempotency key of its own."""
        headers = {} if method == "GET" else {"idempotency-key": key or uuid4().hex}
        return await self.http.request(method, path, json=body, headers=headers)

    async def get(self, path: str) -> Any:
        """What a page would show."""
        return await self.ask("GET", path)

    async def post_to(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Do something."""
        return await self.ask("POST", path, {} if body is None else body, key=key)


@dataclass(slots=True)
class Stage:
    """Where the story plays: the people, the steps so far, what must be seen nowhere, what was learnt on the way."""

    base_url: str
    show_to_feed: Callable[[], str] | None = None
    """Makes a reader's credential for intake's feed, when the story has started the stack itself."""
    on_step: Callable[[Step], None] = lambda _: None
    own: bool = False
    """Whether the stack is the story's own, so that nobody else works on it."""
    people: dict[str, Person] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    """Names, addresses, numbers and words that were typed: they may be on no bus and in no message."""
    ids: dict[str, str] = field(default_factory=dict)
    """Ids by the names the chapters give them."""

    def person(self, code: str) -> Person:
        """Whoever holds the post with this code."""
        if code not in self.people:
            self.people[code] = Person(POST_BY_CODE[code], self.base_url)
        return self.people[code]

    @contextlib.asynccontextmanager
    async def step(self, who: Person | str, what: str, where: str) -> AsyncIterator[None]:
        """Time what happens in the block and write it down once it has happened."""
        began = clock.monotonic()
        name = who if isinstance(who, str) else who.name
        try:
            yield
        except (StepFailedError, httpx.HTTPError, KeyError, IndexError, TypeError) as error:
            said = str(error) or type(error).__name__
            raise StepFailedError(f"{name}: {what} → {where}: {said}") from error
        step = Step(name, what, where, round((clock.monotonic() - began) * 1000))
        self.steps.append(step)
        self.on_step(step)

    def nobody_is_named(self, told: object, where: str) -> None:
        """Refuse to go on when something that was typed shows up where it must not."""
        text = str(told)
        found = [secret for secret in self.secrets if secret in text]
        expect(not found, f"{where} holds personal data: {len(found)} of the words that were typed")

    async def close(self) -> None:
        """Everybody closes their browser."""
        for person in self.people.values():
            await person.http.aclose()


def expect(holds: bool, otherwise: str) -> None:
    """Fail the step with a sentence."""
    if not holds:
        raise StepFailedError(otherwise)


async def arrival(look: Callable[[], Awaitable[Any]], what: str, seconds: float = PATIENCE) -> Any:
    """Look again and again until ``look`` gives something that is true; StepFailedError after ``seconds``."""
    ends = clock.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if clock.monotonic() >= ends:
            raise StepFailedError(f"{what} has not arrived after {seconds:g} s")
        await asyncio.sleep(_PAUSE)


async def seen(person: Person, path: str, holds: Callable[[Any], Any], what: str) -> Any:
    """Wait until what ``person`` reads at ``path`` is as it must be; gives what ``holds`` gives."""

    async def look() -> Any:
        answer = await person.send("GET", path)
        return None if answer.is_error else holds(answer.json())

    return await arrival(look, what)


async def notified(stage: Stage, person: Person, kind: str, about: str) -> dict[str, Any]:
    """Wait for a notification of ``kind`` about a household in somebody's inbox; it names nobody."""

    def find(inbox: list[dict[str, Any]]) -> dict[str, Any] | None:
        return next((line for line in inbox if line["kind"] == kind and line["household"] == about), None)

    path = "/notify/api/inbox?filter=all&limit=100"
    line: dict[str, Any] = await seen(person, path, find, f"a notification {kind} for {person.name}")
    stage.nobody_is_named(line, "a notification")
    return line
