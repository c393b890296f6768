"""HTML of intake: a page, or a fragment of it when htmx asks."""

from services.intake.pages import changes, consultations, fragments, households

routers = (consultations.router, households.router, changes.router, fragments.router)

__all__ = ["routers"]
