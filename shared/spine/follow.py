"""Reading another service's feed over HTTP: the last word about what its log says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from pydantic_core import from_json

from shared.events import Envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from uuid import UUID

HEAD, EPOCH, UNTIL = "kasane-head", "kasane-epoch", "kasane-until"
"""Answer headers: the log's last position, its epoch, and up to which position the answer is complete."""

_ROOM = 10.0
"""Seconds that an answer may take beyond the long poll it was asked for."""


class FeedAwayError(OSError):
    """The producer can't be asked now; it passes."""


class FeedGoneBackError(Exception):
    """The producer's log does not have the event that we have applied last (409)."""

    def __init__(self, epoch: str, head: int) -> None:
        super().__init__(f"the log is at {head} in epoch {epoch}")
        self.epoch = epoch
        self.head = head


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a feed."""

    events: list[Envelope]
    head: int
    epoch: str
    until: int


class FeedClient:
    """One service as a reader of the others. ``urls``: ``{"intake": "http://intake:8000/intake"}``.

    ``show`` makes the credential for each question, given the producer's name.
    """

    def __init__(
        self, urls: Mapping[str, str], show: Callable[[str], str], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._urls = dict(urls)
        self._show = show
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(_ROOM, connect=2.0), transport=transport)

    async def fetch(
        self,
        source: str,
        after: int,
        *,
        event_id: UUID | None = None,
        limit: int = 500,
        wait: float = 0.0,
        types: Iterable[str] | None = None,
    ) -> Page:
        """The events after a position; ``event_id`` is the one we know there, ``wait`` a long poll in seconds.

        Raises FeedAwayError, or FeedGoneBackError when the log does not know that position or event.
        """
        query: dict[str, str | int | float] = {"after": after, "limit": limit, "timeout": wait}
        if event_id is not None:
            query["lastEventId"] = str(event_id)
        if types is not None:
            query["types"] = ",".join(sorted(types))
        try:
            answer = await self._http.get(
                f"{self._urls[source]}/events",
                params=query,
                headers={"authorization": f"Bearer {self._show(source)}"},
                timeout=httpx.Timeout(wait + _ROOM, connect=2.0),
            )
            if answer.status_code == httpx.codes.CONFLICT:
                body = from_json(answer.content)
                raise FeedGoneBackError(str(body["epoch"]), int(body["head"]))
            answer.raise_for_status()
            return Page(
                events=[Envelope.from_cloudevent(event) for event in from_json(answer.content)],
                head=int(answer.headers[HEAD]),
                epoch=answer.headers[EPOCH],
                until=int(answer.headers[UNTIL]),
            )
        except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
            raise FeedAwayError(f"feed of {source}: {type(error).__name__}") from error

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()
