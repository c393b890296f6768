"""How a service meets people: one FastAPI application a service, its pages, its refusals, its lifespan.

``build_service`` wires a service; ``join`` mounts one or more of them under their prefixes in one process, so that the
addresses are the same whether the four run alone behind an edge or together in the demo.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.staticfiles import StaticFiles
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from shared import drafts, i18n
from shared.answers import answer_outside, install_answers
from shared.audit import routes as audit
from shared.audit.origin import Origin
from shared.audit.sealing import Sealer
from shared.codes import Codes
from shared.db import Database
from shared.disclosure import routes as disclosure
from shared.guards import AddressLimit, BodyLimit, CrossSiteGuard, HostGuard, SecurityHeaders, known_hosts
from shared.identity import Tokens
from shared.limits import Limits
from shared.operations import routes as operations
from shared.operations.metrics import measure
from shared.pages import page
from shared.service import Here, Service, wait_for_after
from shared.spine import Spine, Subscriptions, feed_router
from shared.telemetry import AccessLog, Metrics
from shared.tidying import TIDY_EVERY, tidy_service
from shared.typed import refuse_my_number

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from shared.audit.weekly import Relate
    from shared.operations import CountDeliveries
    from shared.service import Disclose
    from shared.settings import Settings

__all__ = ["Periodic", "build_service", "join", "page"]

_SHARED = Path(__file__).parent
_START_TRIES = 60
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something a service does by itself: ``work`` every ``seconds`` (a stand-by replica may do it too)."""

    name: str
    seconds: float
    work: Callable[[Service], Awaitable[object]]


def build_service(
    *,
    name: str,
    folder: Path,
    settings: Settings,
    subscriptions: Subscriptions,
    routers: Sequence[APIRouter],
    periodic: Sequence[Periodic] = (),
    deliveries: CountDeliveries | None = None,
    disclose: Disclose | None = None,
    relate: Relate | None = None,
) -> FastAPI:
    """The application of one service. ``folder`` holds its ``templates`` and ``codes``.

    ``deliveries``: how the operator's page counts what this service sends out, where it does. ``disclose``: how it
    collects what it holds about a household for a disclosure request. ``relate``: how it knows who belongs with which
    household, for the weekly look at the audit.
    """
    metrics = Metrics(name)
    limits = Limits() if settings.rate_limits else None
    db = Database(settings.database_url, pool_size=settings.pool_size)
    service = Service(
        name=name,
        settings=settings,
        folder=folder,
        db=db,
        spine=Spine(settings, name, db, subscriptions),
        tokens=Tokens(settings),
        templates=_templates(folder),
        metrics=metrics,
        codes=Codes([]),
        deliveries=deliveries,
        disclose=disclose,
        relate=relate,
    )
    app = FastAPI(
        title=f"Kasane {name}",
        docs_url=None,
        redoc_url=None,
        lifespan=lambda _: _living(service, (*periodic, Periodic("tidy", TIDY_EVERY, tidy_service))),
        dependencies=[Depends(refuse_my_number), Depends(wait_for_after)],
        middleware=[
            Middleware(AccessLog, metrics=metrics),
            Middleware(Origin),
            Middleware(SecurityHeaders),
            Middleware(HostGuard, known=known_hosts(settings)),
            Middleware(AddressLimit, limits=limits),
            Middleware(CrossSiteGuard),
            Middleware(BodyLimit, most=settings.max_body_bytes),
        ],
    )
    app.state.service = service
    app.state.limits = limits
    install_answers(app)
    for router in (*routers, drafts.router, feed_router(), operations.router, audit.router, _about):
        app.include_router(router)
    if disclose is not None:
        app.include_router(disclosure.router)
    return app


@asynccontextmanager
async def _living(service: Service, periodic: Sequence[Periodic]) -> AsyncIterator[None]:
    await _until_ready(service)
    await service.spine.start()
    tasks = [asyncio.create_task(_repeat(service, job), name=f"{service.name}:{job.name}") for job in periodic]
    tasks.append(asyncio.create_task(Sealer(service.db, service.name).run(), name=f"{service.name}:sealer"))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await service.spine.stop()
        await service.db.close()


async def _until_ready(service: Service) -> None:
    """Code lists are the first thing read; a database that is still starting gets a minute."""
    for attempt in range(_START_TRIES):
        try:
            await service.load_codes()
        except Exception as error:
            if attempt == _START_TRIES - 1:
                raise
            log.warning("database not ready", service=service.name, error=type(error).__name__)
            await asyncio.sleep(1)
        else:
            return


async def _repeat(service: Service, job: Periodic) -> None:
    while True:
        try:
            await job.work(service)
        except Exception as error:  # noqa: BLE001 - a sweep that fails is tried again; its class is all we may log
            log.warning("periodic work failed", service=service.name, job=job.name, error=type(error).__name__)
        await asyncio.sleep(job.seconds)


@cache
def _templates(folder: Path) -> Environment:
    """One for all applications of a process that have this folder: compiling a page takes longer than rendering it."""
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder / "templates"), FileSystemLoader(_SHARED / "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    i18n.install(environment)
    return environment


_about = APIRouter(tags=["about"])


@_about.get("/health", responses={503: {"description": "It can't: its database does not answer."}})
async def tell_health(here: Here) -> JSONResponse:
    """Whether the service can do its work; without personal data, so without sign-in."""
    status = await here.spine.health()
    return JSONResponse(status, status_code=200 if status["ok"] else 503)


@_about.get("/metrics", include_in_schema=False)
async def tell_metrics(here: Here) -> Response:
    """Prometheus metrics: routes, counts and times, the state of the spine; no ids."""
    return Response(await measure(here), media_type=CONTENT_TYPE_LATEST)


def join(*apps: FastAPI) -> Starlette:
    """Mount services under ``/<name>`` beside ``/static``; ``/`` leads home. Each one's lifespan is entered here."""

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in apps:
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    async def home(_: Request) -> Response:
        return RedirectResponse("/casework/", status_code=303)

    async def lead_to_operations(_: Request) -> Response:
        return RedirectResponse("/casework/operations", status_code=303)

    async def icon(_: Request) -> Response:
        return RedirectResponse("/static/favicon.svg", status_code=308)

    mounts = [Mount(f"/{app.state.service.name}", app) for app in apps]
    static = Mount("/static", _Static(directory=_SHARED / "static"))
    with suppress(RuntimeError):
        (_SHARED / "static" / "vendor").mkdir(exist_ok=True)
    return Starlette(
        routes=[
            *mounts,
            static,
            Route("/", home),
            Route("/operations", lead_to_operations),
            Route("/favicon.ico", icon),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={HTTPException: answer_outside},
        lifespan=living,
    )


class _Static(StaticFiles):
    """Style sheets, scripts and pictures: asked for again after an hour, answered by ETag."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "public, max-age=3600"
        return response
