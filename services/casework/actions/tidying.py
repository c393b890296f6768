"""What casework does by itself about its staff: posts that are over end, what is past is thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, or_

from services.casework.actions.entering import forget_failures
from services.casework.actions.handing import sweep_posts
from services.casework.tables import AccountLetter, OidcFlow, SignIn
from shared import clock
from shared.periods import days_kept

if TYPE_CHECKING:
    from shared.db import Database


async def tidy_staff(db: Database) -> None:
    """End what is over, forget what is past. Doing it again changes nothing."""
    await sweep_posts(db)
    now = clock.now()
    async with db.transaction() as session:
        await forget_failures(session)
        sign_ins, letters = await days_kept(session, "sign_in"), await days_kept(session, "account_letter")
        await session.execute(delete(OidcFlow).where(OidcFlow.expires_at < now))
        await session.execute(delete(AccountLetter).where(AccountLetter.expires_at < now - letters))
        over = or_(SignIn.ended_at < now - sign_ins, SignIn.ends_at < now - sign_ins)
        await session.execute(delete(SignIn).where(over))
