"""Whatever a request holds, it leaves one line in the log, and the line is JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.telemetry import AccessLog, Metrics, configure_logging


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log of this test; afterwards structlog is as it was."""
    before = structlog.get_config()
    stream = io.StringIO()
    configure_logging(stream=stream)
    yield stream
    structlog.configure(**before)


@pytest.mark.parametrize(
    "path", ["/%0A%7B%22level%22:%22info%22%7D", "/%0D%0Aroot", "/x?q=%0A", "/%1B[31m", "/%E2%80%A8line", "/%00"]
)
async def test_no_request_adds_a_line_of_its_own(lines: io.StringIO, path: str) -> None:
    async def well(_: object) -> PlainTextResponse:
        return PlainTextResponse("")

    routes = [Route("/{rest:path}", well)]
    app = Starlette(routes=routes, middleware=[Middleware(AccessLog, metrics=Metrics("intake"))])
    headers = {"traceparent": "00-\t{}", "user-agent": "x\ty"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward.test") as client:
        await client.get(path, headers=headers)
    (line,) = lines.getvalue().splitlines()
    told = json.loads(line)
    assert told["event"] == "request"
    assert "\x1b" not in line
    assert "{rest" in told["route"] or told["route"] == "-", "the template, not what was asked"
