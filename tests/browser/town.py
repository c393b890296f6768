"""A running Kasane for the browser: all four services, a few households, and the story played until the doorstep."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

import redis

from services.screenshots import play_to_the_door
from services.seeding import seed_ward
from services.stack import Stack, stack
from services.story.stage import Person, Stage
from services.ward.staff import POST_BY_CODE
from shared import clock
from tests.forms import Fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import BrowserContext

_HOUSEHOLDS = 24
ACCOUNT_KEY = "YnJvd3NlcnMtYnJvd3NlcnMtYnJvd3NlcnMtMzJieXQ="


@dataclass
class Town:
    """Where it runs, and the ids of what the story made: household, case, visit, worker …"""

    base_url: str
    ids: dict[str, str] = field(default_factory=dict)

    async def enter(self, context: BrowserContext, post: str, locale: str = "ja") -> None:
        """Sign a visitor in as the post with this code or id, reading this language."""
        await context.add_cookies([{"name": "kasane_lang", "value": locale, "url": self.base_url}])
        if post:
            wanted = self.ids.get(post, post)
            answer = await context.request.post(f"{self.base_url}/casework/api/session", data={"post": wanted})
            assert answer.ok, await answer.text()


async def asked_files(base_url: str, household: str) -> dict[str, str]:
    """Two disclosure requests: one to look through, about the household's first member, one decided.

    The decided one is about a household whose case is closed, to which nothing happens any more: no clock runs there
    of which somebody would be told, and a change would call for another look.
    """
    coordinator = Person(POST_BY_CODE["coordinator-1"], base_url)
    await coordinator.sign_in()
    listed = (await coordinator.get("/casework/api/cases?state=closed"))["cases"]
    await coordinator.http.aclose()
    others = [one["household"] for one in listed if one["household"] != household and one["protected"] is False]
    manager = Person(POST_BY_CODE["manager-1"], base_url)
    await manager.sign_in()
    html = {"accept": "text/html"}
    found = {}
    for name, of in (("disclosure", household), ("file", others[-1])):
        await manager.http.post(f"/intake/households/{of}/open", data={"reason": "開示請求"}, headers=html)
        member = (await manager.get(f"/intake/api/households/{of}"))["members"][0]["id"]
        taken = {"member": member, "identity_check": "licence", "received_on": clock.today().isoformat()}
        answer = await manager.http.post(f"/intake/disclosures/new/{of}", data=taken, headers=html)
        found[name] = answer.headers["location"].rpartition("/")[2].partition("?")[0]
    path = f"/intake/disclosures/{found['file']}"
    shown = await manager.http.get(f"{path}/review", headers=html)
    await manager.http.post(f"{path}/review", data=Fields(shown.text, f"{path}/review").sent, headers=html)
    await manager.http.post(f"{path}/decide", data={"decision": "partial"}, headers=html)
    await manager.http.aclose()
    return found


@contextmanager
def running_town(postgres_url: str, redis_url: str) -> Iterator[Town]:
    """Run it in a thread with a loop of its own, so that each test may have another."""
    ready, stop = threading.Event(), threading.Event()
    town: list[Town] = []
    failures: list[BaseException] = []

    async def live() -> None:
        async def seed(running: Stack) -> None:
            await seed_ward(running.settings, households=_HOUSEHOLDS)

        number = 1 + int(redis.Redis.from_url(redis_url).incr("kasane:test:number")) % 511
        own_redis = f"{redis_url.rsplit('/', 1)[0]}/{number}"
        prefix = f"browser_{uuid4().hex[:8]}"
        more = {"account_key": ACCOUNT_KEY}
        async with stack(
            postgres_url=postgres_url, redis_url=own_redis, prefix=prefix, overrides=more, seed=seed
        ) as running:
            stage = Stage(running.base_url)
            await play_to_the_door(stage)
            await stage.close()
            person = POST_BY_CODE["manager-1"].person
            files = await asked_files(running.base_url, stage.ids["household"])
            town.append(Town(running.base_url, stage.ids | files | {"person": str(person)}))
            ready.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    if not town:
        raise failures[0]
    try:
        yield town[0]
    finally:
        stop.set()
        thread.join(60)
