"""Who saw, searched, exported or changed what, when, in which post: append-only, ids alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, Identity, insert
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.db import SharedBase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor


class AuditEntry(SharedBase):
    """One look or one deed. The database role of the service may insert here and nothing else is ever offered."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    post: Mapped[UUID]
    person: Mapped[UUID]
    action: Mapped[str]
    """A verb: ``view``, ``label``, ``search``, ``export``, ``sign_in`` …"""
    household: Mapped[UUID | None] = mapped_column(index=True)
    basis: Mapped[str | None]


async def note(
    session: AsyncSession,
    actor: Actor,
    action: str,
    households: Iterable[UUID | None] = (None,),
    basis: str | None = None,
) -> None:
    """Write down that ``actor`` did ``action`` to each of ``households`` (or to none in particular)."""
    now = clock.now()
    rows = [
        {
            "at": now,
            "post": actor.post,
            "person": actor.person,
            "action": action,
            "household": household,
            "basis": basis,
        }
        for household in households
    ]
    if rows:
        await session.execute(insert(AuditEntry), rows)
