"""How long what is no record is kept (half-written forms, keys, sign-ins …): the code list KEPT, with dates.

Every service has the list (``shared/lists/kept.csv``); the ward may edit it. Records of households have their own
periods in intake and go by the disposal list alone.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import clock
from shared.codes import code_list, read_codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

LIST = "KEPT"


def holds_on(attributes: Mapping[str, Any], day: date) -> bool:
    """Whether a dated entry of a code list is valid on ``day``: ``valid_from`` and ``valid_until``, both inclusive."""
    since, until = attributes.get("valid_from"), attributes.get("valid_until")
    return (since is None or date.fromisoformat(since) <= day) and (until is None or day <= date.fromisoformat(until))


async def days_kept(session: AsyncSession, what: str) -> timedelta:
    """How long ``what`` is kept as from today; read once a session.

    An entry speaks of its own code, or of ``what`` in its attributes: so a later one may follow from its day on.
    Where the ward has none that is valid, the one that came with Kasane holds. LookupError for what nobody knows.
    """
    today = clock.today()
    here = [(row.code, row.attributes) for row in (await code_list(session, LIST)).values() if row.active]
    for code, attributes in (*here, *_came_with_kasane()):
        if attributes.get("what", code) == what and holds_on(attributes, today):
            return timedelta(days=int(attributes["days"]))
    raise LookupError(what)


@cache
def _came_with_kasane() -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple((entry.code, entry.attributes) for entry in read_codes(Path(__file__).parent / "lists"))
