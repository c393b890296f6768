"""Makes the fixtures of ``shared/testing.py`` known to every test in the tree."""

import signal
import sys

import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = ["shared.testing"]

# a shell's background job ignores Ctrl+C and would hand that on to the commands that tests start and interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)

# what services log while they run beside a test is none of what a command prints
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))

# a busy machine is slow, not wrong: tests are never timed
settings.register_profile("kasane", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kasane")
