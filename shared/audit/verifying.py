"""Checks a service's audit chain from its first row, and against what the other services keep of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select

from shared.audit.chain import Sealable, genesis, link
from shared.audit.rows import AuditAnchor, AuditEntry
from shared.audit.sealing import SEALED_PARTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database

_PORTION = 5000

Kind = Literal["missing", "changed", "replaced", "cut"]


@dataclass(frozen=True, slots=True)
class Break:
    """The first row that is not as it was written. ``number``: its place in the chain; ``id``: of the row there now.

    missing: the row was taken out. changed: it does not fit its hash or its place (changed, inserted or moved).
    replaced: the chain fits itself, but ``witness`` has kept another hash for it. cut: rows up to at least ``seen``
    were there, as ``witness`` knows.
    """

    kind: Kind
    number: int
    id: int | None = None
    witness: str | None = None
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """What one service (``witness``) keeps of another's chain."""

    witness: str
    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. ``rows``: sealed rows read; ``unsealed``: rows that wait for their number; ``head``: hex."""

    service: str
    rows: int
    unsealed: int
    head: str
    anchors: int
    broken: Break | None


async def read_anchors(db: Database, witness: str) -> dict[str, list[Anchor]]:
    """What ``witness`` keeps of the others' chains, by service."""
    found: dict[str, list[Anchor]] = {}
    async with db.read() as session:
        for row in await session.scalars(select(AuditAnchor).order_by(AuditAnchor.number)):
            found.setdefault(row.service, []).append(Anchor(witness, row.number, row.hash))
    return found


async def verify_chain(db: Database, service: str, anchors: Sequence[Anchor] = ()) -> Verdict:
    """Read the whole chain once, in one snapshot."""
    kept: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        kept.setdefault(anchor.number, []).append(anchor)
    async with db.read() as session:
        unsealed = await session.scalar(select(func.count()).where(AuditEntry.number.is_(None))) or 0
        number, head, broken = 0, genesis(service), None
        async for row in _sealed_rows(session):
            broken = _judge(row, number + 1, head, kept)
            if broken is not None:
                break
            number, head = number + 1, row.hash
    if broken is None:
        later = [anchor for anchor in anchors if anchor.number > number]
        if later:
            last = max(later, key=lambda anchor: anchor.number)
            broken = Break("cut", number + 1, witness=last.witness, seen=last.number)
    return Verdict(service, number, unsealed, head.hex(), len(anchors), broken)


def _judge(row: Any, expected: int, head: bytes, kept: Mapping[int, Sequence[Anchor]]) -> Break | None:
    if row.number > expected:
        return Break("missing", expected)
    if row.number != expected or row.hash != link(head, expected, Sealable(*row[: len(SEALED_PARTS)])):
        return Break("changed", expected, row.id)
    differs = next((anchor for anchor in kept.get(expected, ()) if anchor.hash != row.hash), None)
    return None if differs is None else Break("replaced", expected, row.id, differs.witness)


async def _sealed_rows(session: AsyncSession) -> AsyncIterator[Any]:
    """By number, a portion at a time; a number that stands twice comes twice."""
    after, last_id = 0, 0
    while True:
        portion = (
            await session.execute(
                select(*SEALED_PARTS, AuditEntry.number, AuditEntry.hash)
                .where(
                    AuditEntry.number.is_not(None),
                    (AuditEntry.number > after) | ((AuditEntry.number == after) & (AuditEntry.id > last_id)),
                )
                .order_by(AuditEntry.number, AuditEntry.id)
                .limit(_PORTION)
            )
        ).all()
        for row in portion:
            yield row
        if len(portion) < _PORTION:
            return
        after, last_id = portion[-1].number, portion[-1].id
