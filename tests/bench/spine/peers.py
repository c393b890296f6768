"""The peers' own environment, ``.venv-bench``: made when it is first needed, by the pip that Kasane's own came from."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.bench.spine.processes import HOME

LOCK = HOME / "requirements-bench.lock"
_VENV = HOME / ".venv-bench"
_STAMP = _VENV / ".kasane-installed"


class PeersNotInstalledError(RuntimeError):
    """The packages could not be fetched; the text says what pip said."""


def peers_python() -> Path:
    """Its interpreter; fetches the pinned packages when the lock file has changed. Raises PeersNotInstalledError."""
    python = _VENV / "bin" / "python"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if python.exists() and _STAMP.exists() and _STAMP.read_text() == wanted:
        return python
    tools = Path(sys.executable).parent
    _run(str(tools / "uv"), "venv", "--quiet", "--clear", "--python", sys.executable, str(_VENV))
    _run(
        sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--disable-pip-version-check",
        "--no-input", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(LOCK),
    )  # fmt: skip
    _STAMP.write_text(wanted)
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False)  # noqa: S603 - our own tools
    if done.returncode:
        raise PeersNotInstalledError(f"the packages to compare with can't be installed: {done.stderr.strip()[-600:]}")
