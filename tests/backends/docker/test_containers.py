"""Functions in containers of a real engine, through AWS's own client for Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambda_scenarios.model.outcome import (
    BackendFailed,
    FunctionError,
    InitFailed,
    Returned,
    TimedOut,
    WorkerDied,
)
from tests.backends.docker.running import run, spec
from tests.execution.running import lane, task

HANDLER = """
import os, signal, sys
print("loading")
def main(event, context):
    print("case", event["case"])
    os.write(2, b"on stderr\\n")
    do = event["do"]
    if do == "raise":
        raise ValueError("no")
    if do == "exit":
        os._exit(4)
    if do == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if do == "wait":
        signal.pause()
    if do == "large":
        return "x" * 6_500_000
    if do == "hoard":
        return len([b"x" * 1_000_000 for _ in range(400)])
    return event
"""
WANTED = {
    "ok": Returned,
    "exit": WorkerDied,
    "crash": WorkerDied,
    "wait": TimedOut,
    "hoard": WorkerDied,
}


def test_endings(tmp_path: Path) -> None:
    deeds = ["ok", "raise", "ok", "exit", "ok", "crash", "wait", "large", "hoard", "ok"]
    tasks = [
        task(case, json.dumps({"do": deed, "case": case}), timeout=1.0 if deed == "wait" else 20)
        for case, deed in enumerate(deeds)
    ]
    done = run(lane(spec(tmp_path, HANDLER), *tasks), jobs=1)
    assert len(done.outcomes) == len(deeds)
    for case, deed in enumerate(deeds):
        outcome = done.of(case)
        assert isinstance(outcome.ending, WANTED.get(deed, FunctionError)), (deed, outcome.ending)
        assert outcome.logs.startswith(b"case %d\non stderr\n" % case), (deed, outcome.logs)
        assert outcome.init_logs == (b"loading\n" if outcome.nth == 1 else b"")
        assert (outcome.init_ms is not None) == (outcome.nth == 1)
    ended = {deed: done.of(case).ending for case, deed in enumerate(deeds)}
    exited, crashed, hoarded, large = ended["exit"], ended["crash"], ended["hoard"], ended["large"]
    assert isinstance(exited, WorkerDied)
    assert (exited.status, exited.signal, exited.error_type) == (4, None, "Runtime.ExitError")
    assert exited.message.endswith("Error: Runtime exited with error: exit status 4")
    assert isinstance(crashed, WorkerDied)
    assert (crashed.status, crashed.signal) == (None, 11)
    assert crashed.message.endswith("signal: segmentation fault")
    assert isinstance(hoarded, WorkerDied)
    assert (hoarded.signal, hoarded.error_type) == (9, "Runtime.OutOfMemory")
    assert isinstance(large, FunctionError)
    assert large.error_type == "Function.ResponseSizeTooLarge"


def test_loading_fails(tmp_path: Path) -> None:
    source = "print('before')\nimport no_such_module_anywhere"
    done = run(lane(spec(tmp_path, source), task(0), task(1)))
    for case in (0, 1):
        outcome = done.of(case)
        assert isinstance(outcome.ending, InitFailed)
        assert outcome.ending.error_type == "Runtime.ImportModuleError"
        assert outcome.init_logs.startswith(b"before\n")


def test_it_exits_while_loading(tmp_path: Path) -> None:
    done = run(lane(spec(tmp_path, "import os; print('bye', flush=True); os._exit(7)"), task(0)))
    ending = done.of(0).ending
    assert isinstance(ending, WorkerDied)
    assert (ending.status, done.of(0).init_logs) == (7, b"bye\n")


@pytest.mark.parametrize("wrapped", [True, False])
def test_what_is_printed_belongs_to_its_invocation(tmp_path: Path, wrapped: bool) -> None:
    # The last lines, right before it returns, are those that could come too late.
    source = """
import os
def main(event, context):
    os.write(1, b"%d begins\\n" % event)
    os.write(2, b"%d goes on\\n" % event)
    os.write(1, b"%d ends\\n" % event)
"""
    count = 200 if wrapped else 30
    tasks = [task(case, str(case)) for case in range(count)]
    done = run(lane(spec(tmp_path, source, wrapped=wrapped), *tasks), jobs=1)
    for case in range(count):
        lines = [b"%d begins" % case, b"%d goes on" % case, b"%d ends" % case]
        found = done.of(case).logs.splitlines()
        # Without a shell in the image, stdout and stderr stay two streams of the engine.
        assert (found if wrapped else sorted(found)) == (lines if wrapped else sorted(lines))
    assert {outcome.worker for _, outcome in done.outcomes} == {1}


def test_megabytes_both_ways(tmp_path: Path) -> None:
    source = "def main(event, context):\n    print('y' * 3_000_000)\n    return event"
    large = json.dumps("x" * 5_000_000)
    done = run(lane(spec(tmp_path, source, memory=256), task(0, large), task(1, "1"), task(2, large)), jobs=1)
    for case, event in ((0, large), (1, "1"), (2, large)):
        assert done.of(case).ending == Returned(event.encode())
        assert done.of(case).logs == b"y" * 3_000_000 + b"\n"


def test_several_at_once(tmp_path: Path) -> None:
    source = "import time\ndef main(event, context):\n    time.sleep(0.2)\n    return event"
    lanes = []
    for number in range(1, 5):
        folder = tmp_path / str(number)
        folder.mkdir()
        lanes.append(lane(spec(folder, source, number=number), task(number, str(number))))
    done = run(*lanes, jobs=4)
    for number in range(1, 5):
        assert done.of(number).ending == Returned(b"%d" % number)
    began = [outcome.started_at for _, outcome in done.outcomes]
    assert max(began) - min(began) < 30
    assert len({outcome.worker for _, outcome in done.outcomes}) == 4


def test_the_place(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "thing.txt").write_text("of a layer")
    layer.chmod(0o755)
    code = tmp_path / "code"
    code.mkdir()
    tmp_path.chmod(0o755)
    source = """
