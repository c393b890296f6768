"""Snapshots: what was promised to others is stored beside the tests and compared.

``KASANE_WRITE_SNAPSHOTS=1`` writes them anew after a wanted change; the diff is what reviewers look at.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Compare = Callable[[str, Any], None]
_FOLDER = Path(__file__).parent


@pytest.fixture
def compare_with_snapshot() -> Compare:
    """``compare(path, value)``: the JSON file ``path`` below this folder says the same."""

    def compare(path: str, value: Any) -> None:
        file = _FOLDER / path
        text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        if os.environ.get("KASANE_WRITE_SNAPSHOTS"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{path} has no snapshot yet: write it with KASANE_WRITE_SNAPSHOTS=1"
        assert json.loads(file.read_text(encoding="utf-8")) == json.loads(text), (
            f"{path} differs from what was promised; if that is meant, raise the version and write it anew"
        )

    return compare
