"""What the registries tell about vulnerabilities, as the two tools write it down."""

from __future__ import annotations

import json

import pytest

from services.commands import advisories
from services.commands.advisories import read_npm_audit, read_pip_audit

SOUND = {"name": "redis", "version": "8.1.0", "vulns": []}
HOLED = {
    "name": "jinja2",
    "version": "2.4",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.11"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
UNKNOWN = {"name": "uvicorn", "skip_reason": "not found and could not be audited"}


@pytest.mark.parametrize(
    ("dependencies", "checked", "unchecked", "found"),
    [
        ([SOUND], 1, 0, 0),
        ([SOUND, HOLED, UNKNOWN], 2, 1, 2),
        ([UNKNOWN], 0, 1, 0),
        ([], 0, 0, 0),
    ],
)
def test_what_pip_audit_tells(dependencies: list[object], checked: int, unchecked: int, found: int) -> None:
    looked = read_pip_audit(json.dumps({"dependencies": dependencies, "fixes": []}))
    assert (looked.checked, looked.unchecked, len(looked.found)) == (checked, unchecked, found)
    assert ("NOT CHECKED" in looked.sentence) is (not found and (unchecked > 0 or not checked))


@pytest.mark.parametrize("told", ["", "no JSON", "[]", '{"message": "405 Method Not Allowed"}'])
def test_a_registry_that_tells_nothing_is_said_to_be_so(told: str) -> None:
    for looked in (read_pip_audit(told), read_npm_audit(told)):
        assert "NOT CHECKED" in looked.sentence
        assert not looked.found


def test_what_npm_tells() -> None:
    report = {"vulnerabilities": {"left-pad": {"severity": "high"}}, "metadata": {"dependencies": {"total": 9}}}
    looked = read_npm_audit(json.dumps(report))
    assert (looked.checked, looked.found) == (9, ("left-pad: high",))


@pytest.mark.parametrize(("dependencies", "code"), [([SOUND, UNKNOWN], 0), ([UNKNOWN], 0), ([HOLED], 1)])
def test_only_a_finding_fails(
    dependencies: list[object], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(advisories, "_pip_audit", lambda: json.dumps({"dependencies": dependencies}))
    monkeypatch.setattr(advisories, "_npm_audit", lambda: "")
    assert advisories.run(as_json=False) == code
    assert advisories.run(as_json=True) == code
    assert json.loads(capsys.readouterr().out.splitlines()[-1])[1]["checked"] == 0
