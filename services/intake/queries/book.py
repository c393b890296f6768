"""The rule book of this database: made from the code lists, and again when a row of them is another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from sqlalchemy import text

from services.intake.rules.rulebook import RuleBook
from shared.codes import Codes

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was made of the lists while they were in this state."""

    state: tuple[int, int]
    book: RuleBook
    protecting: frozenset[str]


_READING = "intake.rule_book"
_LAST: WeakKeyDictionary[Engine, _Reading] = WeakKeyDictionary()
_STATE = text("""
    SELECT count(*), coalesce(sum(hashtextextended(concat(list, ' ', code, ' ', xmin), 0)), 0)::text FROM code
""")
"""How many rows there are, and which writing of each: any change, by whomever, makes it another."""


async def rule_book(session: AsyncSession) -> RuleBook:
    """What the codes mean and which thresholds hold, as the ward has them now."""
    return (await _reading(session)).book


async def protecting_flags(session: AsyncSession) -> frozenset[str]:
    """Safety flags that mean a protection (支援措置): whoever ticks one protects at once."""
    return (await _reading(session)).protecting


async def _reading(session: AsyncSession) -> _Reading:
    """Looked for once a session; the lists are read only when they are not as they were the last time."""
    if _READING not in session.info:
        session.info[_READING] = await _look(session)
    return cast("_Reading", session.info[_READING])


async def _look(session: AsyncSession) -> _Reading:
    engine = session.get_bind().engine
    count, writings = (await session.execute(_STATE)).one()
    state = (int(count), int(writings))
    last = _LAST.get(engine)
    if last is not None and last.state == state:
        return last
    codes = await Codes.load(session)  # perhaps newer than the state: then the next look reads them once more
    protecting = frozenset(code for code, entry in codes["SAFETY_FLAG"].items() if entry.attributes.get("protects"))
    _LAST[engine] = found = _Reading(state, RuleBook.from_codes(codes), protecting)
    return found
