"""``./kasane test | check | lock | events-doc | screenshots``: what a developer runs, the same as CI."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from services.commands.places import home
from services.commands.trouble import say

_SOURCES = ("services", "shared", "tests", "conftest.py")


def test(arguments: Sequence[str]) -> int:
    """Run pytest on two workers, or as its own arguments say."""
    spread = ["-n", os.environ.get("KASANE_TEST_WORKERS", "2"), "--maxschedchunk", "1"]  # some take a minute, most none
    return _run("pytest", *([] if _names_workers(arguments) else spread), *arguments)


def check(*, fix: bool) -> int:
    """Run every check, also after one has failed; the first failure's code is the answer."""
    steps: list[tuple[str, ...]] = [
        ("ruff", "format", *([] if fix else ["--check"]), *_SOURCES),
        ("ruff", "check", *(["--fix"] if fix else []), *_SOURCES),
        ("mypy", "services", "shared", "tests"),
        ("lint-imports",),
    ]
    worst = 0
    for step in steps:
        say(" ".join(step))
        worst = _run(*step) or worst
    return worst


def lock() -> int:
    """Pin requirements.in, the services' share of it at the same versions, and what the bench compares with.

    No registry's address is written.
    """
    common = (
        "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11",
        "--no-emit-index-url", "--no-emit-find-links", "--no-header",
    )  # fmt: skip
    return (
        _run(*common, "requirements.in", "-o", "requirements.lock")
        or _run(*common, "-c", "requirements.lock", "docker/requirements.in", "-o", "docker/requirements.lock")
        or _run(*common, "requirements-bench.in", "-o", "requirements-bench.lock")
    )


def events_doc() -> int:
    """Write docs/events.md."""
    from services.events_doc import PAGE, render

    PAGE.write_text(render(), encoding="utf-8")
    print(PAGE.relative_to(home()))
    return 0


def screenshots(folder: Path) -> int:
    """Take the pictures."""
    from services.screenshots import run

    return run(folder)


def _names_workers(arguments: Sequence[str]) -> bool:
    return any(word in {"-n", "--numprocesses"} or word.startswith(("-n", "--numprocesses=")) for word in arguments)


def _run(program: str, *arguments: str) -> int:
    """Run a program of this environment in the clone."""
    path = Path(sys.executable).parent / program
    return subprocess.run([str(path), *arguments], cwd=home(), check=False).returncode  # noqa: S603 - our own tools
