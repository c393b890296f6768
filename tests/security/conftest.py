"""The stack of the end-to-end tests."""

from tests.e2e.conftest import StartStack, start_stack

__all__ = ["StartStack", "start_stack"]
