"""The lines of a service's own audit about one household: for the person's file, and without an address."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from sqlalchemy import cast, func, select
from sqlalchemy.types import Date

from shared.audit.rows import AuditEntry
from shared.disclosure.parts import Access
from shared.identity import KnownPost

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


def place_of(origin: str | None) -> Literal["inside", "outside", "unknown"]:
    """Whether an address belongs to a private network (the staff's) or to another; no address leaves the log."""
    try:
        address = ip_address((origin or "").partition("%")[0])
    except ValueError:
        return "unknown"
    return "inside" if address.is_private or address.is_loopback else "outside"


async def list_accesses(session: AsyncSession, service: str, household: UUID) -> list[Access]:
    """Who did what with the household's record: a line for each post, day, action, address, basis and reason."""
    day = cast(func.timezone("Asia/Tokyo", AuditEntry.at), Date)
    same = (AuditEntry.post, AuditEntry.action, AuditEntry.origin, AuditEntry.basis, AuditEntry.reason)
    rows = await session.execute(
        select(*same, func.min(AuditEntry.at), func.max(AuditEntry.at), func.count())
        .where(AuditEntry.household == household)
        .group_by(day, *same)
        .order_by(func.min(AuditEntry.at), AuditEntry.post, AuditEntry.action)
    )
    found = rows.all()
    known = select(KnownPost.post, KnownPost.agency).where(KnownPost.post.in_({row[0] for row in found}))
    agencies: dict[UUID, str] = {post: agency for post, agency in (await session.execute(known)).all()}  # noqa: C416 - a Row is no pair
    return [
        Access(
            service=service,
            post=post,
            agency=agencies.get(post),
            action=action,
            first_at=first,
            last_at=last,
            times=times,
            place=place_of(origin),
            basis=basis,
            reason=reason,
        )
        for post, action, origin, basis, reason, first, last, times in found
    ]
