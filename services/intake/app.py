"""Wires intake: its routes, what it hears, and the daily look at every household's types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.intake import api, pages
from services.intake.daily import look_again_daily
from services.intake.handlers import subscriptions
from shared.web import Periodic, build_service

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.settings import Settings

FOLDER = Path(__file__).parent
_LOOK_EVERY = 900.0


def create_app(settings: Settings) -> FastAPI:
    """The application of intake."""
    return build_service(
        name="intake",
        folder=FOLDER,
        settings=settings,
        subscriptions=subscriptions,
        routers=[api.router, *pages.routers],
        periodic=[Periodic("types", _LOOK_EVERY, look_again_daily)],
    )
