"""Errors that a person at the terminal can mend are told in a sentence; all others keep their traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Trouble(Exception):  # noqa: N818 - it ends a command with a sentence
    """A command can't go on; the text says why and what to do."""


def say(text: str) -> None:
    """A line on standard error, so that standard output stays for results."""
    sys.stderr.write(f"kasane: {text}\n")


def speaks_japanese() -> bool:
    """Whether the terminal's locale is Japanese."""
    wanted = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return wanted.startswith("ja")


@contextmanager
def told() -> Iterator[None]:
    """Turn the known troubles inside the block into a sentence and exit code 1."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        text = _sentence_of(error)
        if text is None:
            raise
        say(text)
        sys.exit(1)


def _sentence_of(error: Exception) -> str | None:
    if isinstance(error, Trouble):
        return str(error)
    # By name, since these modules may not even be loaded in a command that never uses them.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"EmbeddedError", "PortTakenError"}:
        return str(error)
    if "Refused" in kinds:
        from shared import i18n

        with i18n.speaking("ja" if speaks_japanese() else "en"):
            return i18n.gettext(str(error)).format(**getattr(error, "params", {}))
    return None
