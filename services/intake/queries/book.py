"""The rule book of this database: read from the code lists once a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from services.intake.rules.rulebook import RuleBook
from shared.codes import Codes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_KEPT = "intake.rule_book"


async def rule_book(session: AsyncSession) -> RuleBook:
    """What the codes mean and which thresholds hold, as the ward has them now."""
    book = session.info.get(_KEPT)
    if book is None:
        book = session.info[_KEPT] = RuleBook.from_codes(await Codes.load(session))
    return cast("RuleBook", book)
