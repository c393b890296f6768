"""docs/security.md: every section of the standard is there, and every test that it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAPER = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SECTIONS = {
    1: 5,
    2: 4,
    3: 7,
    4: 4,
    5: 4,
    6: 8,
    7: 6,
    8: 4,
    9: 2,
    10: 7,
    11: 7,
    12: 3,
    13: 4,
    14: 3,
    15: 4,
    16: 5,
    17: 3,
}
"""Chapters of ASVS 5.0.0, and how many sections each has."""
_ROW = re.compile(r"^\| (V\d+\.\d+) [^|]+\| (\w+) \| ([^|]*)\|([^|]*)\|$", re.MULTILINE)
_TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROWS = {name: (state, how, shown) for name, state, how, shown in _ROW.findall(PAPER.partition("## Open")[0])}


def test_every_section_of_the_standard_is_there_once() -> None:
    expected = {f"V{chapter}.{section}" for chapter, most in SECTIONS.items() for section in range(1, most + 1)}
    assert set(ROWS) == expected
    assert len(_ROW.findall(PAPER)) == len(expected)


def test_every_test_that_is_named_exists() -> None:
    lost = []
    for file, name in _TEST.findall(PAPER):
        path = ROOT / file
        if not path.exists() or not re.search(rf"def {name}\(", path.read_text(encoding="utf-8")):
            lost.append(f"{file}::{name}")
    assert not lost, "\n".join(lost)


def test_what_holds_is_shown_and_what_does_not_is_told() -> None:
    told = set(re.findall(r"^\| (V\d+\.\d+) \|", PAPER.partition("## Open")[2], re.MULTILINE))
    for section, (state, how, shown) in ROWS.items():
        assert state in {"holds", "partly", "outside", "none"}, section
        if state in {"holds", "partly"}:
            assert how.strip(), section
            assert _TEST.search(shown), f"{section} names no test"
    assert told == {section for section, (state, _, _) in ROWS.items() if state == "partly"}
