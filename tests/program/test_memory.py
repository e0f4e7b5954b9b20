"""What a run keeps in memory: not what has been judged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import running

MEGABYTES = 2  # of each result
SCENARIOS = 60
# In a process between: on Linux, what a process had before it became a program counts as the program's peak,
# and this one has all that its tests have loaded.
_PEAK = """\
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.exit(status)
"""


@pytest.mark.parametrize("options", [(), ("--retries", "1"), ("--isolation", "cold"), ("--warm-check",)])
def test_results_are_let_go_when_they_are_judged(tmp_path: Path, options: tuple[str, ...]) -> None:
    """The collector is off: what stands in a circle of references stays."""
    (tmp_path / "app.py").write_text(f"def large(event, context): return 'x' * {MEGABYTES << 20}\n")
    (tmp_path / "all.yml").write_text(
        "functions: {large: {handler: app.large, runtime: python3.11, code: .}}\n"
        f"scenarios: [{{name: large, function: large, matrix: {{n: {list(range(SCENARIOS))}}}}}]\n"
    )
    running.localise(tmp_path)
    arguments = [*running.PROGRAM, "run", "all.yml", "--no-reports", "-q", *options]
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, *arguments],
        cwd=tmp_path,
        env=running.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Kilobytes on Linux, bytes on macOS.
    peak = int(done.stdout.split()[-1]) // (1 if os.uname().sysname == "Linux" else 1024)
    assert peak < SCENARIOS * MEGABYTES * 1024, "less than all results together"
