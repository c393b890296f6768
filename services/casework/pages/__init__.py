"""The pages of casework: sign-in, what waits for me, cases, requests, the board; pieces for other pages."""

from services.casework.pages import (
    audit,
    board,
    cases,
    council,
    deciding,
    doing,
    fragments,
    home,
    invitation,
    listing,
    me,
    operations,
    people,
    providing,
    signing,
    still,
    taps,
    unusual,
)

routers = (
    home.router,
    signing.router,
    providing.router,
    me.router,
    people.router,
    listing.router,
    cases.router,
    doing.router,
    deciding.router,
    taps.router,
    invitation.router,
    council.router,
    board.router,
    fragments.router,
    still.router,
    operations.router,
    unusual.router,
    audit.router,
)
"""All routers, to be mounted under ``/casework``."""
