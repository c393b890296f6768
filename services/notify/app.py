"""notify as an application: its routes, what it hears, what it does by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.notify import api, pages
from services.notify.actions.delivering import deliver_waiting
from services.notify.actions.passing_up import pass_up_unread
from services.notify.handlers import subscriptions
from services.notify.queries.deliveries import count_deliveries
from services.notify.queries.disclosure import collect_parts
from shared.web import Periodic, build_service

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.service import Service
    from shared.settings import Settings

FOLDER = Path(__file__).parent


def create_app(settings: Settings) -> FastAPI:
    """The application of notify."""
    return build_service(
        name="notify",
        folder=FOLDER,
        settings=settings,
        subscriptions=subscriptions,
        routers=[pages.router, api.router],
        periodic=[
            Periodic("pass up", settings.sweep_seconds, _pass_up),
            Periodic("deliver", settings.sweep_seconds, _deliver),
        ],
        deliveries=count_deliveries,
        disclose=collect_parts,
    )


async def _deliver(service: Service) -> None:
    await deliver_waiting(service.db, service.settings)


async def _pass_up(service: Service) -> None:
    await pass_up_unread(service.db, service.settings.read_minutes)
