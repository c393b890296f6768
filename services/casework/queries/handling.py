"""What the rules of sharing need to know of a ground and of whom it would let know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.casework.rules import sharing
from shared.codes import code_list, find_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.tables import Agency


async def find_basis(session: AsyncSession, code: str) -> sharing.Basis | None:
    """A ground in law that may be chosen; None when there is none of this code."""
    row = await find_code(session, "BASIS", code)
    return sharing.Basis.read(row.code, row.attributes) if row is not None and row.active else None


async def wanted_from(session: AsyncSession, agency: Agency, way: str, items: Iterable[str]) -> sharing.Wanted:
    """What would be told to an agency, with how it must handle personal data."""
    kind = await find_code(session, "AGENCY_KIND", agency.kind)
    handling = str(kind.attributes.get("handling", "private")) if kind is not None else "private"
    return sharing.Wanted(agency.code, agency.kind, way, frozenset(items), handling)


async def every_item(session: AsyncSession) -> list[str]:
    """All classes of item (CONSENT_ITEM) that may be chosen."""
    return [code for code, row in (await code_list(session, "CONSENT_ITEM")).items() if row.active]


async def known_items(session: AsyncSession, asked: Iterable[str]) -> list[str]:
    """Those of ``asked`` that are classes of item, in order."""
    wanted = set(asked)
    return [code for code in await every_item(session) if code in wanted]
