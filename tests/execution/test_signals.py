"""Signals at any moment, and what becomes of processes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lambda_scenarios.backends import reaper as reaping
from lambda_scenarios.backends.reaper import Reaper, sweep
from lambda_scenarios.execution.loop import Loop, listening
from lambda_scenarios.model.outcome import Outcome
from tests.execution import running
from tests.execution.running import lane, python_spec, run, task

HANDLER = "def main(event, context): return event"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_says_what_is_left(tmp_path: Path, number: signal.Signals) -> None:
    def decide(case: int, outcome: Outcome) -> bool:
        if case == 1:
            os.kill(os.getpid(), number)
        return True

    before = {each: signal.getsignal(each) for each in (number, signal.SIGCHLD)}
    done = run([lane(python_spec(tmp_path, HANDLER), *map(task, range(50)))], jobs=1, decide=decide)
    ran = [case for case, _ in done.outcomes]
    assert ran[:2] == [0, 1]
    assert (ran + sorted(done.left), done.why) == (list(range(50)), number.name)
    assert {each: signal.getsignal(each) for each in before} == before
    assert running.no_children()


def test_a_second_one_does_not_break_off_what_ends_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Reaper.close

    def interrupted_again(self: Reaper) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        close(self)

    monkeypatch.setattr(Reaper, "close", interrupted_again)

    def decide(case: int, outcome: Outcome) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return True

    spec = python_spec(tmp_path, "import signal\ndef main(e, c): return e if e == 0 else signal.pause()")
    done = run([lane(spec, task(0, "0"), task(1, "1"))], jobs=1, decide=decide)
    assert (len(done.outcomes), done.left, done.why) == (1, [1], "SIGINT")
    assert running.no_children()


def test_one_that_comes_when_all_has_run_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Reaper.close

    def interrupted(self: Reaper) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        close(self)

    monkeypatch.setattr(Reaper, "close", interrupted)
    done = run([lane(python_spec(tmp_path, HANDLER), task(0))])
    assert (len(done.outcomes), done.left, done.why) == (1, [], "SIGTERM")


def test_the_third_one_breaks_off_what_does_not_come_back(tmp_path: Path) -> None:
    def decide(case: int, outcome: Outcome) -> bool:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
        return True

    with pytest.raises(KeyboardInterrupt):
        run([lane(python_spec(tmp_path, HANDLER), task(0), task(1))], decide=decide)
    assert running.no_children()


def test_what_goes_wrong_while_judging_leaves_no_process(tmp_path: Path) -> None:
    def decide(case: int, outcome: Outcome) -> bool:
        raise ZeroDivisionError

    before = running.open_descriptors()
    with pytest.raises(ZeroDivisionError):
        run([lane(python_spec(tmp_path, HANDLER), task(0), task(1))], decide=decide)
    assert running.no_children()
    assert running.open_descriptors() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_a_script_said_to_ignore_stays_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    loop = Loop()
    try:
        with listening(loop) as signals:
            os.kill(os.getpid(), number)
            assert signals.interrupts == 0
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
        loop.close()


def test_no_signal_is_taken_in_the_reaper_for_one_of_the_run() -> None:
    # Sent while the child is not yet its own: it must not unwind a second copy of the program.
    code = """
import os, signal
from lambda_scenarios.backends import reaper
fork = os.fork
def interrupted():
    child = fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    return child
os.fork = interrupted
try:
    reaper.Reaper().close()
finally:
    print("end of", os.getpid())
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert (process.returncode, process.stdout.count(b"end of"), process.stderr) == (0, 1, b"")


def sleeper(*, marks: dict[str, str], double: bool = False) -> subprocess.Popen[bytes]:
    """A process (with `double`, one that its own child outlives in a session of its own) that waits."""
    code = "import signal; print('up', flush=True); signal.pause()"
    if double:
        code = (
            "import subprocess, sys; subprocess.Popen([sys.executable, '-c', "
            f"{code!r}], start_new_session=True).wait()"
        )
    process = subprocess.Popen([sys.executable, "-c", code], env=marks, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


@pytest.mark.skipif(
    not os.path.isdir("/proc/self"), reason="only where the environment of a process can be read"
)
class TestSweep:
    def test_what_was_started_while_its_worker_ran(self) -> None:
        process = sleeper(marks={"MARK": "of-a-run"}, double=True)
        assert sweep({"MARK=of-a-run": reaping._now()}) == 2
        assert process.wait() == -signal.SIGKILL
        assert process.stdout is not None
        assert process.stdout.read() == b"", "its child is gone too"
        process.stdout.close()

    def test_not_what_has_the_same_port_later(self) -> None:
        """A port is free again when its worker has ended: another run may have it."""
        ended = reaping._now()
        # The clock of processes has hundredths of a second.
        while reaping._now() < ended + 0.02:
            os.sched_yield()
        process = sleeper(marks={"MARK": "of-another-run"})
        try:
            assert sweep({"MARK=of-another-run": ended}) == 0
            assert process.poll() is None
            assert sweep({"MARK=of-another-run": float("inf")}) == 1
        finally:
            process.kill()
            process.communicate()

    def test_a_daemon_of_a_worker(self, tmp_path: Path) -> None:
        source = """
import os, signal
def main(event, context):
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.write(writer, b"%d" % os.getpid())
        signal.pause()
    return int(os.read(reader, 20))
"""
        outcome = run([lane(python_spec(tmp_path, source), task(0))]).of(0)
        daemon = int(outcome.ending.payload)  # type: ignore[union-attr]  # it returned
        assert gone(daemon)


def alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except FileNotFoundError:
        return False


def gone(process: int) -> bool:
    """Whether a process has ended, or does within ten seconds."""
    until = time.monotonic() + 10
    while alive(process) and time.monotonic() < until:
        os.sched_yield()
    return not alive(process)


def test_the_reaper_ends_what_is_running_when_the_run_is_killed(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from lambda_scenarios.backends import local
from lambda_scenarios.backends.reaper import Reaper
reaper = Reaper()
ended = local.start(("/bin/sh", "-c", "exec sleep 600"), {}, "127.0.0.1:1", reaper)
ended.kill()
ended.kill()
left = local.start(("/bin/sh", "-c", "sleep 600 & exec sleep 600"), {}, "127.0.0.1:2", reaper)
os.write(1, b"%d" % left.pid)
os.kill(os.getpid(), signal.SIGKILL)
"""
    # The descriptor is inherited by nothing but the sleeps: its end is theirs.
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=False, pass_fds=(writer,)
    )
    os.close(writer)
    assert process.returncode == -signal.SIGKILL
    assert select.select([reader], [], [], 30)[0]
    assert os.read(reader, 1) == b""
    os.close(reader)
    # It has closed its files; the kernel may still be taking it away.
    until = time.monotonic() + 10
    while alive(int(process.stdout)) and time.monotonic() < until:
        os.sched_yield()
    # Files are closed before a killed process counts as gone.
    assert gone(int(process.stdout))
