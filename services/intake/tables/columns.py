"""How intake's tables are written: their base, and the columns that many of them have."""

from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Integer, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import NAMING, PYTHON_TO_SQL


class Base(DeclarativeBase):
    """What intake alone has."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = PYTHON_TO_SQL


def id_column() -> Mapped[UUID]:
    """The key."""
    return mapped_column(Uuid, primary_key=True)


def words_column(*, default: str = "") -> Mapped[str]:
    """Text or a code that is never absent."""
    return mapped_column(Text, server_default=text(f"'{default}'"), default=default)


def codes_column() -> Mapped[list[str]]:
    """Codes of a list, in their order."""
    return mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)


def traits_column() -> Mapped[dict[str, Any]]:
    """Answers by name; a missing key is unknown."""
    return mapped_column(JSONB, server_default=text("'{}'"), default=dict)


def no_column() -> Mapped[bool]:
    """A yes that somebody must say."""
    return mapped_column(Boolean, server_default=text("false"), default=False)


def version_column() -> Mapped[int]:
    """Counts the changes, so that nobody overwrites unseen."""
    return mapped_column(Integer, server_default=text("1"), default=1)


def of_household_column() -> Mapped[UUID]:
    """The household it belongs to and goes with."""
    return mapped_column(ForeignKey("household.id", ondelete="CASCADE"), index=True)
