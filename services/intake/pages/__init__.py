"""HTML of intake: a page, or a fragment of it when htmx asks."""

from services.intake.pages import (
    changes,
    consent_texts,
    consents,
    consultations,
    disclosures,
    disposals,
    fragments,
    households,
    protections,
)

routers = (
    consultations.router,
    households.router,
    changes.router,
    consents.router,
    consent_texts.router,
    fragments.router,
    disclosures.router,
    disposals.router,
    disposals.of_household,
    protections.router,
    protections.of_household,
)

__all__ = ["routers"]
