"""How long a household's record is kept, and what keeps it from being disposed of: (facts, periods, today) → judgement.

The periods are the dated code list RETENTION, which the ward may edit; the defaults follow domain.md 4.9. Several may
hold for one household (a case, a child, an abuse suspicion): the one that ends last decides. Counting begins, as ward
offices do, on 1 April after the day from which it counts, where the entry says ``fiscal_year``. Nothing here disposes
of anything: what is due goes onto a list that a manager decides about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Begins = Literal["contact", "closing", "end", "protection"]
"""The last contact; the last closing of a case; the later of both; the end of the last protection."""
Obstacle = Literal["legal_hold", "open_case", "protected", "disclosure", "parked", "closing_unknown"]

_BEGINNINGS: Final = frozenset({"contact", "closing", "end", "protection"})
_MONTHS_A_YEAR: Final = 12
_APRIL: Final = 4


@dataclass(frozen=True, slots=True)
class Period:
    """One dated row of RETENTION. ``under_age``: only where somebody was younger than that when counting began."""

    code: str
    kind: str
    months: int
    begins: Begins
    fiscal_year: bool = True
    valid_from: date = date.min
    valid_until: date = date.max
    concerns: str | None = None
    """``abuse``: only where abuse was suspected."""
    under_age: int | None = None
    until_age: int | None = None

    @classmethod
    def of(cls, code: str, attributes: Mapping[str, Any]) -> Period:
        """Read a row; ValueError names what is wrong with it."""
        begins = attributes.get("from")
        months = attributes.get("months")
        if begins not in _BEGINNINGS or not isinstance(months, int) or months < 0:
            msg = f"RETENTION {code}: months and from ({', '.join(sorted(_BEGINNINGS))}) are needed"
            raise ValueError(msg)
        return cls(
            code=code,
            kind=str(attributes.get("kind", code)),
            months=months,
            begins=begins,
            fiscal_year=attributes.get("counts_from", "fiscal_year") == "fiscal_year",
            valid_from=_day(attributes.get("valid_from"), date.min),
            valid_until=_day(attributes.get("valid_until"), date.max),
            concerns=attributes.get("concerns"),
            under_age=attributes.get("under_age"),
            until_age=attributes.get("until_age"),
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """消去の停止. ``lifted_on`` is None while it stands; ``months_after``: how long it goes on counting after that."""

    lifted_on: date | None
    months_after: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one household's record."""

    last_contact: date
    cases: int = 0
    open_cases: int = 0
    last_closing: date | None = None
    closing_unknown: bool = False
    """A case is closed and nobody knows since when."""
    abuse: bool = False
    youngest_born: date | None = None
    protected: bool = False
    protection_ended: date | None = None
    disclosure: bool = False
    """Somebody has asked to be shown it (開示請求) and has no answer yet."""
    parked: bool = False
    """Facts about it could not be applied yet, so what is known of it may be out of date."""
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """``due_on``: the first day on which it may be disposed of; by which ``period``, counted from when.

    ``period`` is None where a hold that was lifted decides. ``obstacles`` keep it whatever the day.
    """

    due_on: date
    counted_from: date
    period: Period | None
    obstacles: tuple[Obstacle, ...] = ()

    def is_due(self, today: date) -> bool:
        """Whether it belongs on the list."""
        return not self.obstacles and self.due_on <= today


def judge(record: Record, periods: Iterable[Period]) -> Judgement:
    """When a record may be disposed of, and what keeps it. LookupError when no period speaks of it."""
    found: list[Judgement] = []
    for rows in _by_kind(periods):
        begins = _beginning(record, rows[0])
        if begins is None:
            continue
        period = _valid(rows, begins)
        if not _concerns(record, period, begins):
            continue
        found.append(Judgement(_end(record, period, begins), begins, period))
    found += [
        Judgement(add_months(hold.lifted_on, hold.months_after), hold.lifted_on, None)
        for hold in record.holds
        if hold.lifted_on is not None and hold.months_after
    ]
    if not any(one.period for one in found):
        msg = "RETENTION has no period for such a household"
        raise LookupError(msg)
    last = max(found, key=lambda one: one.due_on)
    return Judgement(last.due_on, last.counted_from, last.period, obstacles(record))


def obstacles(record: Record) -> tuple[Obstacle, ...]:
    """What keeps a record from being erased, by its period or on request; each must be dealt with by a person."""
    standing: dict[Obstacle, bool] = {
        "legal_hold": any(hold.lifted_on is None for hold in record.holds),
        "open_case": record.open_cases > 0,
        "protected": record.protected,
        "disclosure": record.disclosure,
        "parked": record.parked,
        "closing_unknown": record.closing_unknown,
    }
    return tuple(name for name, stands in standing.items() if stands)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later; the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, _MONTHS_A_YEAR)
    year, month = day.year + years, month + 1
    after = date(year + month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1)
    length = (after - date(year, month, 1)).days
    return date(year, month, min(day.day, length))


def next_fiscal_year(day: date) -> date:
    """1 April after ``day`` (会計年度)."""
    return date(day.year + (day.month >= _APRIL), _APRIL, 1)


def _by_kind(periods: Iterable[Period]) -> list[list[Period]]:
    kinds: dict[str, list[Period]] = {}
    for period in sorted(periods, key=lambda one: one.valid_from):
        kinds.setdefault(period.kind, []).append(period)
    return list(kinds.values())


def _valid(rows: Sequence[Period], day: date) -> Period:
    """The row that was valid when counting began; before the first one, that; in a gap, the one before it."""
    begun = [row for row in rows if row.valid_from <= day]
    valid = [row for row in begun if day <= row.valid_until]
    return (valid or begun or rows[:1])[-1]


def _beginning(record: Record, period: Period) -> date | None:
    """The day from which a period counts; None where there is nothing that it would count from."""
    if period.begins == "contact":
        return record.last_contact
    if period.begins == "protection":
        return record.protection_ended
    if period.begins == "closing":
        return record.last_closing
    return max(record.last_contact, record.last_closing or record.last_contact)


def _concerns(record: Record, period: Period, begins: date) -> bool:
    if period.concerns == "abuse" and not record.abuse:
        return False
    if period.under_age is None:
        return True
    return record.youngest_born is not None and begins < _birthday(record.youngest_born, period.under_age)


def _end(record: Record, period: Period, begins: date) -> date:
    end = add_months(next_fiscal_year(begins) if period.fiscal_year else begins, period.months)
    if period.until_age is not None and record.youngest_born is not None:
        return max(end, _birthday(record.youngest_born, period.until_age))
    return end


def _birthday(born: date, age: int) -> date:
    return add_months(born, age * _MONTHS_A_YEAR)


def _day(text: str | None, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise
