"""What the services keep of one another's audit chains, so that no chain can be cut or made again unseen.

Every minute the heart-beat of a service says the number and the hash of its last sealed row, and the next service of
the ring keeps that. A number that goes back, or the same number with another hash, is an incident at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from shared import clock
from shared.audit.rows import AuditAnchor
from shared.audit.sealing import chain_head

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def say_head(session: AsyncSession, service: str) -> tuple[int | None, str | None]:
    """What a heart-beat says of the service's own chain: number and hash (hex) of its last row, if there is one."""
    number, digest = await chain_head(session, service)
    return (number, digest.hex()) if number else (None, None)


async def keep_anchor(session: AsyncSession, service: str, number: int | None, digest: str | None) -> bool:
    """Keep what another service's heart-beat said; whether it agrees with what it has said before.

    Doing it again changes nothing.
    """
    if number is None or digest is None:
        return True
    said = bytes.fromhex(digest)
    last = await session.scalar(select(func.max(AuditAnchor.number)).where(AuditAnchor.service == service)) or 0
    row = {"service": service, "number": number, "hash": said, "seen_at": clock.now()}
    await session.execute(insert(AuditAnchor).values(row).on_conflict_do_nothing())
    kept = await session.scalar(
        select(AuditAnchor.hash).where(AuditAnchor.service == service, AuditAnchor.number == number)
    )
    return number >= last and kept == said
