"""Copies the pinned front-end packages from ``node_modules`` to where pages ask for them; nothing of them is committed.

The launcher calls :func:`copy_vendor` after ``npm ci``; by hand: ``python -m shared.vendor``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
VENDOR: Final = ROOT / "shared" / "static" / "vendor"
FILES: Final = {"htmx.org/dist/htmx.min.js": "htmx.min.js", "htmx.org/LICENSE": "htmx.LICENSE.txt"}
"""File inside ``node_modules`` -> name under ``/static/vendor/``."""


def copy_vendor(modules: Path = ROOT / "node_modules", into: Path = VENDOR) -> list[Path]:
    """Copy what is missing or changed; give the files written.

    Raises FileNotFoundError naming a package that is not installed.
    """
    written = []
    for source_name, name in FILES.items():
        source, target = modules / source_name, into / name
        if not source.is_file():
            msg = f"{source} is missing: install the front-end packages first (npm ci)"
            raise FileNotFoundError(msg)
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            into.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            written.append(target)
    return written


if __name__ == "__main__":
    copied = copy_vendor()
    print("\n".join(str(path.relative_to(ROOT)) for path in copied) or "nothing to copy: the files are current")  # noqa: T201
