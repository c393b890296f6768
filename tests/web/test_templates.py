"""What no template may do: the Content-Security-Policy forbids it, or the house does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.catalogues import sources
from shared.i18n import ROOT
from shared.places import STYLE_SHEETS

PAGES = [path for path in sources() if path.suffix == ".html"] + [ROOT / "shared" / "templates" / "gallery.html"]
FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>{}]*\sstyle\s*="),
    "an inline style sheet": re.compile(r"<style[\s>]"),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)[^>]*>"),
    "an event attribute": re.compile(r"<[^>{}]*\son[a-z]+\s*="),
    "htmx code that needs eval": re.compile(r"hx-on|hx-vals=['\"]js:|hx-trigger=\"[^\"]*\["),
    "another host": re.compile(r"(?:src|href|action)=\"(?:https?:)?//"),
    "a search by address": re.compile(
        r"<form(?=[^>]*role=\"search\")(?![^>]*method=\"post\")[^>]*>\s*<(?:label|input)[^>]*name=\"q\""
    ),
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_keeps_to_the_policy(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == []


def test_every_style_sheet_is_there_and_used() -> None:
    folder = ROOT / "shared" / "static" / "css"
    assert {f"{name}.css" for name in STYLE_SHEETS} == {str(file.relative_to(folder)) for file in folder.rglob("*.css")}


def test_icons_that_are_used_exist() -> None:
    sprite = (ROOT / "shared" / "static" / "icons.svg").read_text(encoding="utf-8")
    known = set(re.findall(r'id="i-([a-z]+)"', sprite))
    used = set()
    for path in PAGES:
        used |= set(re.findall(r'icon\("([a-z]+)"', path.read_text(encoding="utf-8")))
        used |= set(re.findall(r'icon_name="([a-z]+)"', path.read_text(encoding="utf-8")))
    for script in (ROOT / "shared" / "static" / "js").glob("*.js"):
        used |= set(re.findall(r'iconName: "([a-z]+)"', script.read_text(encoding="utf-8")))
    assert used <= known


def test_scripts_use_nothing_the_policy_forbids() -> None:
    for script in (ROOT / "shared" / "static" / "js").glob("*.js"):
        text = script.read_text(encoding="utf-8")
        for word in ("eval(", "new Function", "localStorage", "document.write", "https://"):
            assert word not in text, f"{script.name}: {word}"
