"""The launcher's commands as a person at a terminal meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def kasane(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KASANE_HOME": str(ROOT), "COLUMNS": "100", "LANG": "C.UTF-8"}
    environment.pop("KASANE_SERVICE", None)
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", "services.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder or ROOT,
        env=environment,
    )


def test_help_lists_every_command_on_one_screen() -> None:
    shown = kasane("--help")
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) <= 40
    for command in ("demo", "story", "import", "test", "check", "status", "parked", "log", "migrate", "serve"):
        assert f" {command} " in shown.stdout


def test_status_says_in_a_sentence_that_nothing_runs(tmp_path: Path) -> None:
    shown = kasane("status", "--data", str(tmp_path))
    assert shown.returncode == 1
    assert "no Kasane is running in" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("arguments", [("serve", "nobody"), ("migrate", "nobody"), ("parked", "show", "nobody", "1")])
def test_an_unknown_service_is_refused_with_the_names_there_are(arguments: tuple[str, ...]) -> None:
    shown = kasane(*arguments)
    assert shown.returncode == 1
    assert "intake, casework, outreach, notify" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_the_launcher_is_plain_sh() -> None:
    assert (ROOT / "kasane").read_text().startswith("#!/bin/sh\n")
    assert os.access(ROOT / "kasane", os.X_OK)
    checked = subprocess.run(["/bin/sh", "-n", str(ROOT / "kasane")], capture_output=True, check=False)  # noqa: S603
    assert checked.returncode == 0, checked.stderr


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    wanted = (Requirement(line.rstrip("\\ ")) for line in lines if line and line[0].isalnum())
    return {requirement.name: str(requirement.specifier) for requirement in wanted}


def test_the_image_has_the_same_versions_as_the_clone() -> None:
    everywhere, image = pins("requirements.lock"), pins("docker/requirements.lock")
    assert image
    assert {name: everywhere.get(name) for name in image} == image


@pytest.mark.parametrize("name", ["requirements.lock", "docker/requirements.lock", "package-lock.json"])
def test_lock_files_name_no_address_and_have_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    told = "\n".join(line for line in text.splitlines() if '"url": ' not in line)  # where to give the authors money
    assert "://" not in told
    assert "resolved" not in text
    if name.endswith(".lock"):
        assert text.count("--hash=sha256:") >= len(pins(name))
