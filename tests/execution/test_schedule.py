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
from lambda_scenarios.model.outcome import (
    BackendFailed,
    FunctionError,
    InitFailed,
    Outcome,
    Returned,
    TimedOut,
    WorkerDied,
)
from tests.execution import running
from tests.execution.running import lane, node_spec, python_spec, run, task

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
    "exit": FunctionError,  # AWS's client reports SystemExit... as what it is
    "die": WorkerDied,
    "wait": TimedOut,
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("prefetch", [True, False])
def test_each_task_ends_once(tmp_path: Path, seed: int, prefetch: bool) -> None:
    chance = random.Random(seed)
    begun = tmp_path / "begun"
    specs = [python_spec(tmp_path, HANDLER, number=n, BEGUN=str(begun), N=str(n)) for n in (1, 2, 3)]
    deeds = chance.choices(list(ENDINGS), weights=[60, 8, 2, 1, 2, 1], k=90)
    cold = [chance.random() < 0.03 for _ in deeds]
    chosen: list[WorkerSpec] = [chance.choice(specs) for _ in deeds]
    tasks = [
        task(case, json.dumps({"case": case, "do": deed}), timeout=0.25 if deed == "wait" else 20)
        for case, deed in enumerate(deeds)
    ]
    order = list(range(len(tasks)))
    if seed % 2:
        chance.shuffle(order)
    planned = plan.lanes([Assignment(chosen[case], tasks[case], cold[case]) for case in order])
    before = running.open_descriptors()

    done = run(planned, jobs=chance.choice([1, 2, 3]), idle=chance.choice([0, 1, 8]), prefetch=prefetch)

    assert (done.left, done.why) == ([], None)
    assert Counter(case for case, _ in done.outcomes) == Counter(order)
    assert Counter(begun.read_text().split()) == Counter(map(str, order))
    seen: dict[int, list[int]] = {}
    for case, outcome in done.outcomes:
        assert isinstance(outcome.ending, ENDINGS[deeds[case]]) or deeds[case] == "exit", (case, outcome)
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
    assert [isinstance(done.of(case).ending, BackendFailed) for case in range(4)] == [True, False, True, False]
    problem = done.of(0).ending
    assert isinstance(problem, BackendFailed)
    assert problem.problem == "/no/such/interpreter could not be started: No such file or directory"


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

    specs = [python_spec(tmp_path, "def main(e, c): return e", number=n, N=str(n)) for n in range(1, 25)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 24, hard))
    try:
        done = run([lane(spec, task(spec.number)) for spec in specs], jobs=24)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {type(outcome.ending) for _, outcome in done.outcomes} == {Returned}
    assert len(done.outcomes) == 24


def test_no_more_workers_are_kept_than_asked_for(tmp_path: Path) -> None:
    specs = [python_spec(tmp_path, "def main(e, c): return e", number=n, N=str(n)) for n in range(1, 7)]
    most = 0

    def turn() -> None:
        nonlocal most
        most = max(most, len(children()))

    tasks = [Assignment(spec, task(6 * again + spec.number), False) for again in range(5) for spec in specs]
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


