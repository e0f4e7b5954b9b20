"""Workers of this project's clients: late answers, slow loading, endless and enormous output."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from lambda_scenarios.model.outcome import FunctionError, InitFailed, Outcome, Returned, TimedOut, WorkerDied
from tests.execution import running
from tests.execution.running import lane, node_spec, python_spec, run, task


class TestTimeouts:
    def test_a_late_answer_keeps_its_own_output(self, tmp_path: Path) -> None:
        # This side is busy meanwhile, and the client has the next already, and begins it.
        source = f"""
import time
def main(event, context):
    print("case", event)
    until = time.perf_counter() + (0.3 if event == 30 else 0)
    while time.perf_counter() < until:
        pass
    if event == 31:
        open({str(tmp_path / "begun")!r}, "w").close()
    return event
"""
        spec = python_spec(tmp_path, source)
        tasks = [task(case, str(case), timeout=0.2 if case == 30 else 20) for case in range(40)]

        def decide(case: int, outcome: Outcome) -> bool:
            # On a machine under load it may have been sent nothing ahead: then there is nothing to see.
            until = time.monotonic() + 1
            while case == 29 and not (tmp_path / "begun").exists() and time.monotonic() < until:
                os.sched_yield()
            return True

        done = run([lane(spec, *tasks)], jobs=1, decide=decide)
        assert len(done.outcomes) == 40
        for case, outcome in done.outcomes:
            assert outcome.logs == b"case %d\n" % case
            assert isinstance(outcome.ending, TimedOut) == (case == 30)

    def test_the_next_one_has_been_sent_when_one_is_judged(self, tmp_path: Path) -> None:
        # Its clock runs: however long judging takes, it must not wait for that.
        source = f"""
import os
def main(event, context):
    open(os.path.join({str(tmp_path)!r}, str(event)), "w").close()
    return event
"""
        tasks = [task(case, str(case)) for case in range(60)]
        waited_for: list[int] = []

        def decide(case: int, outcome: Outcome) -> bool:
            until = time.monotonic() + 10
            while case < 59 and not (tmp_path / str(case + 1)).exists():
                if time.monotonic() > until:
                    waited_for.append(case + 1)
                    return False
                os.sched_yield()
            return True

        done = run([lane(python_spec(tmp_path, source), *tasks)], jobs=1, decide=decide)
        assert (waited_for, done.left) == ([], [])

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
        monkeypatch.setattr("lambda_scenarios.execution.plan.INIT_LIMIT", 0.5)
        spec = python_spec(tmp_path, self.SLOW_ONCE, SEEN=str(tmp_path / "seen"))
        done = run([lane(spec, task(0), task(1))], jobs=1)
        outcome = done.of(0)
        assert isinstance(outcome.ending, Returned)
        assert outcome.duration_ms >= 200, "loading is a part of it"
        assert outcome.init_ms is None
        assert (outcome.init_logs, outcome.logs) == (b"loading\n", b"handling\n")
        second = done.of(1)
        assert (second.worker, second.nth, second.logs) == (outcome.worker, 2, b"handling\n")
        assert second.duration_ms < outcome.duration_ms

    def test_init_that_never_ends_is_a_time_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lambda_scenarios.execution.plan.INIT_LIMIT", 0.3)
        spec = python_spec(tmp_path, "import signal\nprint('loading')\nsignal.pause()")
        done = run([lane(spec, task(0, timeout=0.3), task(1, timeout=0.3))], jobs=2)
        for case in (0, 1):
            outcome = done.of(case)
            assert isinstance(outcome.ending, TimedOut)
            assert (outcome.init_logs, outcome.logs, outcome.duration_ms) == (b"loading\n", b"", 300)

    def test_init_that_was_in_time_is_no_time_out_of_the_invocation(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lambda_scenarios.execution.plan.INIT_LIMIT", 0.3)
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
import os, subprocess
child = subprocess.Popen(["sh", "-c", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"])
def main(event, context):
    os.write(1, b"\\ncase %d\\n" % event)
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
        assert done.of(0).ending == Returned(b"0")
        assert len(done.outcomes) == 3

    def test_five_megabytes_both_ways_many_at_once(self, tmp_path: Path) -> None:
        spec = python_spec(tmp_path, "def main(event, context): return event")
        large = json.dumps("x" * 5_000_000)
        tasks = [task(case, large if case % 3 else "1") for case in range(12)]
        done = run([lane(spec, *tasks)])
        for case, outcome in done.outcomes:
            assert outcome.ending == Returned(tasks[case].event)
