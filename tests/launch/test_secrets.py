"""What ``./kasane secrets`` makes: complete, kept over a second run, closed to others, and true to each other."""

from __future__ import annotations

import stat
from pathlib import Path

from services.commands.secrets import run
from services.parts import SERVICES
from shared.credentials import Credentials
from shared.settings import Settings


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path / "secrets")
    first = contents(tmp_path / "secrets")
    run(tmp_path / "secrets")
    assert contents(tmp_path / "secrets") == first


def test_a_missing_file_is_made_again_and_the_others_follow(tmp_path: Path) -> None:
    run(tmp_path / "secrets")
    password = tmp_path / "secrets" / "postgres" / "intake"
    before = password.read_text()
    password.unlink()
    run(tmp_path / "secrets")
    assert password.read_text() != before
    assert password.read_text() in (tmp_path / "secrets" / "intake" / "kasane_database_url").read_text()


def test_strangers_cannot_enter_the_folder(tmp_path: Path) -> None:
    run(tmp_path / "secrets")
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_each_service_reads_its_settings_and_only_casework_signs(tmp_path: Path) -> None:
    run(tmp_path)
    settings = {service: Settings(_secrets_dir=tmp_path / service) for service in SERVICES}
    assert [service for service in SERVICES if settings[service].signing_key] == ["casework"]
    for service in SERVICES:
        assert f"kasane_{service}" in settings[service].database_url
        shown = Credentials(settings[service], service).for_feed("intake")
        asked = Credentials(settings["intake"], "intake").read(shown, "feed")
        assert asked is not None
        assert asked.service == service


def test_redis_learns_no_password(tmp_path: Path) -> None:
    run(tmp_path)
    users = (tmp_path / "redis" / "users.acl").read_text()
    assert "user default off" in users
    for service in SERVICES:
        assert (tmp_path / service / ".redis_password").read_text() not in users
