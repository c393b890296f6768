"""Rows joined to households by their number. Pure.

A household with a refused row is incomplete: somebody may be missing, so its types are at most ``possible``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.intake.importing.columns import BY_FIELD, HOUSEHOLD_NUMBER, MEMBER_NUMBER, Kind
from services.intake.importing.reading import Sheet
from services.intake.importing.rows import MOST_WORDS, RefusedRow, Row, Trouble, read_row
from services.intake.importing.vocabulary import Vocabulary
from services.intake.requests import MOST_MEMBERS, ConsultationIn, MemberIn
from shared.i18n import N_

_CONSULTED = frozenset({"worries", "words", "occurred_at", "safety_flags", "urgency", "avoid"})


@dataclass(slots=True)
class LedgerHousehold:
    """The good rows of one household and how many were refused."""

    id: UUID
    sender: str
    number: str
    rows: list[Row] = field(default_factory=list)
    home: dict[str, Any] = field(default_factory=dict)
    refused: list[UUID] = field(default_factory=list)
    """Ids of its refused rows."""

    @property
    def consulted(self) -> bool:
        """Whether the ledger holds a consultation: a day, worries, words, flags or an urgency."""
        return not _CONSULTED.isdisjoint(self.home)

    @property
    def more_people(self) -> bool:
        """Whether the ledger says that there are more people."""
        return self.home.get("more_people") == "yes"

    @property
    def incomplete(self) -> bool:
        """Whether somebody may be missing."""
        return bool(self.refused) or self.more_people

    def request(self) -> ConsultationIn:
        """The household as it is registered."""
        values = {name: value for name, value in self.home.items() if name not in {"home_phone", "more_people"}}
        values["registry_split"] = self.home.get("registry_split") == "yes"
        values["phone"] = self.home.get("home_phone", "")
        values.setdefault("channel", "other_system")
        return ConsultationIn(
            members=[MemberIn(**row.member) for row in self.rows], more_people=self.incomplete, **values
        )


@dataclass(slots=True)
class Ledger:
    """Everything a file says: households in their order, refused rows, rows that stand twice."""

    households: list[LedgerHousehold] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    repeated: int = 0
    rows: int = 0


def join_rows(sheet: Sheet, vocabulary: Vocabulary, on: date) -> Ledger:
    """Read every line and join the good ones."""
    return join([read_row(line, vocabulary, on) for line in sheet.lines], vocabulary)


def join(read: Iterable[Row | RefusedRow], vocabulary: Vocabulary) -> Ledger:
    """Join rows that were read. A row that contradicts an earlier one of its household is refused."""
    ledger = Ledger()
    homes: dict[UUID, LedgerHousehold] = {}
    seen: dict[UUID, Row] = {}
    refused: list[RefusedRow] = []
    for row in read:
        ledger.rows += 1
        if isinstance(row, RefusedRow):
            refused.append(row)
            continue
        earlier = seen.get(row.id)
        if earlier is not None and earlier.content == row.content:
            ledger.repeated += 1
            continue
        home = homes.get(row.household_id)
        trouble = _twice(earlier) if earlier else _against(home, row, vocabulary) if home else None
        if trouble is not None:
            refused.append(RefusedRow(row.number, (trouble,), None if earlier else row.id, row.household_id))
            continue
        if home is None:
            home = homes[row.household_id] = LedgerHousehold(row.household_id, row.sender, row.household_number)
        seen[row.id] = row
        home.rows.append(row)
        _add(home.home, row.home)
    for bad in refused:
        if bad.household_id in homes:
            homes[bad.household_id].refused.append(bad.id or bad.household_id)
    for home in homes.values():
        _place(home.home, vocabulary)
    ledger.households = list(homes.values())
    ledger.refused = sorted(refused, key=lambda bad: bad.number)
    return ledger


def _twice(earlier: Row) -> Trouble:
    return Trouble(
        BY_FIELD[MEMBER_NUMBER].heading,
        N_("同じ世帯員番号が{row}行目にもあり、内容がちがいます。"),
        {"row": earlier.number},
    )


def _against(home: LedgerHousehold, row: Row, vocabulary: Vocabulary) -> Trouble | None:
    if len(home.rows) >= MOST_MEMBERS:
        return Trouble(BY_FIELD[HOUSEHOLD_NUMBER].heading, N_("一つの世帯は{most}人までです。"), {"most": MOST_MEMBERS})
    for name, value in row.home.items():
        column = BY_FIELD[name]
        if name not in home.home or home.home[name] == value or column.kind is Kind.CODES:
            continue
        if column.kind is Kind.WORDS:
            letters, most = len(home.home[name]) + len(value) + 1, MOST_WORDS[name]
            if value in home.home[name] or letters <= most:
                continue
            text = N_("同じ世帯の行を合わせると{letters}字になります。{most}字までです。")
            return Trouble(column.heading, text, {"letters": letters, "most": most})
        return Trouble(column.heading, N_("同じ世帯のほかの行とちがいます。世帯番号を確かめてください。"))
    area = vocabulary.area_of_district.get(row.home.get("district") or home.home.get("district", ""))
    said = row.home.get("area") or home.home.get("area")
    if area is not None and said is not None and area != said:
        return Trouble(BY_FIELD["area"].heading, N_("圏域と地区が合いません。"))
    return None


def _add(home: dict[str, Any], said: dict[str, Any]) -> None:
    """Several codes are gathered, words are put one under the other, anything else stands already or is new."""
    for name, value in said.items():
        known = home.get(name)
        if known is None:
            home[name] = value
        elif isinstance(known, list):
            home[name] = [*known, *(code for code in value if code not in known)]
        elif BY_FIELD[name].kind is Kind.WORDS and value not in known:
            home[name] = f"{known}\n{value}"


def _place(home: dict[str, Any], vocabulary: Vocabulary) -> None:
    """The area follows from the district."""
    area = vocabulary.area_of_district.get(home.get("district", ""))
    if area is not None:
        home.setdefault("area", area)
