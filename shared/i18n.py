"""Two languages from one catalogue: Japanese sentences are the message ids, English stands in ``*/locale/en.po``.

Templates say ``{{ _("世帯") }}``, Python marks with ``N_`` and the edge translates. The language of the running request
is a context variable, so macros and rules need not carry it. ``python -m shared.i18n extract`` adds what is missing.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from babel.messages.pofile import read_po
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment
    from jinja2.ext import InternationalizationExtension
    from starlette.requests import HTTPConnection

ROOT: Final = Path(__file__).resolve().parent.parent
LOCALES: Final = ("ja", "en")
COOKIE: Final = "kasane_lang"

_locale: ContextVar[str] = ContextVar("kasane_locale", default="ja")


def N_(text: str) -> str:  # noqa: N802 - the name gettext tools know
    """Mark ``text`` for the catalogue without translating it."""
    return text


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sentences of one language: message id (Japanese) to translation; ``plurals`` keeps one and many."""

    locale: str
    single: dict[str, str]
    plurals: dict[str, tuple[str, ...]]

    def gettext(self, text: str) -> str:
        """``text`` in this language, or unchanged when the catalogue lacks it."""
        return self.single.get(text) or text

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The form for ``n``; Japanese knows one form only."""
        forms = self.plurals.get(one)
        if forms:
            return forms[0] if n == 1 or len(forms) == 1 else forms[1]
        return self.gettext(one if n == 1 else many)


def catalogue_files(locale: str) -> list[Path]:
    """Every ``<locale>.po`` of the tree: shared first, then the services in order."""
    return [*sorted(ROOT.glob(f"shared/locale/{locale}.po")), *sorted(ROOT.glob(f"services/*/locale/{locale}.po"))]


@cache
def catalogue(locale: str) -> Catalogue:
    """The merged catalogue of ``locale``, read once; the first file that has a sentence wins."""
    single: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for path in catalogue_files(locale):
        with path.open("rb") as file:
            for message in read_po(file, locale=locale):
                if not message.id or message.fuzzy:
                    continue
                if isinstance(message.id, str):
                    single.setdefault(message.id, cast("str", message.string))
                elif message.string and all(message.string):
                    plurals.setdefault(message.id[0], tuple(message.string))
    return Catalogue(locale, single, plurals)


def current_locale() -> str:
    """The language of the running request: ``ja`` or ``en``."""
    return _locale.get()


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Translate into ``locale`` inside the block; unknown languages mean Japanese."""
    token = _locale.set(locale if locale in LOCALES else "ja")
    try:
        yield
    finally:
        _locale.reset(token)


def gettext(text: str, locale: str | None = None) -> str:
    """``text`` in ``locale``, by default the language of the running request."""
    return catalogue(locale or _locale.get()).gettext(text)


def ngettext(one: str, many: str, n: int, locale: str | None = None) -> str:
    """The form for ``n`` in ``locale``, by default the language of the running request."""
    return catalogue(locale or _locale.get()).ngettext(one, many, n)


def also(text: str) -> tuple[str, str] | None:
    """The Japanese message ``text`` in the page's *other* language, as (language, words); None when there is none."""
    if _locale.get() == "en":
        return ("ja", text) if gettext(text) != text else None
    english = gettext(text, "en")
    return ("en", english) if english != text else None


def locale_of(request: HTTPConnection) -> str:
    """The language asked for: ``?lang=``, then the cookie, then Accept-Language, then Japanese."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish in LOCALES:
            return wish
    best, weight = "ja", 0.0
    for item in request.headers.get("accept-language", "")[:500].split(","):
        tag, _, rest = item.strip().partition(";")
        language = tag.split("-")[0].strip().lower()
        if language not in LOCALES:
            continue
        try:
            quality = float(rest.strip().removeprefix("q=")) if rest.strip() else 1.0
        except ValueError:
            continue
        if quality > weight:
            best, weight = language, quality
    return best


def fill(text: str, **params: object) -> Markup:
    """``text`` with its ``{placeholders}`` filled; what is not Markup is escaped."""
    return escape(text).format(**params)


def install(env: Environment) -> None:
    """Give a Jinja environment gettext, the filters and the globals that ``layout.html`` and ``parts.html`` use.

    Needs ``extensions=["jinja2.ext.i18n"]``. Old-style gettext: ``%`` in a sentence is a per cent sign.
    """
    from shared import formats, places  # noqa: PLC0415 - they import this module

    cast("InternationalizationExtension", env).install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=False
    )
    env.policies["ext.i18n.trimmed"] = True
    env.filters.update(cast("dict[str, Any]", formats.FILTERS | {"fill": fill}))
    env.globals.update(cast("dict[str, Any]", formats.GLOBALS | places.GLOBALS))
    env.globals.update(locale=current_locale, also=also, N_=N_)


if __name__ == "__main__":
    from shared.catalogues import main

    raise SystemExit(main())
