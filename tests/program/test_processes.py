"""No process is left behind: after a run, an interrupted one, a killed one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.program import running

HANDLER = """\
import os, subprocess, sys, time

def busy(event, context):
    # A child, and a grandchild that leaves the process group as daemons do.
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    print("about to wait", flush=True)
    with open(os.environ["READY"], "w") as ready:
        ready.write("x")
    if event.get("wait"):
        time.sleep(600)
    return "done"

def quick(event, context):
    return "quick"
"""

SERVICE = """\
service: processes
provider: {name: aws, runtime: python3.11}
functions:
  busy: {handler: handler.busy, timeout: 900}
  quick: {handler: handler.quick}
"""

SCENARIOS = """\
scenarios:
  - {name: quick, function: quick, expect: {output: quick}}
  - {name: busy, function: busy, event: {wait: %s}, expect: {output: done}}
  - {name: never reached, function: busy, event: {wait: true}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "handler.py").write_text(HANDLER)
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "scenarios").mkdir()
    os.mkfifo(tmp_path / "ready")
    return tmp_path


def begun(project: Path) -> subprocess.Popen[bytes]:
    """A run whose function is waiting, its children started."""
    (project / "scenarios" / "s.yml").write_text(SCENARIOS % "true")
    process = running.start(project, ["run", "-j", "1", "-e", f"READY={project / 'ready'}"])
    # Opening a FIFO for reading blocks until the function opens it for writing.
    assert (project / "ready").read_text() == "x"
    return process


def gone(needle: str) -> list[str]:
    """What is left once the kernel has had time to take killed processes away."""
    until = time.monotonic() + 10
    while running.left_behind(needle) and time.monotonic() < until:
        os.sched_yield()
    return running.left_behind(needle)


def test_a_finished_run_leaves_nothing(project: Path) -> None:
    (project / "scenarios" / "s.yml").write_text(SCENARIOS.partition("  - {name: never")[0] % "false")
    process = running.start(project, ["run", "-e", f"READY={project / 'ready'}"])
    assert (project / "ready").read_text() == "x"
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert gone(str(project)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_has_its_reports_and_leaves_nothing(project: Path, number: int) -> None:
    done = running.interrupt(begun(project), number)
    assert done.status == 130, done
    report = json.loads((project / "reports" / "report.json").read_text())
    assert [result["status"] for result in report["results"]] == ["passed", "not run", "not run"]
    assert signal.Signals(number).name in report["results"][1]["reason"]
    cases = ET.parse(project / "reports" / "junit.xml").getroot().iter("testcase")
    assert [case.find("skipped") is not None for case in cases] == [False, True, True]
    assert gone(str(project)) == []


def test_a_killed_run_leaves_nothing_but_what_its_reports_are_made_of(project: Path) -> None:
    process = begun(project)
    running.interrupt(process, signal.SIGKILL)
    assert gone(str(project)) == []
    assert not (project / "reports" / "report.json").exists()
    done = running.run(project, "report", "reports")
    assert done.status == 0, done
    report = json.loads((project / "reports" / "report.json").read_text())
    assert [result["status"] for result in report["results"]] == ["passed", "not run", "not run"]
    assert [name for name in os.listdir(project / "reports") if name.startswith(".")] == []


def test_the_next_run_takes_away_what_a_killed_one_left(project: Path) -> None:
    process = begun(project)
    running.interrupt(process, signal.SIGKILL)
    reports = project / "reports"
    (killed,) = os.listdir(reports)
    (reports / f"junit.xml.{process.pid}.new").write_text("<testsui")
    writing = reports / f"report.json.{os.getpid()}.new"
    writing.touch()
    assert running.run(project, "run", "-k", "quick").status == 0
    assert sorted(os.listdir(reports)) == ["junit.xml", "report.html", "report.json", writing.name]
    assert running.run(project, "report").status == 2, f"of {killed} there is nothing to report"


def test_a_run_that_nothing_selects_starts_nothing(project: Path) -> None:
    (project / "scenarios" / "s.yml").write_text(SCENARIOS % "true")
    done = running.run(project, "run", "-k", "no such scenario")
    assert done.status == 5, done
    assert not (project / "reports").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_files_are_read_ends_at_once(project: Path, number: int) -> None:
    process = running.start(project, ["run", "ready"])
    # The program reads the FIFO as a scenario file: opening it here waits until it does, and holds it there.
    with (project / "ready").open("w"):
        done = running.interrupt(process, number)
    assert (done.status, done.stdout, done.stderr) == (130, "", "interrupted; nothing was run\n")
    assert gone(str(project)) == []
