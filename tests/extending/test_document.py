"""The package of docs/extending.md, installed as people do. What the page shows is run by tests/docs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.documents import ROOT, write_project
from tests.program import running

PAGE = ROOT / "docs" / "extending.md"


def test_its_reporter_and_its_backend(tmp_path: Path) -> None:
    env = write_project(PAGE, tmp_path)
    arguments = ("scenarios/extended.yml", "--report", "csv=results.csv", "--backend", "limited")
    done = running.run(tmp_path, "run", *arguments, env=env)
    assert done.status == 0, done.stdout + done.stderr
    lines = (tmp_path / "results.csv").read_text().splitlines()
    assert lines[0] == "scenario,status,ms"
    assert lines[1].startswith('"scenarios/extended.yml::a price is an amount of money",passed,')
    assert '"backend":"limited"' in (tmp_path / "reports" / "report.json").read_text()


def test_it_is_found_where_pip_installs_it(tmp_path: Path) -> None:
    write_project(PAGE, tmp_path)
    target = tmp_path / "installed"
    # Built by the hatchling that is here, with nothing fetched.
    pip = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
    )
    project = tmp_path / "acme-testing"
    for information in project.glob("*.dist-info"):
        for file in information.iterdir():
            file.unlink()
        information.rmdir()
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run((*pip, "--target", target, project), env=environment, check=True, capture_output=True)
    env = {"PYTHONPATH": str(target)}
    done = running.run(tmp_path, "run", "scenarios/extended.yml", env=env)
    assert done.status == 0, done.stdout + done.stderr
    done = running.run(tmp_path, "run", "scenarios/extended.yml")
    assert "unknown matcher `$money`" in done.stderr