import os, resource
def refused(path):
    try:
        open(path, "w")
    except OSError as error:
        return error.strerror
def main(event, context):
    with open("/tmp/mine", "wb") as file:
        file.write(b"x" * 1_000_000)
    size = os.statvfs("/tmp")
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return {
        "user": [os.getuid(), os.getgid()],
        "cwd": os.getcwd(),
        "layer": open("/opt/thing.txt").read(),
        "code": refused("/var/task/x"), "root": refused("/x"),
        "tmp": size.f_blocks * size.f_frsize,
        "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE),
        "privileges": int(status["NoNewPrivs"]),
        "path": os.environ["PATH"], "mine": os.environ["MINE"],
    }
"""
    done = run(lane(spec(code, source, layers=str(layer), temporary=64, MINE="yes"), task(0)))
    ending = done.of(0).ending
    assert isinstance(ending, Returned), ending
    assert json.loads(ending.payload) == {
        "user": [993, 990],
        "cwd": "/var/task",
        "layer": "of a layer",
        "code": "Read-only file system",
        "root": "Read-only file system",
        "tmp": 64 * 1024 * 1024,
        "descriptors": [1024, 1024],
        "privileges": 1,
        "path": "/usr/local/bin:/usr/bin:/bin",
        "mine": "yes",
    }


def test_peak_memory(tmp_path: Path) -> None:
    source = "def main(event, context):\n    return len(b'x' * (event * 1_000_000))"
    done = run(lane(spec(tmp_path, source), task(0, "1"), task(1, "60"), task(2, "1")), jobs=1)
    small, large, after = (done.of(case).memory_mb for case in range(3))
    assert small is not None and large is not None
    assert small + 40 < large < 128
    assert after == large


def test_an_image_that_starts_no_client(tmp_path: Path) -> None:
    done = run(
        lane(spec(tmp_path, "", entrypoint=("/bin/sh",), command=("-c", "echo hello; exit 3")), task(0))
    )
    ending = done.of(0).ending
    assert isinstance(ending, WorkerDied)
    assert (ending.status, done.of(0).init_logs) == (3, b"hello\n")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    done = run(lane(spec(tmp_path, "", entrypoint=("/no/such/program",), wrapped=False), task(0)))
    ending = done.of(0).ending
    # The engine's own init says so, and exits.
    assert isinstance(ending, WorkerDied | BackendFailed)


def test_what_the_engine_refuses(tmp_path: Path) -> None:
    done = run(lane(spec(tmp_path, "", image="lambda-scenarios-test/never-made"), task(0), task(1)))
    for case in (0, 1):
        ending = done.of(case).ending
        assert isinstance(ending, BackendFailed)
        assert ending.problem == (
            "the Docker engine refused: No such image: lambda-scenarios-test/never-made:latest"
        )


def test_code_that_the_engine_does_not_see(tmp_path: Path) -> None:
    planned = spec(tmp_path, "")
    assert planned.container is not None
    planned = planned._replace(container=planned.container._replace(code="/no/such/directory"))
    ending = run(lane(planned, task(0))).of(0).ending
    assert isinstance(ending, BackendFailed)
    assert ending.problem.endswith("doesn't see this machine's /no/such/directory")


def test_a_function_that_ends_all_its_neighbours(tmp_path: Path) -> None:
    # The process that writes the markers included: logs are told apart all the same.
    source = """
import os, signal, time
def main(event, context):
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            try:
                os.kill(int(name), signal.SIGKILL)
            except OSError:
                pass
    print("case", event)
    return event
"""
    done = run(lane(spec(tmp_path, source), task(0, "0"), task(1, "1")), jobs=1)
    for case in (0, 1):
        assert done.of(case).ending == Returned(b"%d" % case)
        assert done.of(case).logs == b"case %d\n" % case


def test_nobody_is_the_functions_child(tmp_path: Path) -> None:
    source = """
import os
def main(event, context):
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return "none"
"""
    assert run(lane(spec(tmp_path, source), task(0))).of(0).ending == Returned(b'"none"')
