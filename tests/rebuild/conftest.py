"""The story, played on a stack of this test's own, and what is left of it."""

from tests.e2e.conftest import StartStack, start_stack

__all__ = ["StartStack", "start_stack"]
