"""Whether what people read is what the table says: words that are missing, words that should not be there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.rights.table import Cell, Table
from tests.rights.town import Family
from tests.rights.views import View
from tests.rights.ward import POSTS, WHO


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody got from a view about a family."""

    code: str
    post: str
    """State of the post: a word of the table."""
    view: View
    family: Family
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One cell, asked through one view. ``wrong``: None where the services do as the table says."""

    cell: Cell
    may: bool
    wrong: str | None


def judge(table: Table, answer: Answer) -> Iterator[Judged]:
    """Every object that the view is judged for."""
    view, family, code = answer.view, answer.family, answer.code
    for thing in sorted(view.judged):
        words = [family.ids[view.sign]] if view.sign else family.words_of(thing, POSTS[code].agency)
        if not words:
            continue
        cell = Cell(WHO[code], answer.post, family.basis(code), family.state(code), thing, view.action)
        may = table.may(cell)
        there = [word in answer.text or word.replace("-", "") in answer.text for word in words]
        wrong = None
        if may and thing in view.homes and not all(there):
            wrong = "may, and does not find it"
        elif not may and any(there):
            wrong = "MAY NOT, AND READS IT"
        yield Judged(cell, may, f"{wrong}: {cell} [{code}, {family.name}, {view.name}]" if wrong else None)
