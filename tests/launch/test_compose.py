"""The compose file keeps to what docker-compose 1.29 and compose v2 both understand, and closes what must be closed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES = ("intake", "casework", "outreach", "notify")


def test_only_top_level_keys_that_both_know() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"services", "volumes", "networks"}


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_nothing_that_1_29_refuses(name: str) -> None:
    service = COMPOSE["services"][name]
    assert "start_interval" not in service.get("healthcheck", {})
    assert "configs" not in service
    assert not isinstance(service.get("env_file"), dict)
    depends = service.get("depends_on", [])
    if isinstance(depends, dict):
        assert all(set(how) == {"condition"} for how in depends.values())
    assert "network" not in (service.get("build") or {}), "belongs into docker-compose.local.yml"


def test_base_images_come_from_variables_with_official_defaults() -> None:
    images = {name: service["image"] for name, service in COMPOSE["services"].items()}
    assert images["postgres"].startswith("${POSTGRES_IMAGE:-postgres:")
    assert images["redis"].startswith("${REDIS_IMAGE:-redis:")
    assert images["edge"].startswith("${NGINX_IMAGE:-nginx:")
    assert COMPOSE["services"]["secrets"]["build"]["args"]["PYTHON_IMAGE"].startswith("${PYTHON_IMAGE:-python:")
    assert {images[name] for name in (*SERVICES, "migrate")} == {images["secrets"]}


def test_redis_keeps_what_it_was_told_and_forgets_nothing() -> None:
    command = COMPOSE["services"]["redis"]["command"]
    settings = dict(zip(command[1::2], command[2::2], strict=True))
    assert settings["--appendonly"] == "yes"
    assert settings["--maxmemory-policy"] == "noeviction"
    assert "--aclfile" in settings


def test_secrets_come_as_files_and_each_service_sees_only_its_own() -> None:
    for name in SERVICES:
        service = COMPOSE["services"][name]
        assert service["volumes"] == [f"./secrets/{name}:/run/kasane:ro"]
        assert service["environment"]["KASANE_SECRETS_DIR"] == "/run/kasane"
    for service in COMPOSE["services"].values():
        for key in service.get("environment", {}):
            assert not re.search(r"PASSWORD|TOKEN|KEY$|_URL$", key), key


def test_only_the_edge_is_reached_from_outside_and_only_from_this_machine() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["edge"]
    assert COMPOSE["services"]["edge"]["ports"][0].startswith("${KASANE_BIND:-127.0.0.1}:")
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_services_wait_for_the_migration_and_run_without_rights() -> None:
    for name in SERVICES:
        service = COMPOSE["services"][name]
        assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_the_image_needs_no_buildkit() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "--mount" not in text
    assert "<<" not in text
    assert "ARG PYTHON_IMAGE=python:" in text
    assert re.search(r"^USER \d+", text, re.MULTILINE)


def test_the_edge_hides_feeds_and_metrics_and_logs_no_query() -> None:
    text = (ROOT / "docker" / "nginx.conf").read_text()
    log_format = re.search(r"log_format kasane '([^']*)'", text)
    assert log_format is not None
    assert "$uri" in log_format[1]
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", log_format[1])
    assert r"(events|metrics|openapi\.json)" in text
    assert 'proxy_set_header Kasane-Service "";' in text, "nobody outside is a service"
    assert "limit_req zone=" in text
