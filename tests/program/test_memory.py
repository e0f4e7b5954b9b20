"""What a run keeps in memory: not what has been judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.program import running

MEGABYTES = 2  # of each result
SCENARIOS = 60


@pytest.mark.parametrize("options", [(), ("--retries", "1"), ("--isolation", "cold"), ("--warm-check",)])
def test_results_are_let_go_when_they_are_judged(tmp_path: Path, options: tuple[str, ...]) -> None:
    """The collector is off: what stands in a circle of references stays."""
    (tmp_path / "app.py").write_text(f"def large(event, context): return 'x' * {MEGABYTES << 20}\n")
    (tmp_path / "all.yml").write_text(
        "functions: {large: {handler: app.large, runtime: python3.11, code: .}}\n"
        f"scenarios: [{{name: large, function: large, matrix: {{n: {list(range(SCENARIOS))}}}}}]\n"
    )
    running.localise(tmp_path)
    process = running.start(tmp_path, ["run", "all.yml", "--no-reports", "-q", *options])
    assert process.stdout is not None and process.stderr is not None
    with process.stdout as stdout, process.stderr as stderr:
        output = stdout.read() + stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, output
    # Kilobytes on Linux, bytes on macOS.
    peak = usage.ru_maxrss // (1 if os.uname().sysname == "Linux" else 1024)
    assert peak < SCENARIOS * MEGABYTES * 1024, "less than all results together"
