"""Front-end packages are copied, not committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.vendor import FILES, copy_vendor


def _modules(folder: Path) -> Path:
    for name in FILES:
        file = folder / "node_modules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"contents of {name}")
    return folder / "node_modules"


def test_files_are_copied_once_and_again_when_they_change(tmp_path: Path) -> None:
    modules, into = _modules(tmp_path), tmp_path / "vendor"
    assert {file.name for file in copy_vendor(modules, into)} == set(FILES.values())
    assert copy_vendor(modules, into) == []
    changed = next(iter(FILES))
    (modules / changed).write_text("newer")
    assert [file.read_text() for file in copy_vendor(modules, into)] == ["newer"]


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"htmx\.org"):
        copy_vendor(tmp_path / "node_modules", tmp_path / "vendor")
