"""The rule book of this database: read from the code lists once a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from services.intake.rules.rulebook import RuleBook
from shared.codes import Codes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_BOOK, _PROTECTING = "intake.rule_book", "intake.protecting_flags"


async def rule_book(session: AsyncSession) -> RuleBook:
    """What the codes mean and which thresholds hold, as the ward has them now."""
    if _BOOK not in session.info:
        await _read(session)
    return cast("RuleBook", session.info[_BOOK])


async def protecting_flags(session: AsyncSession) -> frozenset[str]:
    """Safety flags that mean a protection (支援措置): whoever ticks one protects at once."""
    if _PROTECTING not in session.info:
        await _read(session)
    return cast("frozenset[str]", session.info[_PROTECTING])


async def _read(session: AsyncSession) -> None:
    codes = await Codes.load(session)
    session.info[_BOOK] = RuleBook.from_codes(codes)
    session.info[_PROTECTING] = frozenset(
        code for code, entry in codes["SAFETY_FLAG"].items() if entry.attributes.get("protects")
    )
