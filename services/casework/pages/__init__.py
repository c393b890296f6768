"""The pages of casework: sign-in, what waits for me, cases, requests, the board; pieces for other pages."""

from services.casework.pages import (
    board,
    cases,
    deciding,
    doing,
    fragments,
    home,
    invitation,
    listing,
    operations,
    taps,
)

routers = (
    home.router,
    listing.router,
    cases.router,
    doing.router,
    deciding.router,
    taps.router,
    invitation.router,
    board.router,
    fragments.router,
    operations.router,
)
"""All routers, to be mounted under ``/casework``."""
