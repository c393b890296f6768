"""The gallery of all parts, served as a service would serve it: same templates, same headers, same static files."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from shared import i18n
from shared.genogram import Person, draw
from shared.guards import SecurityHeaders
from shared.my_number import strike_out
from tests.browser.chromium import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

FAMILY = [
    Person("f", "父", "", -1, "own", "male", together=False, dead=True),
    Person("m", "フミ", "83", -1, "own", "female"),
    Person("s", "修", "53", 0, "own", "male", centre=True),
    Person("d", "長女", "", 0, "sibling", "female", together=False, guarded=True),
    Person("g", "孫", "21", 1, "own", "unknown", together=False),
]
NOW = datetime(2026, 6, 18, 1, 14, tzinfo=UTC)


@dataclass(frozen=True)
class Somebody:
    """Enough of an actor for the frame."""

    post = "p"
    person = "m"
    name: str = "高梨 恵"
    role: str = "coordinator"
    agency: str = "coordination"


class Desk:
    """What the sample server was told: drafts put, forms posted, labels asked."""

    def __init__(self) -> None:
        self.drafts: dict[str, dict[str, Any]] = {}
        self.posts: list[dict[str, Any]] = []
        self.delay = 0.0
        self.errors: list[dict[str, str]] = []

    def page(self, request: Request) -> Response:
        """The gallery in the reader's language."""
        env = Environment(
            loader=FileSystemLoader(ROOT / "shared" / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        i18n.install(env)
        with i18n.speaking(i18n.locale_of(request)):
            html = env.get_template("gallery.html").render(
                actor=Somebody(),
                request_path="/casework/cases/1",
                service="casework",
                told="受け取りました。",
                errors=self.errors,
                counts={"home": 2, "inbox": 3},
                nav_here=None,
                on_its_way=True,
                family=draw(FAMILY),
                sample_now=NOW,
                sample_due=NOW + timedelta(hours=47, minutes=53),
                sample_day=NOW.date(),
                agencies=[
                    "地域包括", "すこやか", "アウトリーチ", "自立相談", "生活援護", "障害相談",
                    "保健所", "社協", "子ども家庭", "権利擁護", "消費生活",
                ],
            )  # fmt: skip
        return HTMLResponse(html)

    async def labels(self, request: Request) -> Response:
        """A name for every id."""
        asked = await request.json()
        return JSONResponse({one: f"名前 {one}" for ids in asked.values() for one in ids})

    async def count(self, _: Request) -> Response:
        """What waits in the inbox."""
        return JSONResponse({"waiting": 3, "late": 1})

    async def draft(self, request: Request) -> Response:
        """PUT, GET and DELETE of drafts, as ``shared.drafts`` answers them."""
        draft_id = request.path_params.get("draft_id")
        if request.method == "GET":
            return JSONResponse([{"id": key, **value} for key, value in self.drafts.items()])
        if request.method == "DELETE":
            self.drafts.pop(str(draft_id), None)
            return Response(status_code=204)
        body = await request.json()
        fields = {name: strike_out(text) if isinstance(text, str) else text for name, text in body["fields"].items()}
        self.drafts[str(draft_id)] = {"form": "gallery", "fields": fields, "saved_at": NOW.isoformat()}
        return JSONResponse({"id": draft_id, **self.drafts[str(draft_id)]})

    async def post(self, request: Request) -> Response:
        """Takes a form, slowly when told to, and answers with the gallery."""
        self.posts.append(dict(await request.form()))
        await asyncio.sleep(self.delay)
        return self.page(request)

    def app(self) -> Starlette:
        """The sample service."""
        return Starlette(
            routes=[
                Route("/gallery", self.page),
                Route("/gallery", self.post, methods=["POST"]),
                Route("/gallery/drafts/gallery", self.draft),
                Route("/gallery/drafts/gallery/{draft_id}", self.draft, methods=["PUT", "DELETE"]),
                Route("/notify/api/count", self.count),
                Route("/casework/labels", self.labels, methods=["POST"]),
                Route("/intake/labels", self.labels, methods=["POST"]),
                Mount("/static", StaticFiles(directory=ROOT / "shared" / "static")),
            ],
            middleware=[Middleware(SecurityHeaders)],
        )


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve ``app`` on a free port in a thread; give its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not (server.started and server.servers):
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
