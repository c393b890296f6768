"""The table as a page that a person of the ward can read: ``docs/rights.md``, written from the two CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.rights.table import ANY, COLUMNS, Line, Table

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "rights.md"
_HEAD: Final = """# Who may see what / だれが何を見てよいか

The rules as people wrote them, from the law and the ward's way of working, not from the program. They stand in
`tests/rights/rules.csv`, the words in `tests/rights/words.csv`; this page is written from both.

- **What no line allows is forbidden.** / 書いていないことは、できません。
- A line with *never* is stronger than any with *may*. / 「never」の行は「may」の行に勝ちます。
- `*` stands for everything in its column; several words stand for each of them.
- *Source*: section of the project's domain paper (1.2 the two meetings, 4 personal information, 5 agencies and levels,
  6 everyday work), or `house` for what the design of the services asks.

`./kasane test tests/rights` plays the situations (made-up families to which many people stand in every relation), puts
a word that stands nowhere else into every field, and asks the running services, pages and API alike: every cell that
is allowed, and of the others every pair of circumstances. Who may must find the words, who may not must find none; what
somebody does must have been kept, or not. A crawler of each role then opens everything that it is offered and every
address with every id that anybody has seen; a stranger tries the same without a valid sign-in.

To change a rule: change the line in `rules.csv`, write this page anew by
`KASANE_WRITE_SNAPSHOTS=1 ./kasane test tests/rights/test_words.py`, then `./kasane test tests/rights`, and mend the
services until they do what the line says.
"""
_UNMET: Final = """What the services do not do yet (`tests/rights/unmet.csv`); the verdict is what the rules ask for.
Once a line is met the test fails until it is taken out.
"""
_TITLES: Final = {
    "who": "Who / だれが",
    "post": "State of the post / 職の状態",
    "basis": "Basis / 関わりと根拠",
    "household": "Household / 世帯",
    "object": "What / 何を",
    "action": "Does / どうする",
}


def render(table: Table) -> str:
    """The whole page as Markdown."""
    head = "| " + " | ".join([*COLUMNS, "verdict", "source", "why"]) + " |"
    lines = [_HEAD, "## The rules / きまり\n", head, "|" + "---|" * (len(COLUMNS) + 3)]
    lines += [_row(line) for line in table.lines]
    if table.unmet:
        lines += ["\n## Not so yet / まだそうなっていないこと\n", _UNMET, head, "|" + "---|" * (len(COLUMNS) + 3)]
        lines += [_row(line) for line in table.unmet]
    lines.append("\n## The words / ことば")
    for column in COLUMNS:
        lines += [f"\n### {_TITLES[column]}\n", "| word | meaning |", "|---|---|"]
        for word in table.words.values():
            if word.kind == column:
                stands = f" (= {', '.join(word.stands_for)})" if word.stands_for else ""
                lines.append(f"| {word.word} | {word.meaning}{stands} |")
    return "\n".join(lines) + "\n"


def _row(line: Line) -> str:
    said = ["everything" if line.said[column] == ANY else line.said[column] for column in COLUMNS]
    return "| " + " | ".join([*said, "may" if line.may else "**never**", line.source, line.why]) + " |"
