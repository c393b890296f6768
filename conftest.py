"""Makes the fixtures of ``shared/testing.py`` known to every test in the tree."""

pytest_plugins = ["shared.testing"]
