"""Schedules of real workers: each task ends once, on its own worker, with its own output."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from lambda_scenarios.execution import plan
from lambda_scenarios.execution.plan import Assignment, WorkerSpec
from lambda_scenarios.model.outcome import BackendFailed, FunctionError, Returned, TimedOut, WorkerDied
from tests.execution import running
from tests.execution.running import lane, python_spec, run, task

# Notes each beginning in a file: what is run twice, or never, is seen there.
HANDLER = """
import os, signal, sys

def main(event, context):
    case = event["case"]
    with open(os.environ["BEGUN"], "a") as begun:
        begun.write(f"{case}\\n")
    print("out", case)
    os.write(2, b"err %d\\n" % case)
    do = event.get("do")
    if do == "raise":
        raise ValueError(case)
    if do == "exit":
        sys.exit(3)
    if do == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "wait":
        signal.pause()
    if do == "set":
        return {1}
    return case
"""
ENDINGS = {
    "return": Returned,
    "raise": FunctionError,
    "set": FunctionError,
    "exit": WorkerDied,
    "die": WorkerDied,
    "wait": TimedOut,
}


@pytest.mark.parametrize(("seed", "prefetch"), [(0, True), (1, True), (2, False)])
def test_each_task_ends_once(tmp_path: Path, seed: int, prefetch: bool) -> None:
    chance = random.Random(seed)
    begun = tmp_path / "begun"
    specs = [python_spec(tmp_path, HANDLER, number=n, BEGUN=str(begun), N=str(n)) for n in (1, 2, 3)]
    deeds = chance.choices(list(ENDINGS), weights=[60, 8, 2, 1, 2, 1], k=80)
    cold = [chance.random() < 0.03 for _ in deeds]
    chosen: list[WorkerSpec] = [chance.choice(specs) for _ in deeds]
    tasks = [
        task(case, json.dumps({"case": case, "do": deed}), timeout=0.25 if deed == "wait" else 20)
        for case, deed in enumerate(deeds)
    ]
    order = list(range(len(tasks)))
    if seed % 2:
        chance.shuffle(order)
    planned = plan.lanes(
        [Assignment(chosen[case], tasks[case], str(case) if cold[case] else None) for case in order]
    )
    before = running.open_descriptors()

    done = run(planned, jobs=chance.choice([1, 2, 3]), idle=chance.choice([0, 1, 8]), prefetch=prefetch)

    assert (done.left, done.why) == ([], None)
    assert Counter(case for case, _ in done.outcomes) == Counter(order)
    assert Counter(begun.read_text().split()) == Counter(map(str, order))
    seen: dict[int, list[int]] = {}
    for case, outcome in done.outcomes:
        assert isinstance(outcome.ending, ENDINGS[deeds[case]]), (case, outcome)
        assert outcome.logs.startswith(b"out %d\nerr %d\n" % (case, case)), (case, outcome)
        assert outcome.logs.count(b"out ") == 1
        assert b"\0" not in outcome.logs
        if isinstance(outcome.ending, Returned):
            assert outcome.ending.payload == b"%d" % case
        seen.setdefault(outcome.worker, []).append(outcome.nth)
        assert (outcome.init_ms is not None) == (outcome.nth == 1)
        assert not cold[case] or outcome.nth == 1
    for numbers in seen.values():
        assert numbers == list(range(1, len(numbers) + 1))
    assert running.open_descriptors() == before
    assert running.no_children()


def test_a_lane_whose_interpreter_is_missing_does_not_keep_the_others(tmp_path: Path) -> None:
    good = python_spec(tmp_path, "def main(e, c): return e")
    bad = good._replace(command=("/no/such/interpreter",), number=2)
    done = run([lane(bad, task(0), task(2)), lane(good, task(1), task(3))])
    assert [isinstance(done.of(case).ending, BackendFailed) for case in range(4)] == [
        True,
        False,
        True,
        False,
    ]
    problem = done.of(0).ending
    assert isinstance(problem, BackendFailed)
    assert problem.problem == "/no/such/interpreter could not be started: No such file or directory"


def test_an_environment_that_is_too_large_is_told_with_the_variable_s_name(tmp_path: Path) -> None:
    spec = python_spec(tmp_path, "def main(e, c): return e")
    before = running.open_descriptors()
    done = run([lane(spec._replace(environment=(*spec.environment, ("BIG", "ä" * 1_000_000))), task(0))])
    ending = done.of(0).ending
    assert isinstance(ending, BackendFailed)
    assert "too large, most of all `BIG` with 2,000,000 bytes; on Lambda all" in ending.problem
    assert running.open_descriptors() == before


@pytest.mark.parametrize(("name", "value"), [("A", "x\0y"), ("A", "\ud800"), ("A=B", "x"), ("", "x")])
def test_an_environment_that_no_process_can_have(tmp_path: Path, name: str, value: str) -> None:
    spec = python_spec(tmp_path, "def main(e, c): return e")
    bad = spec._replace(environment=(*spec.environment, (name, value)))
    before = running.open_descriptors()
    done = run([lane(bad, task(0))])
    assert isinstance(done.of(0).ending, BackendFailed)
    assert running.open_descriptors() == before


def test_few_descriptors_mean_few_workers_not_errors(tmp_path: Path) -> None:
    import resource

    specs = [python_spec(tmp_path, "def main(e, c): return e", number=n, N=str(n)) for n in range(1, 17)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 20, hard))
    try:
        done = run([lane(spec, task(spec.number)) for spec in specs], jobs=16)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {type(outcome.ending) for _, outcome in done.outcomes} == {Returned}
    assert len(done.outcomes) == 16


def test_no_more_workers_are_kept_than_asked_for(tmp_path: Path) -> None:
    specs = [python_spec(tmp_path, "def main(e, c): return e", number=n, N=str(n)) for n in range(1, 7)]
    before = set(children())  # servers of other tests
    most = 0

    def turn() -> None:
        nonlocal most
        most = max(most, len(set(children()) - before))

    tasks = [Assignment(spec, task(6 * again + spec.number)) for again in range(5) for spec in specs]
    done = run(plan.lanes(tasks), jobs=2, idle=1, turn=turn)
    assert len(done.outcomes) == 30
    assert 2 <= most <= 4, "the reaper, two that are busy, one that is idle"


def children() -> list[str]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return file.read().split()


def test_what_was_begun_when_the_run_is_over_is_not_told_as_run(tmp_path: Path) -> None:
    spec = python_spec(tmp_path, "def main(e, c): return e")
    done = run([lane(spec, task(0), task(1), task(2))], prefetch=False, decide=lambda case, _: case != 1)
    assert ([case for case, _ in done.outcomes], done.left, done.why) == ([0, 1], [2], "-x")
    assert running.no_children()


def test_nothing_is_started_when_the_time_is_over_already(tmp_path: Path) -> None:
    spec = python_spec(tmp_path, f"open({str(tmp_path / 'loaded')!r}, 'w')\ndef main(e, c): return e")
    done = run([lane(spec, task(0), task(1))], until=time.monotonic())
    assert (done.outcomes, done.left, done.why) == ([], [0, 1], "--max-time")
    assert not (tmp_path / "loaded").exists()


def test_the_end_of_the_time_ends_what_runs(tmp_path: Path) -> None:
    spec = python_spec(tmp_path, "import signal\ndef main(e, c): signal.pause()")
    done = run([lane(spec, task(0), task(1))], until=time.monotonic() + 0.3)
    assert (done.outcomes, done.left, done.why) == ([], [0, 1], "--max-time")
    assert running.no_children()


def test_an_exit_takes_no_large_answer_back(tmp_path: Path) -> None:
    """What is on its way is lost with a process that leaves something unread: so it is sent nothing ahead."""
    source = """
import os
def main(event, context):
    if event == "exit":
        os._exit(3)
    return "x" * event
"""
    texts = ["1"] * 8 + ["3000000"] + ["1"] * 8 + ["3000000", '"exit"', "2000000", '"exit"']
    tasks = [task(case, text) for case, text in enumerate(texts)]
    done = run([lane(python_spec(tmp_path, source), *tasks)], jobs=1)
    endings = {case: type(outcome.ending) for case, outcome in done.outcomes}
    assert endings == {case: WorkerDied if "exit" in text else Returned for case, text in enumerate(texts)}
