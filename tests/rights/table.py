"""The table of rights as people wrote it: read, looked up, expanded. It knows nothing of the services.

A line names who, in which state of the post, on which basis, for which household, may do what with what. ``*`` stands
for everything; several words stand for each of them; a word of ``words.csv`` may stand for several. What no line
allows is forbidden; a line that says ``never`` is stronger than any that says ``may``.
"""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent
COLUMNS: Final = ("who", "post", "basis", "household", "object", "action")
_VERDICTS: Final = frozenset({"may", "never"})
ANY: Final = "*"


class Cell(NamedTuple):
    """One question: may this one do that?"""

    who: str
    post: str
    basis: str
    household: str
    object: str
    action: str

    def __str__(self) -> str:
        return f"{self.who} ({self.post}, {self.basis}) · {self.household} · {self.object} · {self.action}"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the table. ``stands_for``: the words it is short for; empty for one that means itself."""

    kind: str
    word: str
    stands_for: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``said``: the words as written, by column; ``means``: what they stand for, None for everything."""

    number: int
    said: Mapping[str, str]
    means: tuple[frozenset[str] | None, ...]
    may: bool
    source: str
    why: str

    def speaks_of(self, cell: Cell) -> bool:
        """Whether it says anything about ``cell``."""
        return all(words is None or value in words for words, value in zip(self.means, cell, strict=True))


class Table:
    """All lines."""

    def __init__(
        self, lines: Sequence[Line], words: Mapping[tuple[str, str], Word], unmet: Sequence[Line] = ()
    ) -> None:
        self.lines = lines
        self.unmet = unmet
        """What the services do not do yet, though the table says so: told openly, and taken out once they do."""
        self.words = words
        self._said: dict[Cell, bool] = {}

    def may(self, cell: Cell) -> bool:
        """What the table says about one cell."""
        if cell not in self._said:
            spoken = [line.may for line in self.lines if line.speaks_of(cell)]
            self._said[cell] = bool(spoken) and all(spoken)
        return self._said[cell]

    def values(self, column: str) -> list[str]:
        """The words of a column that mean themselves, in the order in which they are listed."""
        return [word.word for word in self.words.values() if word.kind == column and not word.stands_for]


class TableError(ValueError):
    """A line that can't be read; the sentence says which and why."""


def read_table(folder: Path = FOLDER) -> Table:
    """Read ``words.csv``, ``rules.csv`` and ``unmet.csv``.

    TableError for an unknown word, a word listed twice, an unknown verdict.
    """
    words: dict[tuple[str, str], Word] = {}
    for row in _rows(folder / "words.csv"):
        key = row["kind"], row["word"]
        if row["kind"] not in COLUMNS or key in words:
            raise TableError(f"words.csv: {' '.join(key)} is of no column, or is there twice")
        words[key] = Word(*key, tuple(row["stands_for"].split()), row["meaning"])
    for word in words.values():
        for one in word.stands_for:
            if (word.kind, one) not in words or words[word.kind, one].stands_for:
                raise TableError(f"words.csv: {word.word} stands for {one}, which is no plain word")
    lines, unmet = (
        [_line(number, row, words) for number, row in enumerate(_rows(folder / name), start=2)]
        for name in ("rules.csv", "unmet.csv")
    )
    return Table(lines, words, unmet)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _line(number: int, row: dict[str, str], words: Mapping[tuple[str, str], Word]) -> Line:
    if row["verdict"] not in _VERDICTS or not row["source"]:
        raise TableError(f"rules.csv, line {number}: the verdict is may or never, and the source is named")
    means = tuple(_meant(number, column, row[column], words) for column in COLUMNS)
    said = {column: row[column] for column in COLUMNS}
    return Line(number, said, means, row["verdict"] == "may", row["source"], row["why"])


def _meant(number: int, column: str, said: str, words: Mapping[tuple[str, str], Word]) -> frozenset[str] | None:
    if said == ANY:
        return None
    found: set[str] = set()
    for one in said.split():
        word = words.get((column, one))
        if word is None:
            raise TableError(f"rules.csv, line {number}: {one} is no word of the column {column}")
        found.update(word.stands_for or (one,))
    if not found:
        raise TableError(f"rules.csv, line {number}: the column {column} is empty; * stands for everything")
    return frozenset(found)


def every_pair(cells: Iterable[Cell], seed: int = 4) -> Iterator[Cell]:
    """As few of ``cells`` as a greedy walk needs, so that each pair of values that meets in one of them is asked.

    Each column is paired with each other column. The walk's order is drawn from ``seed``.
    """
    shuffled = list(cells)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - which cells are asked is no secret
    seen: set[tuple[int, str, int, str]] = set()
    for cell in shuffled:
        pairs = {(a, cell[a], b, cell[b]) for a, b in itertools.combinations(range(len(cell)), 2)}
        if not pairs <= seen:
            seen |= pairs
            yield cell
