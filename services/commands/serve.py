"""``./kasane serve SERVICE``: one service as its own process, as the containers run it."""

from __future__ import annotations

import contextlib

import uvicorn
from starlette.applications import Starlette

from services.commands.trouble import Trouble
from services.parts import SERVICES, load_app, settle
from shared.settings import Settings
from shared.telemetry import configure_logging
from shared.web import join

_GRACE_SECONDS = 8


def run(service: str, *, host: str, port: int) -> int:
    """Serve until SIGTERM or Ctrl-C; requests in flight get eight seconds."""
    if service not in SERVICES:
        msg = f"there is no service {service}; there are {', '.join(SERVICES)}"
        raise Trouble(msg)
    configure_logging()
    app: Starlette = join(load_app(service, Settings.load()))
    settle()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):
        server = uvicorn.Server(config)
        server.run()
        return 0 if server.started else 1
    return 0
