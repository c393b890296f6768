"""How casework's columns are written down: the base of its tables, and the kinds of column they share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Integer, MetaData, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import NAMING, PYTHON_TO_SQL


class Base(DeclarativeBase):
    """What casework alone has."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = PYTHON_TO_SQL


def no_column() -> Mapped[bool]:
    """False until something happens."""
    return mapped_column(Boolean, server_default=text("false"), default=False)


def zero_column() -> Mapped[int]:
    """A counter."""
    return mapped_column(Integer, server_default=text("0"), default=0)


def words_column() -> Mapped[str]:
    """Text, empty when nothing was written."""
    return mapped_column(Text, server_default=text("''"), default="")


def codes_column() -> Mapped[list[str]]:
    """Codes of a list, none by default."""
    return mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)


def detail_column() -> Mapped[dict[str, Any]]:
    """Further codes as JSON."""
    return mapped_column(JSONB, server_default=text("'{}'"), default=dict)


def of_case_column() -> Mapped[UUID]:
    """The case a row belongs to; erased with it."""
    return mapped_column(ForeignKey("support_case.id", ondelete="CASCADE"), index=True)


def state_in(states: frozenset[str]) -> CheckConstraint:
    """The states a row may be in."""
    allowed = ", ".join(f"'{state}'" for state in sorted(states))
    return CheckConstraint(f"state IN ({allowed})", name="state")
