from pathlib import Path

import pytest

from services.parts import load_app
from services.stack import make_settings
from shared.events import SERVICES
from tests.contracts.conftest import Compare


@pytest.mark.parametrize("service", SERVICES)
def test_an_api_stays_as_it_was_promised(service: str, compare_with_snapshot: Compare, tmp_path: Path) -> None:
    nowhere = dict.fromkeys(SERVICES, "postgresql+asyncpg://nobody@localhost/nothing")
    settings = make_settings(tmp_path, "http://localhost", nowhere, "redis://localhost")
    compare_with_snapshot(f"openapi/{service}.json", load_app(service, settings[service]).openapi())
