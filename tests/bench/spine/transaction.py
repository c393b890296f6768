"""The producer's transaction of everything but the limit: a session of SQLAlchemy with the visit in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, Identity, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.bench.spine.workload import event, visit


class Base(DeclarativeBase):
    """Tables of the bench."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger(),
        str: Text(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }


class Visit(Base):
    """The domain row."""

    __tablename__ = "visit"

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    household: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    planned_at: Mapped[datetime]


class Stated(Base):
    """The event, where the system has no log of its own. ``sent`` is for those with an outbox."""

    __tablename__ = "stated"

    log_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    id: Mapped[UUID]
    type: Mapped[str]
    recorded_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    sent: Mapped[bool] = mapped_column(default=False)


def rows_of(n: int) -> tuple[Visit, Stated]:
    """What the n-th transaction adds to its session."""
    data = event(n)
    return Visit(**visit(n)), Stated(id=uuid4(), type="visit_asked", recorded_at=datetime.now(UTC), data=data)
