"""Wires intake: its routes, what it hears, and the daily looks at every household's types and age."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.intake import api, pages
from services.intake.actions.consent_days import keep_days_of_consents
from services.intake.daily import list_what_has_become_due, look_again_daily, warn_of_protections
from services.intake.handlers import subscriptions
from services.intake.queries.relations import relate_posts
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
        routers=[*api.routers, *pages.routers],
        periodic=[
            Periodic("types", _LOOK_EVERY, look_again_daily),
            Periodic("consents", _LOOK_EVERY, keep_days_of_consents),
            Periodic("protections", _LOOK_EVERY, warn_of_protections),
            Periodic("retention", 4 * _LOOK_EVERY, list_what_has_become_due),
        ],
        relate=relate_posts,
    )
