from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.events import BLANK, Envelope
from shared.events.intake import DuplicateSuspected, HouseholdChanged
from shared.keys import make_key
from shared.spine import feed as feed_module
from shared.spine import hold, record
from shared.spine.follow import FeedAwayError, FeedGoneBackError
from tests.spine.rig import KEYS, Node, Rig, Showing, caught_up, change, noting, running, until


@pytest.fixture
async def intake(rig: Rig) -> Node:
    node = await rig.node("intake")
    await node.run("INSERT INTO probe VALUES ('intake', gen_random_uuid(), now(), now())")  # no heart-beat for now
    return node


def client(node: Node, reader: str = "casework", **changed: Any) -> httpx.AsyncClient:
    own = {"service_key": KEYS[reader]} if reader in KEYS else {}
    settings = node.spine.settings.model_copy(update={**own, **changed})
    auth = Showing(settings, reader) if reader else None
    return httpx.AsyncClient(transport=httpx.ASGITransport(node.app), base_url="http://intake", auth=auth)


async def placed(node: Node, count: int) -> None:
    async def there() -> bool:
        return bool(await node.one("SELECT position FROM log_head") == count)

    await until(there, f"{count} placed")


async def test_a_stranger_is_refused(intake: Node) -> None:
    async with client(intake, "") as http:
        assert (await http.get("/events")).status_code == 401
    async with client(intake, service_key=make_key()) as http:  # casework's name under another key
        assert (await http.get("/events")).status_code == 401
    async with client(intake, "casework", municipality="131016") as http:  # another ward's casework
        assert (await http.get("/events")).status_code == 401
    async with client(intake, "intake") as http:  # a credential, but no list
        assert (await http.get("/events")).status_code == 401


async def test_a_batch_in_order_with_limit(intake: Node) -> None:
    async with running(intake), client(intake) as http:
        ids = [await change(intake.db, uuid4(), str(n)) for n in range(5)]
        await placed(intake, 5)
        answer = await http.get("/events", params={"after": 1, "limit": 2})
        assert answer.headers["content-type"] == "application/cloudevents-batch+json"
        assert answer.headers["kasane-head"] == "5"
        assert answer.headers["kasane-until"] == "3"
        events = [Envelope.from_cloudevent(event) for event in answer.json()]
        assert [event.id for event in events] == ids[1:3]
        assert events[0].previous == ids[0]
        by_id = await http.get("/events", params={"lastEventId": str(ids[3])})
        assert [event["id"] for event in by_id.json()] == [str(ids[4])]
        for wrong in ({"after": -1}, {"limit": 0}, {"limit": 10**6}, {"timeout": 999}, {"lastEventId": "x"}):
            assert (await http.get("/events", params=wrong)).status_code == 422


async def test_what_a_reader_may_not_have_is_blank(intake: Node) -> None:
    one, other = uuid4(), uuid4()
    async with running(intake), client(intake) as http:
        async with intake.db.transaction() as session:
            await hold(session, one, other)
            await record(session, DuplicateSuspected(household=one, other=other, score=90))
        await placed(intake, 1)
        (event,) = (await http.get("/events")).json()
        assert event["type"] == BLANK
        assert event["position"] == 1
        assert event["data"] == {}
        assert str(one) not in str(event)
        types = "intake.duplicate_suspected,intake.household_changed"
        narrowed = await http.get("/events", params={"types": types})
        assert narrowed.json() == []
        assert narrowed.headers["kasane-until"] == "1"


async def test_a_long_poll_ends_with_the_event(intake: Node) -> None:
    async with running(intake), client(intake) as http:
        poll = asyncio.create_task(http.get("/events", params={"timeout": 20}))
        await asyncio.sleep(0.3)
        assert not poll.done()
        await change(intake.db, uuid4(), "1")
        answer = await asyncio.wait_for(poll, 10)
        assert len(answer.json()) == 1


async def test_a_long_poll_ends_empty_when_the_service_stops(intake: Node) -> None:
    async with client(intake) as http, running(intake):
        poll = asyncio.create_task(http.get("/events", params={"timeout": 20}))
        await asyncio.sleep(0.3)
        feed_module._ended.set()  # what the signal's handler does
        feed_module._ending.ring()
        try:
            assert (await asyncio.wait_for(poll, 5)).json() == []
        finally:
            feed_module._ended.clear()


async def test_a_reader_beyond_the_head_is_told(intake: Node) -> None:
    async with running(intake), client(intake) as http:
        await change(intake.db, uuid4(), "1")
        await placed(intake, 1)
        answer = await http.get("/events", params={"after": 2})
        assert answer.status_code == 409
        assert answer.json()["head"] == 1
        assert (await http.get("/events", params={"after": 1, "lastEventId": str(uuid4())})).status_code == 409
        assert (await http.get("/events", params={"lastEventId": str(uuid4())})).status_code == 409


async def test_the_client_says_what_is_wrong(rig: Rig, intake: Node) -> None:
    casework = await rig.node("casework")
    async with running(intake):
        await change(intake.db, uuid4(), "1")
        await placed(intake, 1)
        page = await casework.spine.feed.fetch("intake", 0)
        assert (len(page.events), page.head, page.until) == (1, 1, 1)
        with pytest.raises(FeedGoneBackError):
            await casework.spine.feed.fetch("intake", 7)
        rig.doors.shut.add("intake")
        with pytest.raises(FeedAwayError):
            await casework.spine.feed.fetch("intake", 0)
        with pytest.raises(FeedAwayError):
            await casework.spine.feed.fetch("nowhere", 0)


async def test_a_reader_whose_stream_is_stuck_asks_the_feed(rig: Rig, intake: Node) -> None:
    """The relay can't append (another key lies in the way of ours): the feed has the last word."""
    casework = await rig.node(noting())
    intake.spine.relay._stream = None
    async with running(intake, casework):
        async with intake.db.transaction() as session:
            home = uuid4()
            await hold(session, home)
            await record(session, HouseholdChanged(household=home, number="1"))
        await caught_up(intake, casework)
    assert len(await casework.effects()) == 1
