"""The table itself: it can be read, its page is current, and looking up and expanding do what they say."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rights.paper import PAGE, render
from tests.rights.table import COLUMNS, FOLDER, Cell, TableError, every_pair, read_table
from tests.rights.town import the_families
from tests.rights.ward import POSTS, WHO

TABLE = read_table()
OWNER = Cell("caseworker", "running", "owner", "plain", "entry", "see")


def test_the_page_is_current() -> None:
    told = render(TABLE)
    if os.environ.get("KASANE_WRITE_SNAPSHOTS"):
        PAGE.write_text(told, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == told


def test_what_no_line_allows_is_forbidden() -> None:
    assert TABLE.may(OWNER)
    assert not TABLE.may(OWNER._replace(basis="none"))
    assert not TABLE.may(OWNER._replace(object="audit_log"))


@pytest.mark.parametrize("post", ["future", "ended", "session_ended"])
def test_never_is_stronger_than_may(post: str) -> None:
    assert not TABLE.may(OWNER._replace(post=post))


def test_every_line_says_something() -> None:
    values = [TABLE.values(column) for column in COLUMNS]
    cells = [Cell(*each) for each in itertools.product(*values[:4], ["entry", "name", "staff"], values[5])]
    assert len(cells) > 10_000
    assert any(TABLE.may(cell) for cell in cells)
    for line in TABLE.lines:
        meant = [words or values[n] for n, words in enumerate(line.means)]
        assert line.speaks_of(Cell(*(min(words) for words in meant))), line.number


def test_every_situation_of_the_town_has_a_word() -> None:
    assert set(WHO.values()) <= set(TABLE.values("who"))
    for family in the_families():
        assert set(family.standing) | family.listed <= POSTS.keys()
        assert set(family.standing.values()) <= set(TABLE.values("basis"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("caseworkr,running,owner,plain,entry,see,may,5,", "caseworkr is no word of the column who"),
        ("caseworker,running,,plain,entry,see,may,5,", "the column basis is empty"),
        ("caseworker,running,owner,plain,entry,see,perhaps,5,", "the verdict is may or never"),
        ("caseworker,running,owner,plain,entry,see,may,,", "the source is named"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, told: str) -> None:
    for name in ("words.csv", "unmet.csv"):
        shutil.copy(FOLDER / name, tmp_path / name)
    (tmp_path / "rules.csv").write_text(f"{','.join(COLUMNS)},verdict,source,why\n{line}\n", encoding="utf-8")
    with pytest.raises(TableError, match=rf"line 2.*{told}"):
        read_table(tmp_path)


@given(st.sets(st.tuples(*[st.sampled_from("abc")] * 6), max_size=60), st.integers(0, 9))
def test_every_pair_that_there_is_is_asked(drawn: set[tuple[str, ...]], seed: int) -> None:
    cells = [Cell(*each) for each in sorted(drawn)]

    def pairs(of: list[Cell]) -> set[tuple[int, str, int, str]]:
        return {(a, cell[a], b, cell[b]) for cell in of for a, b in itertools.combinations(range(6), 2)}

    chosen = list(every_pair(cells, seed))
    assert set(chosen) <= set(cells)
    assert pairs(chosen) == pairs(cells)
