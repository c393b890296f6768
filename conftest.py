"""Makes the fixtures of ``shared/testing.py`` known to every test in the tree."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["shared.testing"]

# a busy machine is slow, not wrong: tests are never timed
settings.register_profile("kasane", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kasane")
