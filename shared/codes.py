"""Code lists (困りごと, 訪問結果 …): data with Japanese and English labels that the ward may edit.

Seeded from ``services/<service>/codes/*.csv`` with the columns ``list,code,ja,en,position,attributes``; a row the ward
has changed since is left alone.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import SharedBase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession


class Code(SharedBase):
    """One entry of one list."""

    __tablename__ = "code"

    list: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    ja: Mapped[str]
    en: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    active: Mapped[bool] = mapped_column(default=True)
    edited: Mapped[bool] = mapped_column(default=False)
    """The ward's own wording; seeding keeps its hands off."""


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One entry as pages and rules read it."""

    list: str
    code: str
    ja: str
    en: str
    position: int = 0
    active: bool = True
    attributes: dict[str, Any] = field(default_factory=dict)

    def label(self, locale: str) -> str:
        """The words for it in ``ja`` or ``en``."""
        return self.en if locale == "en" else self.ja


class Codes:
    """All lists of one service, in order; immutable, read again when the ward edits one."""

    def __init__(self, entries: list[CodeEntry]) -> None:
        self._lists: dict[str, dict[str, CodeEntry]] = {}
        for entry in sorted(entries, key=lambda e: (e.list, e.position, e.code)):
            self._lists.setdefault(entry.list, {})[entry.code] = entry

    def __getitem__(self, name: str) -> dict[str, CodeEntry]:
        """The entries of a list by code, also the retired ones (old records still show them)."""
        return self._lists[name]

    def __contains__(self, name: str) -> bool:
        """Whether there is such a list."""
        return name in self._lists

    def choices(self, name: str, locale: str) -> list[tuple[str, str]]:
        """``(code, label)`` of what may be chosen today."""
        return [(e.code, e.label(locale)) for e in self._lists[name].values() if e.active]

    def label(self, name: str, code: str | None, locale: str = "ja") -> str:
        """The words for a code; an unknown code is shown as it is, an absent one as nothing."""
        if not code:
            return ""
        entry = self._lists.get(name, {}).get(code)
        return entry.label(locale) if entry else code

    def is_choice(self, name: str, code: str) -> bool:
        """Whether ``code`` may be chosen today."""
        entry = self._lists.get(name, {}).get(code)
        return entry is not None and entry.active

    @classmethod
    async def load(cls, session: AsyncSession) -> Codes:
        """Read every list of this database."""
        rows = (await session.scalars(select(Code))).all()
        return cls([CodeEntry(r.list, r.code, r.ja, r.en, r.position, r.active, r.attributes) for r in rows])


_IN_HAND = "codes.in_hand"


async def code_list(session: AsyncSession, name: str) -> dict[str, Code]:
    """The entries of one list by code, also the retired ones; read once a session, as they stood then."""
    in_hand: dict[str, dict[str, Code]] = session.info.setdefault(_IN_HAND, {})
    if name not in in_hand:
        in_hand[name] = {row.code: row for row in await session.scalars(select(Code).where(Code.list == name))}
    return in_hand[name]


async def find_code(session: AsyncSession, name: str, code: str | None) -> Code | None:
    """One entry of a list, also a retired one; by :func:`code_list`."""
    return (await code_list(session, name)).get(code or "")


def read_codes(folder: Path) -> Iterator[CodeEntry]:
    """The seed lists of a service: every ``*.csv`` of ``folder``, UTF-8 with or without BOM."""
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                yield CodeEntry(
                    list=row["list"],
                    code=row["code"],
                    ja=row["ja"],
                    en=row["en"],
                    position=int(row["position"] or 0),
                    attributes=json.loads(row.get("attributes") or "{}"),
                )


async def seed_codes(session: AsyncSession, folder: Path) -> None:
    """Bring the seed lists into the table; run at every migrate, changes nothing the ward has edited."""
    entries = list(read_codes(folder))
    if not entries:
        return
    statement = insert(Code).values(
        [
            {
                "list": e.list,
                "code": e.code,
                "ja": e.ja,
                "en": e.en,
                "position": e.position,
                "attributes": e.attributes,
                "active": True,
                "edited": False,
            }
            for e in entries
        ]
    )
    given = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Code.list, Code.code],
            set_={"ja": given.ja, "en": given.en, "position": given.position, "attributes": given.attributes},
            where=Code.edited.is_(False),
        )
    )
