"""Runs real workers through the scheduler: this project's clients, AWS's, and what a shell can do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lambda_scenarios.execution.plan import GO_ON, STOP, Answer, Assignment, Lane, Task, WorkerSpec, lanes
from lambda_scenarios.execution.scheduler import Limits, Scheduler
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.model.outcome import Outcome
from lambda_scenarios.model.scenario import ContextOverride
from lambda_scenarios.runtimes import nodejs, python
from lambda_scenarios.runtimes.environment import Settings, environment
from lambda_scenarios.runtimes.identity import MADE_UP
from lambda_scenarios.runtimes.runtime import CLIENTS, Launch, World
from tests.program.running import VERSION

NONCE = "0123456789abcdef"
NODE = shutil.which("node")
CURL = shutil.which("curl")
# How Lambda's own start file runs AWS's client: the user's code comes on the path after its imports.
_AWS = """
import os, sys
from awslambdaric.__main__ import main
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
main(["bootstrap", os.environ["_HANDLER"]])
"""


class Done(NamedTuple):
    """What a run gave: outcomes in the order of ending, cases that never ran, and why."""

    outcomes: list[tuple[int, Outcome]]
    left: list[int]
    why: str | None

    def of(self, case: int) -> Outcome:
        (found,) = [outcome for number, outcome in self.outcomes if number == case]
        return found


class Watcher:
    """Keeps what it is told; `decide` may say that it is enough, or make trouble."""

    def __init__(self, decide: Callable[[int, Outcome], bool], turn: Callable[[], None]) -> None:
        self.outcomes: list[tuple[int, Outcome]] = []
        self._decide = decide
        self._turn = turn

    def outcome(self, case: int, outcome: Outcome) -> Answer:
        self.outcomes.append((case, outcome))
        return GO_ON if self._decide(case, outcome) else STOP

    def turn(self, running: int | None, since: float) -> None:  # noqa: ARG002  # as the scheduler calls it
        self._turn()


def run(
    planned: Sequence[Lane],
    *,
    jobs: int = 2,
    idle: int = 8,
    until: float | None = None,
    prefetch: bool = True,
    decide: Callable[[int, Outcome], bool] = lambda _case, _outcome: True,
    turn: Callable[[], None] = lambda: None,
) -> Done:
    """The lanes, to their end."""
    watcher = Watcher(decide, turn)
    left, why = Scheduler(planned, Limits(jobs, idle, until, prefetch)).run(lambda: watcher)
    return Done(watcher.outcomes, [task.case for task in left], why)


def lane(spec: WorkerSpec, *tasks: Task, cold: bool = False) -> Lane:
    if cold:
        (only,) = tasks
        return Lane(spec, (only,))
    (found,) = lanes([Assignment(spec, task) for task in tasks])
    return found


def task(
    case: int, event: str | bytes = b"{}", *, timeout: float = 20.0, request_id: str | None = None
) -> Task:
    data = event.encode() if isinstance(event, str) else event
    return Task(case, data, timeout, timeout * 1000, b"", request_id)


def python_spec(folder: Path, source: str, *, number: int = 1, **variables: str) -> WorkerSpec:
    """This project's client for Python, with `source` as the module; its handler is `main`."""
    command = (sys.executable, "-u", "-c", python._START, CLIENTS)
    return _spec(folder, f"module{number}.py", source, command, 16, number, variables)


def aws_spec(folder: Path, source: str, *, number: int = 1, **variables: str) -> WorkerSpec:
    """AWS's client for Python: one invocation at a time, no markers."""
    return _spec(
        folder, f"module{number}.py", source, (sys.executable, "-u", "-c", _AWS), 1, number, variables
    )


def node_spec(folder: Path, source: str, *, number: int = 1, **variables: str) -> WorkerSpec:
    """This project's client for Node.js."""
    command = (NODE or "node", nodejs.CLIENT)
    return _spec(folder, f"module{number}.cjs", source, command, 16, number, variables)


def shell_spec(folder: Path, script: str, *, number: int = 1, **variables: str) -> WorkerSpec:
    """A shell script in place of a client."""
    path = folder / f"bootstrap{number}"
    path.write_text(script)
    return _spec(folder, f"bootstrap{number}", script, ("/bin/sh", str(path)), 1, number, variables)


def _spec(
    folder: Path,
    name: str,
    source: str,
    command: tuple[str, ...],
    credits_given: int,
    number: int,
    variables: dict[str, str],
) -> WorkerSpec:
    (folder / name).write_text(source)
    runtime = "nodejs20.x" if name.endswith("cjs") else f"python{VERSION}"
    function = Function(
        key="f",
        name="s-dev-f",
        handler=f"{name.partition('.')[0]}.main",
        runtime=runtime,
        code=str(folder),
        service=ServiceInfo("s", "dev", "us-east-1", str(folder), None),
        environment=tuple(variables.items()),
    )
    launch = Launch(command, credits_given, (), (), VERSION)
    found = environment(
        function, launch, ContextOverride(), (), MADE_UP, Settings(os.environ, False, "stream")
    )
    nonce = ""
    if credits_given > 1:
        nonce = NONCE
        command = (*command, str(credits_given), nonce)
    return WorkerSpec(command, found, credits_given, nonce, number)


WORLD = World(os.environ, os.getcwd())


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def children() -> set[int]:
    """The children of this process, the dead ones that nobody asked after included (Linux)."""
    found = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path("/proc", name, "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(name))
    return found


# Those of other tests in this process: a browser that serves many, an interpreter that drives a parser.
_others: set[int] = set()


def no_children() -> bool:
    """Whether a test has left no child."""
    return children() <= _others
