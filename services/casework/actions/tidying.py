"""What casework does by itself about its staff: posts that are over end, what is past is thrown away."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, or_

from services.casework.actions.entering import forget_failures
from services.casework.actions.handing import sweep_posts
from services.casework.tables import AccountLetter, OidcFlow, SignIn
from shared import clock

if TYPE_CHECKING:
    from shared.db import Database

_SIGN_INS_KEPT: Final = timedelta(days=90)
"""How long a person's own list goes back; the audit keeps who signed in for longer."""
_LETTERS_KEPT: Final = timedelta(days=30)


async def tidy_staff(db: Database) -> None:
    """End what is over, forget what is past. Doing it again changes nothing."""
    await sweep_posts(db)
    now = clock.now()
    async with db.transaction() as session:
        await forget_failures(session)
        await session.execute(delete(OidcFlow).where(OidcFlow.expires_at < now))
        await session.execute(delete(AccountLetter).where(AccountLetter.expires_at < now - _LETTERS_KEPT))
        over = or_(SignIn.ended_at < now - _SIGN_INS_KEPT, SignIn.ends_at < now - _SIGN_INS_KEPT)
        await session.execute(delete(SignIn).where(over))
