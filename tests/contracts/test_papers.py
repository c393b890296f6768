"""The papers say what is: every path and link in them leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_PATH = re.compile(r"`((?:services|shared|tests|docs|docker)/[\w./-]+)`")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_link_and_path_leads_somewhere(paper: Path) -> None:
    text = paper.read_text(encoding="utf-8")
    lost = [link for link in _LINK.findall(text) if "://" not in link and not (paper.parent / link).exists()]
    lost += [path for path in _PATH.findall(text) if not (ROOT / path).exists()]
    assert not lost, ", ".join(lost)


def test_every_decision_says_why() -> None:
    for paper in (ROOT / "docs" / "decisions").glob("*.md"):
        text = paper.read_text(encoding="utf-8")
        missing = [part for part in ("Context", "Decision", "Consequences", "Alternatives") if f"## {part}" not in text]
        assert not missing, f"{paper.name} lacks {', '.join(missing)}"


def test_every_decision_stands_on_the_map() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lost = [paper.name for paper in (ROOT / "docs" / "decisions").glob("*.md") if paper.name not in told]
    assert not lost, ", ".join(lost)
