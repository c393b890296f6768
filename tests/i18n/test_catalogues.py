"""No page speaks half a language: every marked sentence has English, and templates hold no unmarked Japanese."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.requests import Request

from shared import catalogues, i18n

if TYPE_CHECKING:
    from pathlib import Path


def test_every_sentence_has_english() -> None:
    lacking = [f"{s.path.relative_to(i18n.ROOT)}: {s.text}" for s in catalogues.missing()]
    assert not lacking, "run `python -m shared.i18n extract` and translate:\n" + "\n".join(lacking)


def test_translations_keep_their_placeholders_and_agree() -> None:
    wrong = []
    for text, entries in catalogues.translations().items():
        wanted = set(catalogues.PLACEHOLDER.findall(text))
        for words, path in entries:
            forms = [words] if "\n" in text else words.split("\n")
            differ = [form for form in forms if form and set(catalogues.PLACEHOLDER.findall(form)) != wanted]
            wrong += [f"{path}: placeholders differ: {text!r} -> {form!r}" for form in differ]
        if len({words for words, _ in entries if words}) > 1:
            wrong.append(f"two translations: {text!r}: {sorted({words for words, _ in entries})}")
    assert not wrong, "\n".join(wrong)


def test_english_holds_no_japanese_by_accident() -> None:
    """Terms of law keep their Japanese beside them, in brackets; nothing else does."""
    wrong = [
        f"{path}: {words!r}"
        for entries in catalogues.translations().values()
        for words, path in entries
        if catalogues.JAPANESE.search(words) and "(" not in words
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "path",
    [path for path in catalogues.sources() if path.suffix == ".html"],
    ids=lambda path: str(path.relative_to(i18n.ROOT)),
)
def test_templates_mark_all_their_words(path: Path) -> None:
    assert catalogues.unmarked(path) == []


def test_an_unmarked_word_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '{# 注 #}<p>世帯</p>{{ _("家族") }}{{ state("late", "期限") }}{{ sheet(_("訪問"), aka="訪問") }}',
        encoding="utf-8",
    )
    assert catalogues.unmarked(page) == ["<p>世帯</p>", "期限"]


@pytest.mark.parametrize(
    ("header", "cookie", "query", "expected"),
    [
        ("", "", "", "ja"),
        ("en-US,en;q=0.9,ja;q=0.8", "", "", "en"),
        ("fr,ja;q=0.5,en;q=0.4", "", "", "ja"),
        ("en;q=broken", "", "", "ja"),
        ("en", "kasane_lang=ja", "", "ja"),
        ("ja", "kasane_lang=zz", "", "ja"),
        ("ja", "kasane_lang=ja", "lang=en", "en"),
        ("ja", "", "lang=%00", "ja"),
    ],
)
def test_the_language_of_a_request(header: str, cookie: str, query: str, expected: str) -> None:
    headers = [(b"accept-language", header.encode()), (b"cookie", cookie.encode())]
    request = Request(
        {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": headers}
    )
    assert i18n.locale_of(request) == expected


def test_the_other_language_of_a_heading() -> None:
    assert i18n.also("世帯") == ("en", "Household")
    with i18n.speaking("en"):
        assert i18n.also("世帯") == ("ja", "世帯")
    assert i18n.also("どこにもない文") is None


def test_filling_escapes_what_is_not_markup() -> None:
    assert i18n.fill("{who}さん", who="<b>") == "&lt;b&gt;さん"