class TestTimeouts:
    def test_a_late_answer_keeps_its_own_output(self, tmp_path: Path) -> None:
        # The client has begun the next when this side reads the answer that came too late. Here the answer
        # says so itself, since this side is slower than the clock only by chance.
        source = """
import time
def main(event, context):
    print("case", event)
    until = time.perf_counter() + (0.3 if event == 9 else 0)
    while time.perf_counter() < until:
        pass
    return event
"""
        spec = python_spec(tmp_path, source)
        tasks = [task(case, str(case), timeout=0.2 if case == 9 else 20) for case in range(12)]
        done = run([lane(spec, *tasks)], jobs=1)
        assert len(done.outcomes) == 12
        for case, outcome in done.outcomes:
            assert outcome.logs == b"case %d\n" % case
            assert isinstance(outcome.ending, TimedOut) == (case == 9)

    def test_what_answered_in_time_passes_however_late_this_side_is(self, tmp_path: Path) -> None:
        source = f"""
import os
def reached(name):
    open(os.path.join({str(tmp_path)!r}, name), "w").close()
def wait_for(name):
    while not os.path.exists(os.path.join({str(tmp_path)!r}, name)):
        os.sched_yield()
def main(event, context):
    if event == 0:
        wait_for("begun")
    if event == 1:
        reached("begun")
        wait_for("judging")
        reached("answered")
    return event
"""
        first = python_spec(tmp_path, source, number=1)
        second = python_spec(tmp_path, source, number=2)

        def decide(case: int, outcome: Outcome) -> bool:
            if case == 0:
                # Judging this one takes longer than the other's timeout.
                (tmp_path / "judging").touch()
                until = time.monotonic() + 1.1
                while time.monotonic() < until or not (tmp_path / "answered").exists():
                    os.sched_yield()
            return True

        done = run(
            [
                lane(first, task(0, "0")),
                lane(second, *[task(case, str(case), timeout=1) for case in (1, 2, 3)]),
            ],
            decide=decide,
        )
        assert [done.of(case).ending for case in range(4)] == [Returned(b"%d" % case) for case in range(4)]
        assert len({done.of(case).worker for case in (1, 2, 3)}) == 1, "nobody was killed for it"


