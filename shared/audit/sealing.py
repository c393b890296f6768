"""The sealer: gives audit rows their numbers and hashes, a second or so after the requests that wrote them.

A request only inserts its rows, so requests never queue for the chain. One sealer at a time, by an advisory lock that
lasts as long as its transaction; every replica has one, and whoever comes second does nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select, text

from shared.audit.chain import Sealable, genesis, link
from shared.audit.rows import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database

BATCH = 1000
LOOKS = 1.0
"""Seconds between two looks: rows that come together are sealed together."""

_SEALER_LOCK = 8050_0004
_LONGEST_PAUSE = 30.0

log = structlog.get_logger()

SEALED_PARTS = (
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.post,
    AuditEntry.person,
    AuditEntry.action,
    AuditEntry.household,
    AuditEntry.basis,
    AuditEntry.reason,
    AuditEntry.origin,
)
"""The columns of a :class:`Sealable`, in its order."""

_SEAL = text("""
    UPDATE audit_entry SET number = sealed.number, hash = sealed.hash
    FROM unnest(CAST(:ids AS bigint[]), CAST(:numbers AS bigint[]), CAST(:hashes AS bytea[]))
        AS sealed (id, number, hash)
    WHERE audit_entry.id = sealed.id AND audit_entry.number IS NULL
""")


async def chain_head(session: AsyncSession, service: str) -> tuple[int, bytes]:
    """Number and hash of the last sealed row; (0, genesis) before the first."""
    found: Any = (
        await session.execute(
            select(AuditEntry.number, AuditEntry.hash)
            .where(AuditEntry.number.is_not(None))
            .order_by(AuditEntry.number.desc())
            .limit(1)
        )
    ).first()
    return (found[0], found[1]) if found is not None else (0, genesis(service))


async def seal(db: Database, service: str, *, most: int = BATCH) -> int:
    """Seal up to ``most`` rows in one transaction; how many. 0 also while another replica is at it."""
    async with db.transaction() as session:
        if not await session.scalar(select(text(f"pg_try_advisory_xact_lock({_SEALER_LOCK})"))):
            return 0
        waiting = select(*SEALED_PARTS).where(AuditEntry.number.is_(None)).order_by(AuditEntry.id).limit(most)
        rows: Sequence[Any] = (await session.execute(waiting)).all()
        if rows:
            await session.execute(_SEAL, _sealed(rows, *await chain_head(session, service)))
        return len(rows)


def _sealed(rows: Sequence[Any], number: int, previous: bytes) -> dict[str, list[object]]:
    ids: list[object] = []
    numbers: list[object] = []
    hashes: list[object] = []
    for number_now, row in enumerate(rows, start=number + 1):
        previous = link(previous, number_now, Sealable(*row))
        ids.append(row.id)
        numbers.append(number_now)
        hashes.append(previous)
    return {"ids": ids, "numbers": numbers, "hashes": hashes}


class Sealer:
    """One replica's sealer of one service; ``run`` until cancelled."""

    def __init__(self, db: Database, service: str) -> None:
        self._db = db
        self._service = service

    async def run(self) -> None:
        """Seal what has come, for ever; a database that is away is waited for."""
        pause = LOOKS
        while True:
            try:
                sealed = await seal(self._db, self._service)
                pause = 0.0 if sealed == BATCH else LOOKS
            except Exception as error:  # noqa: BLE001 - it must outlive whatever it meets; nothing is lost meanwhile
                pause = min(max(pause, LOOKS) * 2, _LONGEST_PAUSE)
                log.warning("the audit was not sealed", service=self._service, error=type(error).__name__)
            await asyncio.sleep(pause)
