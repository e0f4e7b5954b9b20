"""Hypothesis: short runs by default, long ones with HYPOTHESIS_PROFILE=soak; no deadlines."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "soak", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped: what a machine lacks there, `.ci/run` has to install."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("tests were skipped, though CI is set: see their reasons above", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