class TestLoading:
    # Waits for ever when it is loaded for the first time, and not when it is loaded again.
    SLOW_ONCE = """
import os, signal, time
print("loading")
try:
    os.mkdir(os.environ["SEEN"])
    signal.pause()
except FileExistsError:
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        pass
def main(event, context):
    print("handling")
    return context.get_remaining_time_in_millis()
"""

    def test_init_over_its_limit_runs_again_inside_the_invocation(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lambda_scenarios.execution.worker.INIT_LIMIT", 0.5)
        spec = python_spec(tmp_path, self.SLOW_ONCE, SEEN=str(tmp_path / "seen"))
        done = run([lane(spec, task(0), task(1))], jobs=1)
        outcome = done.of(0)
        assert isinstance(outcome.ending, Returned)
        assert outcome.duration_ms >= 200, "loading is a part of it"
        assert outcome.init_ms is None
        assert (outcome.init_logs, outcome.logs) == (b"loading\n", b"handling\n")
        second = done.of(1)
        assert (second.worker, second.nth, second.logs) == (outcome.worker, 2, b"handling\n")
        assert second.duration_ms < 200

    def test_init_that_never_ends_is_a_time_out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lambda_scenarios.execution.worker.INIT_LIMIT", 0.3)
        spec = python_spec(tmp_path, "import signal\nprint('loading')\nsignal.pause()")
        done = run([lane(spec, task(0, timeout=0.3), task(1, timeout=0.3))], jobs=2)
        for case in (0, 1):
            outcome = done.of(case)
            assert isinstance(outcome.ending, TimedOut)
            assert (outcome.init_logs, outcome.logs, outcome.duration_ms) == (b"loading\n", b"", 300)

    def test_init_that_was_in_time_is_no_time_out_of_the_invocation(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lambda_scenarios.execution.worker.INIT_LIMIT", 0.3)
        source = f"""
import os
while not os.path.exists({str(tmp_path / "judging")!r}):
    os.sched_yield()
open({str(tmp_path / "loaded")!r}, "w").close()
def main(event, context):
    return event
"""
        slow = python_spec(tmp_path, source, number=2)
        quick = python_spec(tmp_path, "def main(e, c): return e", number=1)

        def decide(case: int, outcome: Outcome) -> bool:
            if case == 0:
                (tmp_path / "judging").touch()
                until = time.monotonic() + 0.5
                while time.monotonic() < until or not (tmp_path / "loaded").exists():
                    os.sched_yield()
            return True

        done = run([lane(quick, task(0)), lane(slow, task(1))], decide=decide)
        assert isinstance(done.of(1).ending, Returned)

    def test_a_failure_is_told_for_each_task(self, tmp_path: Path) -> None:
        spec = python_spec(tmp_path, "print('loading')\nraise OSError('no')")
        done = run([lane(spec, task(0), task(1), task(2))])
        for case in range(3):
            outcome = done.of(case)
            assert isinstance(outcome.ending, InitFailed)
            assert outcome.ending.error_type == "OSError"
            assert outcome.init_logs.startswith(b"loading\n[ERROR] OSError: no")
            assert outcome.logs == b""

    def test_a_process_that_ends_while_loading(self, tmp_path: Path) -> None:
        spec = python_spec(tmp_path, "import sys\nprint('loading')\nsys.exit(7)")
        outcome = run([lane(spec, task(0))]).of(0)
        assert isinstance(outcome.ending, WorkerDied)
        assert (outcome.ending.status, outcome.init_logs, outcome.logs) == (7, b"loading\n", b"")


@pytest.mark.skipif(running.NODE is None, reason="needs Node.js")
class TestNode:
    def test_a_failure_to_load_shows_no_marker(self, tmp_path: Path) -> None:
        spec = node_spec(tmp_path, "process.stdout.write('loading\\n'); throw new RangeError('no')")
        outcome = run([lane(spec, task(0))]).of(0)
        assert isinstance(outcome.ending, InitFailed)
        assert outcome.init_logs.startswith(b"loading\n")
        assert b"\0" not in outcome.init_logs
        assert running.NONCE.encode() not in outcome.init_logs

    def test_an_answer_counts_though_the_process_ends_after_it(self, tmp_path: Path) -> None:
        source = """
exports.main = (event, context, callback) => {
  process.stdout.write(`case ${event}\\n`)
  context.callbackWaitsForEmptyEventLoop = false
  callback(null, event)
  if (event % 5 === 4) process.exit(0)
}
"""
        spec = node_spec(tmp_path, source)
        done = run([lane(spec, *[task(case, str(case)) for case in range(25)])], jobs=1)
        assert sorted(case for case, _ in done.outcomes) == list(range(25))
        for case, outcome in done.outcomes:
            # One that was handed out while the process was ending ends with it, as in Lambda.
            if not isinstance(outcome.ending, WorkerDied):
                assert outcome.ending == Returned(b"%d" % case)
                assert outcome.logs == b"case %d\n" % case
        assert all(isinstance(done.of(case).ending, Returned) for case in range(4, 25, 5))


class TestOutput:
    def test_an_error_of_more_than_six_megabytes_hurts_nobody_else(self, tmp_path: Path) -> None:
        source = """
def main(event, context):
    if event == 1:
        raise ValueError("z" * 10_000_000)
    return event
"""
        done = run([lane(python_spec(tmp_path, source), *[task(n, str(n)) for n in range(4)])], jobs=1)
        ending = done.of(1).ending
        assert isinstance(ending, FunctionError)
        assert ending.error_type == "Function.ResponseSizeTooLarge"
        assert len(ending.message) < 200
        assert [done.of(case).ending for case in (0, 2, 3)] == [Returned(b"%d" % case) for case in (0, 2, 3)]

    def test_a_child_that_prints_for_ever_does_not_keep_the_run(self, tmp_path: Path) -> None:
        source = """
import subprocess
child = subprocess.Popen(["sh", "-c", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"])
def main(event, context):
    print("\\ncase", event)
    return event
"""
        done = run([lane(python_spec(tmp_path, source), *[task(n, str(n)) for n in range(40)])], jobs=1)
        assert len(done.outcomes) == 40
        for case, outcome in done.outcomes:
            assert b"\ncase %d\n" % case in outcome.logs
            assert b"\0" not in outcome.logs
        assert running.no_children()

    def test_a_function_that_closes_its_output(self, tmp_path: Path) -> None:
        source = """
import os
def main(event, context):
    os.close(1)
    os.close(2)
    return event
"""
        done = run([lane(python_spec(tmp_path, source), *[task(n, str(n)) for n in range(3)])], jobs=1)
        assert [done.of(case).ending for case in range(3)][0] == Returned(b"0")
        assert len(done.outcomes) == 3

    def test_five_megabytes_both_ways_many_at_once(self, tmp_path: Path) -> None:
        spec = python_spec(tmp_path, "def main(event, context): return event")
        large = json.dumps("x" * 5_000_000)
        tasks = [task(case, large if case % 3 else "1") for case in range(24)]
        done = run([lane(spec, *tasks)])
        for case, outcome in done.outcomes:
            assert outcome.ending == Returned(tasks[case].event)
