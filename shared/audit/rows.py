"""The rows of the log and of what is kept of the others' logs, and the one way to write one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, insert, text
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.audit.origin import current_origin
from shared.db import SharedBase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor


class AuditEntry(SharedBase):
    """One look or one deed. Triggers let a row in without a number, and be given number and hash once: nothing else."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_unsealed", "id", postgresql_where=text("number IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    post: Mapped[UUID] = mapped_column(index=True)
    person: Mapped[UUID] = mapped_column(index=True)
    action: Mapped[str]
    """A verb: ``view``, ``label``, ``search``, ``export``, ``sign_in`` … (``shared/audit/words.py``)"""
    household: Mapped[UUID | None] = mapped_column(index=True)
    basis: Mapped[str | None]
    """The legal ground, or how it was done: a code."""
    reason: Mapped[str | None]
    """What the person gave as the reason."""
    origin: Mapped[str | None]
    """The network address of the browser or program, as the edge tells it."""
    number: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    """Its place in the chain: 1, 2, 3 … without a gap. None until it is sealed, within seconds."""
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    """SHA-256 over the hash before it and the row."""


class AuditAnchor(SharedBase):
    """What another service's heart-beat said of the head of its chain. Kept for good: a chain can't be made again."""

    __tablename__ = "audit_anchor"

    service: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    seen_at: Mapped[datetime]


async def note(
    session: AsyncSession,
    actor: Actor,
    action: str,
    households: Iterable[UUID | None] = (None,),
    basis: str | None = None,
    *,
    reason: str | None = None,
) -> None:
    """Write down that ``actor`` did ``action`` to each of ``households`` (or to none in particular)."""
    now, origin = clock.now(), current_origin()
    rows = [
        {
            "at": now,
            "post": actor.post,
            "person": actor.person,
            "action": action,
            "household": household,
            "basis": basis,
            "reason": reason,
            "origin": origin,
        }
        for household in households
    ]
    if rows:
        with session.no_autoflush:  # what the deed has changed goes to the database when it is done
            await session.execute(insert(AuditEntry), rows)
