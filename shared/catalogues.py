"""Keeps the catalogues whole: finds every sentence that is marked, and says which lack English.

``python -m shared.i18n extract`` adds missing message ids to the ``en.po`` of the part they stand in; ``… check`` lists
what is missing and fails.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes
from jinja2.ext import babel_extract

from shared.i18n import ROOT, catalogue_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

JAPANESE: Final = re.compile("[\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""A kana or kanji. Brackets and the middle dot (・) may stand between words of any language."""
PLACEHOLDER: Final = re.compile(r"\{[a-z_0-9]*\}|%\([a-z_0-9]+\)s")
_MARKS: Final = {"_", "N_", "gettext", "also", "Refused", "Conflict", "Forbidden", "Missing"}
_PLURALS: Final = {"ngettext"}
_TEMPLATE_KEYWORDS: Final = ("_", "gettext", "ngettext", "N_", "also")
_UNTRANSLATED_TEMPLATES: Final = {"gallery.html"}
_HEADER: Final = """\
# English of Kasane. The message ids are the Japanese sentences; `python -m shared.i18n extract` adds missing ones.
msgid ""
msgstr ""
"Language: en\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
_OWN_WORDS: Final = {"日本語", "かさね", "言語"}
"""Said in Japanese on every page: the name of the language and of the system."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A marked sentence and where it first stands. ``plural`` is set for ngettext and pluralize."""

    text: str
    plural: str | None
    path: Path


def sources() -> Iterator[Path]:
    """Every Python file and template that may hold sentences, tests left out."""
    for top in ("shared", "services"):
        for path in sorted((ROOT / top).rglob("*")):
            if (
                path.suffix in {".py", ".html"}
                and "tests" not in path.parts
                and path.name not in _UNTRANSLATED_TEMPLATES
            ):
                yield path


def sentences(paths: Iterable[Path] | None = None) -> list[Sentence]:
    """The marked sentences of ``paths`` (all sources by default) that hold Japanese, each once."""
    found: dict[str, Sentence] = {}
    for path in paths or sources():
        marked = _in_template(path) if path.suffix == ".html" else _in_python(path)
        for text, plural in marked:
            if JAPANESE.search(text):
                known = found.get(text)
                if known is None or (plural and not known.plural):
                    found[text] = Sentence(text, plural, path)
    return list(found.values())


def _in_template(path: Path) -> Iterator[tuple[str, str | None]]:
    options = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    with path.open("rb") as file:
        for _line, function, message, _comments in babel_extract(file, _TEMPLATE_KEYWORDS, [], options):
            if isinstance(message, tuple):
                texts = [text for text in message if isinstance(text, str)]
                if texts:
                    yield texts[0], texts[1] if function == "ngettext" and len(texts) > 1 else None
            elif isinstance(message, str):
                yield message, None


def _in_python(path: Path) -> Iterator[tuple[str, str | None]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if name in _MARKS and texts and node.args and isinstance(node.args[0], ast.Constant):
            yield texts[0], None
        elif name in _PLURALS and len(texts) > 1:
            yield texts[0], texts[1]


def unmarked(path: Path) -> list[str]:
    """Japanese in a template that no gettext call will translate: text between tags and bare string constants."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text(encoding="utf-8"))
    marked = {
        id(const) for call in tree.find_all(nodes.Call) if _is_gettext(call) for const in call.find_all(nodes.Const)
    }
    marked |= {id(pair.value) for pair in tree.find_all(nodes.Keyword) if pair.key == "aka"}
    texts = [data.data for data in tree.find_all(nodes.TemplateData)]
    texts += [
        const.value for const in tree.find_all(nodes.Const) if isinstance(const.value, str) and id(const) not in marked
    ]
    found = (re.sub("|".join(_OWN_WORDS), "", text) for text in texts)
    return [text.strip() for text in found if JAPANESE.search(text)]


def _is_gettext(call: nodes.Call) -> bool:
    return isinstance(call.node, nodes.Name) and call.node.name in _TEMPLATE_KEYWORDS


def home_of(path: Path) -> Path:
    """The ``en.po`` that a sentence of ``path`` belongs to."""
    parts = path.relative_to(ROOT).parts
    folder = ROOT / "services" / parts[1] if parts[0] == "services" and len(parts) > 2 else ROOT / "shared"  # noqa: PLR2004
    return folder / "locale" / "en.po"


def translations() -> dict[str, list[tuple[str, Path]]]:
    """Every English translation by message id, with its file; plural forms are joined by a line."""
    found: dict[str, list[tuple[str, Path]]] = {}
    for path in catalogue_files("en"):
        with path.open("rb") as file:
            for message in read_po(file, locale="en"):
                if not message.id:
                    continue
                text = message.id if isinstance(message.id, str) else message.id[0]
                words = message.string if isinstance(message.string, str) else "\n".join(message.string or ())
                found.setdefault(text, []).append((words, path))
    return found


def missing() -> list[Sentence]:
    """Marked sentences without English words."""
    known = {text for text, entries in translations().items() if any(words.strip() for words, _ in entries)}
    return [sentence for sentence in sentences() if sentence.text not in known]


def extract() -> int:
    """Add message ids that no catalogue has to the right ``en.po``; give how many were added."""
    have = set(translations())
    new = [sentence for sentence in sentences() if sentence.text not in have]
    for home in {home_of(sentence.path) for sentence in new}:
        if home.is_file():
            with home.open("rb") as file:
                catalog = read_po(file, locale="en")
        else:
            home.parent.mkdir(parents=True, exist_ok=True)
            catalog = Catalog(locale="en", project="Kasane", charset="utf-8", fuzzy=False)
        for sentence in new:
            if home_of(sentence.path) == home:
                catalog.add((sentence.text, sentence.plural) if sentence.plural else sentence.text)
        text = io.BytesIO()
        write_po(text, catalog, width=0, no_location=True, omit_header=True)
        home.write_bytes(_HEADER.encode() + text.getvalue())
    return len(new)


def main() -> int:
    """``extract`` or ``check``."""
    if "extract" in sys.argv:
        print(f"{extract()} new sentences")  # noqa: T201
    lacking = missing()
    for sentence in lacking:
        print(f"no English: {sentence.text!r} ({sentence.path.relative_to(ROOT)})")  # noqa: T201
    return 1 if lacking and "extract" not in sys.argv else 0
