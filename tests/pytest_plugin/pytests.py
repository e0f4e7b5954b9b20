"""Projects for a pytest of its own, and running it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.program import running, several

SERVICE = """\
service: shop
provider: {name: aws, runtime: python3.11, environment: {LEVEL: service}}
functions:
  create: {handler: app.create}
  get: {handler: app.get}
  count: {handler: app.count}
  clean: {handler: app.clean}
"""
SCENARIOS = """\
  - {name: passes, function: create, event: {what: it}, tags: [smoke, not-a-marker]}
  - {name: fails, function: get, event: {id: o-1}, expect: {output_includes: {found: o-2}}}
  - {name: raises, function: get}
  - {name: skipped, function: get, skip: not here}
  - {name: expected, function: get, xfail: ticket 12}
  - {name: unexpected, function: create, xfail: ticket 13}
  - {name: "flaky [a::b]", function: create}
"""


def project(directory: Path, scenarios: str = SCENARIOS) -> None:
    several.write(directory, scenarios.replace("a::b", "a:b"), "all.yml")
    (directory / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")


def run(directory: Path, *arguments: str, mark: str = "") -> running.Done:
    """pytest, with the plugin as its entry point loads it, and without this run's own surroundings."""
    env = {name: value for name, value in running.environment().items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *arguments],  # whose import takes long
        cwd=directory,
        env={**env, running.MARK: mark},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=170,
        check=False,
    )
    return running.Done(done.returncode, done.stdout.decode(), done.stderr.decode())
