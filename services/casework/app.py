"""Wires casework: its routes, what it hears, and the look at the clocks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.casework import api, pages
from services.casework.actions.recalling import sweep_meetings
from services.casework.actions.sweeping import sweep_clocks
from services.casework.actions.tidying import tidy_staff
from services.casework.handlers import subscriptions
from services.casework.queries.disclosure import collect_parts
from services.casework.queries.relations import relate_posts
from shared.web import Periodic, build_service

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.service import Service
    from shared.settings import Settings

FOLDER = Path(__file__).parent


def create_app(settings: Settings) -> FastAPI:
    """The application of casework."""
    return build_service(
        name="casework",
        folder=FOLDER,
        settings=settings,
        subscriptions=subscriptions,
        routers=[*api.routers, *pages.routers],
        periodic=[
            Periodic("clocks", settings.sweep_seconds, _sweep),
            Periodic("meetings", max(settings.sweep_seconds, 60), _recall),
            Periodic("staff", max(settings.sweep_seconds, 60), _tidy),
        ],
        disclose=collect_parts,
        relate=relate_posts,
    )


async def _sweep(service: Service) -> None:
    await sweep_clocks(service.db)


async def _recall(service: Service) -> None:
    await sweep_meetings(service.db)


async def _tidy(service: Service) -> None:
    await tidy_staff(service.db)
