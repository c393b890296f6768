"""The JSON API of casework: sessions, cases, sharing, care, board, labels."""

from services.casework.api import boards, care, cases, councils, labels, sessions, sharing

routers = (
    sessions.router,
    sessions.api,
    cases.router,
    sharing.router,
    care.router,
    councils.router,
    boards.router,
    labels.router,
)
"""All routers, to be mounted under ``/casework``."""

__all__ = ["routers"]
