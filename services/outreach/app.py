"""outreach as an application: its routes, what it hears, what it does by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.outreach import api
from services.outreach.actions.watching import look_for_missing_workers, look_for_silence
from services.outreach.handlers import subscriptions
from services.outreach.pages import routers
from services.outreach.queries.disclosure import collect_parts
from services.outreach.queries.relations import relate_posts
from shared.web import Periodic, build_service

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.service import Service
    from shared.settings import Settings

FOLDER = Path(__file__).parent


def create_app(settings: Settings) -> FastAPI:
    """The application of outreach."""
    return build_service(
        name="outreach",
        folder=FOLDER,
        settings=settings,
        subscriptions=subscriptions,
        routers=[*routers, api.router],
        periodic=[Periodic("watch", settings.sweep_seconds, _watch)],
        disclose=collect_parts,
        relate=relate_posts,
    )


async def _watch(service: Service) -> None:
    await look_for_missing_workers(service.db)
    await look_for_silence(service.db, service.codes)
