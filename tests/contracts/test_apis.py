import importlib

import pytest

from shared.events import SERVICES
from shared.settings import Settings
from tests.contracts.conftest import Compare


@pytest.mark.parametrize("service", SERVICES)
def test_an_api_stays_as_it_was_promised(service: str, compare_with_snapshot: Compare) -> None:
    app = importlib.import_module(f"services.{service}.app").create_app(Settings())
    compare_with_snapshot(f"openapi/{service}.json", app.openapi())
