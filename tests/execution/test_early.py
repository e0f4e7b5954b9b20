"""An interpreter that was started before it was known what for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambda_scenarios.backends.early import Early
from lambda_scenarios.execution.plan import WorkerSpec
from lambda_scenarios.execution.scheduler import Limits, Scheduler
from lambda_scenarios.execution.starting import Means
from lambda_scenarios.model.outcome import BackendFailed, Outcome, Returned
from tests.execution import running
from tests.execution.running import lane, python_spec, task
from tests.execution.test_signals import gone

HANDLER = """
import os, sys
def main(event, context):
    print("case", event)
    return [os.environ.get("A"), sys.stdin.read(), "LAMBDA_SCENARIOS_EARLY" in os.environ, os.getppid()]
"""


def early_of(spec: WorkerSpec, **changes: str) -> Early:
    return Early(spec.command[:-2], {**dict(spec.environment), **changes})


def run(spec: WorkerSpec, early: Early) -> Outcome:
    watcher = running.Watcher(lambda _case, _outcome: True, lambda: None)
    try:
        Scheduler([lane(spec, task(0, "0"))], Limits(1, 1), Means(early)).run(lambda: watcher)
    finally:
        early.discard()
        early.discard()
    ((_, outcome),) = watcher.outcomes
    return outcome


def test_it_becomes_the_worker(tmp_path: Path) -> None:
    spec = python_spec(tmp_path, HANDLER, A="b\n=c")
    before = running.open_descriptors()
    early = early_of(spec, A="of another function")
    outcome = run(spec, early)
    assert outcome.ending == Returned(b'["b\\n=c", "", false, %d]' % os.getpid())
    assert (outcome.logs, outcome.init_logs) == (b"case 0\n", b"")
    assert running.no_children()
    assert running.open_descriptors() == before


def test_one_that_would_have_started_differently_is_not_taken(tmp_path: Path) -> None:
    spec = python_spec(tmp_path, HANDLER, A="b")
    before = running.open_descriptors()
    assert isinstance(run(spec, early_of(spec, PYTHONHASHSEED="0")).ending, Returned)
    assert running.no_children()
    assert running.open_descriptors() == before


def test_one_that_died_meanwhile_is_replaced(tmp_path: Path) -> None:
    spec = python_spec(tmp_path, HANDLER, A="b")
    before = running.open_descriptors()
    early = early_of(spec)
    os.kill(early._pid, 9)
    os.waitid(os.P_PID, early._pid, os.WEXITED | os.WNOWAIT)
    assert isinstance(run(spec, early).ending, Returned)
    assert running.no_children()
    assert running.open_descriptors() == before


@pytest.mark.parametrize("value", ["x\0B=y", "\ud800"])
def test_an_environment_that_no_process_can_have(tmp_path: Path, value: str) -> None:
    spec = python_spec(tmp_path, HANDLER)
    early = early_of(spec)
    bad = spec._replace(environment=(*spec.environment, ("A", value)))
    assert isinstance(run(bad, early).ending, BackendFailed)
    assert running.no_children()


@pytest.mark.skipif(
    not os.path.isdir("/proc/self"), reason="only where the environment of a process can be read"
)
def test_a_daemon_that_it_forked(tmp_path: Path) -> None:
    source = """
import os, signal
def main(event, context):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.write(writer, b"%d" % os.getpid())
        signal.pause()
    return int(os.read(reader, 20))
"""
    spec = python_spec(tmp_path, source)
    outcome = run(spec, early_of(spec))
    assert isinstance(outcome.ending, Returned)
    assert gone(int(outcome.ending.payload))
