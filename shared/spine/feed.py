"""The feed: a service's log over HTTP, in the manner of HTTP Feeds (http-feeds.org).

``GET /<service>/events?after=<position>&limit=<n>&timeout=<seconds>`` answers a CloudEvents batch. A reader shows its
own credential and gets its own list of types; what it may not have is a blank that keeps the position.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic_core import to_json
from sqlalchemy import text

from shared import clock
from shared.credentials import find_partner
from shared.events.readers import types_of
from shared.spine.bell import Bell
from shared.spine.follow import EPOCH, HEAD, UNTIL
from shared.spine.positions import read_log

if TYPE_CHECKING:
    from types import FrameType

    from shared.spine.facade import Spine

CLOUDEVENTS_BATCH = "application/cloudevents-batch+json"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A batch of CloudEvents.", "content": {CLOUDEVENTS_BATCH: {"schema": {"type": "array"}}}},
    409: {"description": "The log has gone back.", "content": {"application/problem+json": {}}},
}
_MOST = 1000
_LONGEST_WAIT = 30.0
_LOOKS = 1.0


def feed_router() -> APIRouter:
    """The route, for every service alike; it finds its Spine at ``app.state.service.spine``."""
    router = APIRouter(tags=["feed"])

    @router.get("/events", response_class=Response, responses=_ANSWERS)
    async def read_events(  # noqa: PLR0917 - the parameters of the address
        request: Request,
        after: Annotated[int | None, Query(ge=0, le=2**62)] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST)] = 100,
        timeout: Annotated[float, Query(ge=0, le=_LONGEST_WAIT)] = 0,  # noqa: ASYNC109 - named by HTTP Feeds
        lastEventId: Annotated[UUID | None, Query()] = None,  # noqa: N803 - named by HTTP Feeds
        types: Annotated[str | None, Query(max_length=4000)] = None,
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        """The events after ``after`` (or after the event ``lastEventId``), at most ``limit``.

        With ``timeout`` it waits that many seconds for one. ``types`` (comma-separated) leaves all others out, then
        the header ``kasane-until`` says how far the answer goes. 409: the log does not have that position or event.
        """
        spine: Spine = request.app.state.service.spine
        reader = _reader(authorization, spine)
        allowed = types_of(reader, spine.service, spine.settings.feed_readers)
        if reader is None or allowed is None:
            body = {"type": "about:blank", "title": "unknown reader", "status": 401}
            return JSONResponse(body, 401, {"www-authenticate": "Bearer"}, "application/problem+json")
        wanted = None if types is None else frozenset(types.split(",")) & allowed
        if after is None:
            after = 0 if lastEventId is None else await _position_of(spine, lastEventId)
        if timeout:
            end_long_polls_on_sigterm()  # the web server may have put its own handler there since we started
        ends = clock.monotonic() + timeout
        with spine.relay.positioned.listen() as ear, _ending.listen() as end:
            while True:
                found = await _read(spine, after, lastEventId, limit, wanted)
                if isinstance(found, Response) or found[0] or clock.monotonic() >= ends or _ended.is_set():
                    break
                pause = max(0.0, min(_LOOKS, ends - clock.monotonic()))
                await _first(ear.wait(pause), end.wait(pause))
        if isinstance(found, Response):
            return found
        events, headers = found
        spine.askers.note(reader, after)
        batch = [(event if event.type in allowed else event.blank()).to_cloudevent() for event in events]
        return Response(to_json(batch), media_type=CLOUDEVENTS_BATCH, headers=headers)

    return router


async def _read(
    spine: Spine, after: int, event_id: UUID | None, limit: int, wanted: frozenset[str] | None
) -> tuple[list[Any], dict[str, str]] | Response:
    async with spine.db.read() as session:
        head = (await session.execute(_HEAD)).one()
        known: Any = True
        if event_id is not None and 0 < after <= head.position:
            known = await session.scalar(_KNOWN, {"position": after, "id": event_id})
        if after > head.position or not known:
            title = "the log does not have that event"
            body = {"type": "about:blank", "title": title, "status": 409, "epoch": head.epoch, "head": head.position}
            return JSONResponse(body, 409, media_type="application/problem+json")
        events = await read_log(session, spine.names.source(spine.service), after, limit, types=wanted)
    full = len(events) == limit
    until = events[-1].position if full or (events and wanted is None) else head.position
    return events, {HEAD: str(head.position), EPOCH: head.epoch, UNTIL: str(until), "cache-control": "no-store"}


async def _position_of(spine: Spine, event_id: UUID) -> int:
    async with spine.db.read() as session:
        found = await session.scalar(_POSITION, {"id": event_id})
    return int(found) if found is not None else 2**62


def _reader(authorization: str, spine: Spine) -> str | None:
    """A service by the credential it has signed, a partner's system by its fixed one."""
    scheme, _, shown = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    caller = spine.credentials.read(shown, "feed")
    return caller.service if caller else find_partner(spine.settings, shown)


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


_ending = Bell()
_ended = threading.Event()


def end_long_polls_on_sigterm() -> None:
    """Let SIGTERM and SIGINT end every long poll of this process with an empty batch.

    A web server waits for open requests before it runs any shutdown code of ours, so the signal itself must do it;
    the handler that was there is called after. Does nothing off the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if getattr(before, "ends_long_polls", False) or not callable(before):
            continue

        def end(signum: int, frame: FrameType | None, before: Any = before) -> None:
            _ended.set()
            _ending.ring()
            before(signum, frame)

        end.ends_long_polls = True  # type: ignore[attr-defined]
        signal.signal(number, end)


_HEAD = text("SELECT position, epoch FROM log_head")
_KNOWN = text("SELECT EXISTS (SELECT FROM event_log WHERE position = :position AND id = :id)")
_POSITION = text("SELECT position FROM event_log WHERE id = :id")
